/** More than 400 lines: one contract of the transport, in one list. */
import { describe, expect, test } from "bun:test";
import { SNAPSHOT_WINDOW_CHUNKS } from "../../src/messages/messages.ts";
import { encodeMessage } from "../../src/peer/codec.ts";
import { SEAL_BYTES } from "../../src/peer/frame-seal.ts";
import { SLOTS, type Slot, SNAPSHOT_QUEUE } from "../../src/peer/lanes.ts";
import type { HandshakeGate, Hello, Lane, PeerMessage } from "../../src/peer/types.ts";
import { MessageType } from "../../src/raft/core/index.ts";
import {
  append,
  bytes,
  EVERY_MESSAGE,
  heartbeat,
  plain,
  raft,
  snapWithoutStream,
} from "./support/messages.ts";
import { group, introduce, peerAt, SECRET, startNode, type TestNode } from "./support/node.ts";
import { Speaker } from "./support/speaker.ts";
import { type MemoryConnection, World } from "./support/world.ts";

const LANES: readonly Lane[] = ["heartbeat", "replication", "snapshot", "other"];

/** Writes of one lane's connection, the handshake not counted. */
function messagesIn({ received }: TestNode, kind: PeerMessage["kind"] = "raft"): PeerMessage[] {
  return received.filter(({ message }) => message.kind === kind).map(({ message }) => message);
}

const roundsIn = (node: TestNode) =>
  messagesIn(node).flatMap((message) =>
    message.kind === "raft" && message.leaseRound > 0 ? [message.leaseRound] : [],
  );

const chunk = (size: number): PeerMessage => ({ kind: "snapshot-chunk", streamId: 1, bytes: bytes(size) });
const addressed = (message: PeerMessage, to: number): PeerMessage =>
  message.kind === "raft" ? { ...message, message: { ...message.message, to } } : message;
const statusOf = (node: TestNode, of: number) => node.transport.status().find(({ peer }) => peer.id === of);
const pairOf = (nodes: readonly TestNode[]) => nodes as [TestNode, TestNode];
const trioOf = (nodes: readonly TestNode[]) => nodes as [TestNode, TestNode, TestNode];

describe("lanes", () => {
  for (const lanes of [4, 2] as const) {
    test(`with ${lanes} connections: every message arrives once, in the order of its lane`, async () => {
      const world = new World();
      world.pieceBytes = 1_000;
      const [a, b] = pairOf(await group(world, 2, { lanes }));
      expect(world.living("h1", "h2")).toHaveLength(lanes);
      expect([statusOf(a, 2)?.reachable, statusOf(b, 1)?.reachable]).toEqual([true, true]);
      expect(a.connected.get("n2")).toBe(4);
      // A transfer is asked for in the transferee's name; everybody else speaks for himself.
      for (const message of EVERY_MESSAGE) expect(a.transport.send(2, message)).toBe(true);
      world.run(500);
      const of = (kinds: readonly PeerMessage[], lane: Lane) =>
        kinds.filter((message) => laneIs(message, lane));
      for (const lane of LANES) {
        const arrived = of(
          b.received.map(({ message }) => message),
          lane,
        );
        expect(plain(arrived)).toEqual(plain(of(EVERY_MESSAGE, lane)));
        expect([lane, a.sent[lane], b.taken[lane]]).toEqual([lane, arrived.length, arrived.length]);
      }
      expect(b.received).toHaveLength(EVERY_MESSAGE.length);
      expect([a.dropped, b.protocolErrors]).toEqual([
        { heartbeat: 0, replication: 0, snapshot: 0, other: 0, blob: 0 },
        0,
      ]);
    });
  }

  test("a node with two connections understands one with four", async () => {
    const world = new World();
    const [a, b] = [await startNode(world, 1, { lanes: 4 }), await startNode(world, 2, { lanes: 2 })];
    introduce(a, b);
    world.run(100);
    expect([world.living("h1", "h2").length, world.living("h2", "h1").length]).toEqual([4, 2]);
    for (let i = 0; i < 3; i++) expect(a.transport.send(2, append(i, [10]))).toBe(true);
    expect(b.transport.send(1, { kind: "request", requestId: 1, body: bytes(3) })).toBe(true);
    expect(b.connected.get("n1")).toBe(4);
    world.run(20);
    expect([b.taken.replication, a.taken.other]).toEqual([3, 1]);
  });

  test("messages of one turn share a write, and a big one goes without another copy", async () => {
    const world = new World();
    const [a] = pairOf(await group(world, 2));
    const before = new Map(world.living("h1", "h2").map((end) => [end, end.writes.length]));
    for (let i = 1; i <= 100; i++) a.transport.send(2, heartbeat(i));
    for (let i = 0; i < 10; i++) a.transport.send(2, append(i, [100]));
    a.transport.send(2, append(50, [200_000]));
    for (let i = 60; i < 70; i++) a.transport.send(2, append(i, [100]));
    world.run(5);
    const writes = [...before].map(([end, count]) => end.writes.length - count);
    expect(writes.sort()).toEqual([0, 0, 1, 3]);
  });

  test("entries come in memory that the thread gave", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    a.transport.send(2, append(1, [100, 200]));
    a.transport.send(2, { kind: "propose", requestId: 1, entries: [bytes(10)] });
    world.run(10);
    expect(b.allocated.map((memory) => memory.byteLength).sort()).toEqual([10, 300]);
    expect(b.received.map(({ from }) => from)).toEqual([1, 1]);
  });
});

function laneIs(message: PeerMessage, lane: Lane): boolean {
  if (message.kind !== "raft") return lane === (message.kind.startsWith("snapshot") ? "snapshot" : "other");
  const { App, AppResp, Snap, Prop, TransferLeader } = MessageType;
  const of: Partial<Record<MessageType, Lane>> = {
    [App]: "replication",
    [AppResp]: "replication",
    [Snap]: "snapshot",
    [Prop]: "other",
    [TransferLeader]: "other",
  };
  return lane === (of[message.message.type] ?? "heartbeat");
}

describe("a full lane", () => {
  test("drops, counts and reports once; the others go on; what waited arrives when there is space", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    const limits: [Lane, number, (i: number) => PeerMessage][] = [
      ["heartbeat", 512, (i) => heartbeat(i + 1)],
      ["replication", 512, (i) => append(i, [10])],
      ["snapshot", SNAPSHOT_QUEUE, () => chunk(10)],
      ["other", 16, (i) => ({ kind: "request", requestId: i, body: bytes(10) })],
    ];
    for (const [lane, limit, make] of limits) {
      for (let i = 0; i < limit; i++) expect(a.transport.send(2, make(i))).toBe(true);
      expect([lane, a.transport.send(2, make(limit))]).toEqual([lane, false]);
      expect([lane, a.transport.send(2, make(limit))]).toEqual([lane, false]);
      expect([lane, a.dropped[lane]]).toEqual([lane, 2]);
    }
    expect(a.unreachable).toEqual([]);
    world.run(50);
    expect(a.unreachable).toEqual(LANES.map((lane) => ({ peer: 2, lane })));
    expect(b.taken).toEqual({
      heartbeat: 512,
      replication: 512,
      snapshot: SNAPSHOT_QUEUE,
      other: 16,
      blob: 0,
    });
    expect(a.transport.send(2, chunk(1))).toBe(true);
  });

  test("the replication lane is never narrower than 256", async () => {
    const world = new World();
    const [a] = pairOf(await group(world, 2, { maxInflightMsgs: 8 }));
    for (let i = 0; i < 256; i++) expect(a.transport.send(2, append(i, [1]))).toBe(true);
    expect(a.transport.send(2, append(256, [1]))).toBe(false);
  });

  test("waiting chunks never cost a snapshot stream its begin, end, credit or result, and order is kept", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    for (let i = 0; i < SNAPSHOT_QUEUE; i++) a.transport.send(2, chunk(1_000));
    expect(a.transport.send(2, chunk(1))).toBe(false);
    expect(a.transport.send(2, { kind: "snapshot-credit", streamId: 9, chunks: 1 })).toBe(true);
    expect(a.transport.send(2, { kind: "snapshot-result", streamId: 9, ok: true, reason: "" })).toBe(true);
    expect(a.transport.send(2, { kind: "snapshot-end", streamId: 1 })).toBe(true);
    world.run(50);
    expect(b.received.map(({ message }) => message.kind)).toEqual([
      ...Array.from({ length: SNAPSHOT_QUEUE }, () => "snapshot-chunk" as const),
      "snapshot-credit",
      "snapshot-result",
      "snapshot-end",
    ]);
  });

  test("the window of a snapshot stream is not wider than the lane", () => {
    expect(SNAPSHOT_WINDOW_CHUNKS).toBeLessThanOrEqual(SNAPSHOT_QUEUE);
  });

  test("a message that is longer than the peer takes is not sent, and the connection lives", async () => {
    const world = new World();
    const a = await startNode(world, 1, { maxSizePerMsgBytes: 16 << 20 });
    const b = await startNode(world, 2);
    introduce(a, b);
    world.run(100);
    expect(a.transport.send(2, append(1, [5 << 20]))).toBe(false);
    expect(statusOf(a, 2)?.lastError).toContain("over the limit");
    expect(a.transport.send(2, append(1, [4 << 20]))).toBe(true);
    world.run(100);
    expect([b.taken.replication, b.protocolErrors, world.living("h1", "h2").length]).toEqual([1, 0, 4]);
  });
});

describe("a peer that stands still", () => {
  test("delays nobody else, takes bounded memory, and is given up after a while", async () => {
    const SIZE = 256 << 10;
    const ROUNDS = 150;
    const world = new World();
    const [a, b, c] = trioOf(await group(world, 3, { maxInflightBytes: 8 << 20 }));
    world.stopped.add("h2");
    const accepted: Record<string, number> = { App: 0, chunk: 0, heartbeat: 0 };
    const held = () => world.living("h1", "h2").reduce((bytes, end) => bytes + end.bufferedBytes, 0);
    const large = { App: append(1, [SIZE]), chunk: chunk(SIZE) };
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [name, message] of Object.entries({ ...large, heartbeat: heartbeat(round) })) {
        if (a.transport.send(2, message)) accepted[name] = (accepted[name] ?? 0) + 1;
        expect(a.transport.send(3, addressed(message, 3))).toBe(true);
      }
      world.run(10);
      // One write per lane at most lies in a connection; the rest waits in the queues.
      expect(held()).toBeLessThan(3 * (SIZE + 100));
      expect(c.taken.heartbeat).toBe(round);
    }
    world.run(50);
    expect(c.taken).toEqual({ heartbeat: ROUNDS, replication: ROUNDS, snapshot: ROUNDS, other: 0, blob: 0 });
    // Pieces of one frame fit the other end's kernel: it has read nothing.
    expect([b.taken.replication, b.taken.snapshot]).toEqual([0, 0]);
    // 8 MiB and one frame (of 4 MiB and 64 KiB) of appends wait; four chunks; and two writes each are on their way.
    expect(accepted["App"]).toBeGreaterThan(48);
    expect(accepted["App"]).toBeLessThan(48 + 3);
    expect(accepted["chunk"]).toBeLessThanOrEqual(SNAPSHOT_QUEUE + 2);
    expect(a.dropped.replication).toBe(ROUNDS - (accepted["App"] ?? 0));
    expect(a.unreachable.every(({ peer }) => peer === 2)).toBe(true);
    world.run(5_000);
    expect([statusOf(a, 2)?.reachable, statusOf(a, 3)?.reachable]).toEqual([false, true]);
    expect(statusOf(a, 2)?.lastError).toBeDefined();
    world.stopped.delete("h2");
    world.run(10_000);
    expect(statusOf(a, 2)).toMatchObject({ reachable: true, lastError: undefined });
    expect(a.transport.send(2, heartbeat(7_777))).toBe(true);
    world.run(10);
    expect(roundsIn(b).at(-1)).toBe(7_777);
  });

  test("this node having stood still itself is no reason to hang up", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    const before = world.living("h1", "h2");
    world.skip(60_000);
    world.run(100);
    expect(before.some((end) => end.ended)).toBe(false);
    expect([a.unreachable, b.unreachable]).toEqual([[], []]);
  });

  test("silence without an end is noticed in either direction; without traffic nobody hangs up", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    const before = world.living("h1", "h2");
    world.run(60_000);
    expect(before.some((end) => end.ended)).toBe(false);
    world.cut.add("h1>h2");
    world.run(6_000);
    expect(before.every((end) => end.ended)).toBe(true);
    expect([statusOf(a, 2)?.reachable, statusOf(b, 1)?.reachable]).toEqual([false, false]);
    world.cut.clear();
    world.run(10_000);
    expect([statusOf(a, 2)?.reachable, statusOf(b, 1)?.reachable]).toEqual([true, true]);
  });
});

describe("connections come and go", () => {
  test("a node that is not there yet is dialled with growing pauses, and met soon after it starts", async () => {
    const world = new World();
    const a = await startNode(world, 1);
    a.transport.setPeers([peerAt(2)]);
    expect(a.transport.send(2, heartbeat(1))).toBe(false);
    world.run(10);
    expect([a.dropped.heartbeat, a.unreachable]).toEqual([1, [{ peer: 2, lane: "heartbeat" }]]);
    world.run(20_000);
    expect(statusOf(a, 2)?.lastError).toContain("ECONNREFUSED");
    // Only the heartbeat lane knocks: 50, 100, ... 2000 ms, half of it by chance.
    expect(world.pairs.length).toBeGreaterThan(10);
    expect(world.pairs.length).toBeLessThan(30);
    const b = await startNode(world, 2);
    b.transport.setPeers([a.peer]);
    world.run(20);
    expect([statusOf(a, 2)?.reachable, statusOf(b, 1)?.reachable]).toEqual([true, true]);
    expect(new Set(a.hellos.map(({ hello }) => hello.instance))).toEqual(new Set(["instance-2"]));
  });

  test("a reset in the middle of a frame loses that frame, and no other is torn", async () => {
    const world = new World(5);
    world.pieceBytes = 300;
    const [a, b] = pairOf(await group(world, 2));
    const sent: number[] = [];
    for (let round = 1; round <= 400; round++) {
      if (a.transport.send(2, append(round, [900]))) sent.push(round);
      world.run(1 + world.random.nextInt(8));
      if (round % 20 === 0) {
        for (const end of world.living("h1", "h2")) end.reset();
        world.run(2_500);
      }
    }
    const indexes = messagesIn(b).map((message) => (message.kind === "raft" ? message.message.index : 0));
    expect(indexes).toEqual([...indexes].sort((x, y) => x - y));
    expect(new Set(indexes).size).toBe(indexes.length);
    expect(indexes.length).toBeGreaterThan(300);
    expect(b.protocolErrors).toBe(0);
    expect(a.unreachable.length).toBeGreaterThan(0);
  });

  test("what waited when a connection broke is counted as dropped", async () => {
    const world = new World();
    const [a] = pairOf(await group(world, 2));
    world.stopped.add("h2");
    const large = append(1, [1 << 20]);
    for (let i = 0; i < 20; i++) a.transport.send(2, large);
    world.run(10);
    const sent = a.sent.replication;
    for (const end of world.living("h1", "h2")) end.reset();
    world.run(1);
    expect(a.dropped.replication).toBe(20 - sent);
    expect(a.unreachable).toContainEqual({ peer: 2, lane: "replication" });
    expect(a.connected.get("n2")).toBe(0);
  });

  test("a removed peer loses its lanes at once, in both directions; a readdressed one is dialled there", async () => {
    const world = new World();
    const [a, b, c] = trioOf(await group(world, 3));
    a.transport.setPeers([c.peer]);
    expect([world.living("h1", "h2"), world.living("h1", "h3").length]).toEqual([[], 4]);
    expect([a.transport.send(2, heartbeat(1)), a.connected.get("n2")]).toEqual([false, 0]);
    world.run(5);
    expect(statusOf(b, 1)?.reachable).toBe(false);
    a.admit = ({ name }) =>
      name === "n2" ? { ok: false, code: "REMOVED", message: "n2 was removed" } : { ok: true };
    world.run(3_000);
    expect(b.refusals).toContainEqual({ peer: 1, code: "REMOVED", message: "n2 was removed" });
    expect(statusOf(b, 1)?.lastError).toContain("n2 was removed");

    c.transport.close();
    const moved = await startNode(world, 3, { host: "h33" });
    moved.transport.setPeers([a.peer]);
    a.transport.setPeers([moved.peer]);
    world.run(20);
    expect([world.living("h1", "h3").length, world.living("h1", "h33").length]).toEqual([0, 4]);
    expect(statusOf(a, 3)?.reachable).toBe(true);
  });

  test("a newer connection of the same peer and lane takes the place of the older", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    const old = world.living("h1", "h2");
    // The host of node 1 died without a word; the same node comes back with the same data directory.
    for (const end of old) end.handlers = { onData: () => {}, onClose: () => {} };
    world.network("h1").connect = () => {
      throw new Error("dead");
    };
    a.transport.status();
    for (const [near] of world.pairs) if (near.from === "h1") expect(near.ended).toBe(false);
    const again = await startNode(world, 1, { host: "h11" });
    again.transport.setPeers([b.peer]);
    world.run(30);
    expect(old.every((end) => end.other?.ended)).toBe(true);
    again.transport.send(2, heartbeat(42));
    world.run(10);
    expect(roundsIn(b)).toEqual([42]);
    expect(b.unreachable.map(({ lane }) => lane).sort()).toEqual([...LANES].sort());
  });

  test("close ends everything, and nothing is said after it", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    a.transport.send(2, heartbeat(1));
    a.transport.close();
    a.transport.close();
    a.received.length = 0;
    world.run(30_000);
    expect([world.living("h1", "h2"), a.unreachable, a.received]).toEqual([[], [], []]);
    expect(a.transport.send(2, heartbeat(1))).toBe(false);
    expect(statusOf(b, 1)?.lastError).toContain("ECONNREFUSED");
  });
});

describe("who is who", () => {
  const refused = (node: TestNode) => node.refusals.map(({ code }) => code);

  async function meet(...nodes: readonly [TestNode, TestNode]): Promise<void> {
    introduce(...nodes);
  }

  test("another cluster, and another protocol", async () => {
    for (const [hello, code] of [
      [{ clusterId: "c2" }, "WRONG_CLUSTER"],
      [{ protocol: 3 }, "PROTOCOL"],
    ] as const) {
      const world = new World();
      const a = await startNode(world, 1);
      const b = await startNode(world, 2, { hello });
      await meet(a, b);
      world.run(1_000);
      expect(new Set([...refused(a), ...refused(b)])).toEqual(new Set([code]));
      expect([refused(a).length, refused(b).length].every((times) => times >= 1)).toBe(true);
      expect([a.hellos, b.hellos, a.transport.send(2, heartbeat(1))]).toEqual([[], [], false]);
      expect(statusOf(a, 2)?.lastError).toContain(code);
    }
  });

  test("a node that does not know its cluster yet is for `admit` to judge", async () => {
    const world = new World();
    const a = await startNode(world, 1);
    const b = await startNode(world, 2, { hello: { clusterId: "" } });
    await meet(a, b);
    world.run(100);
    expect(b.hellos[0]?.hello.clusterId).toBe("c1");
    expect(statusOf(a, 2)?.reachable).toBe(true);
  });

  test("itself, its own name on another machine, somebody else at the address", async () => {
    const world = new World();
    const a = await startNode(world, 1);
    a.transport.setPeers([{ ...peerAt(2), address: a.peer.address }]);
    world.run(50);
    expect(statusOf(a, 2)?.lastError).toContain("leads back to this node");

    const twin = await startNode(world, 1, { host: "h9", hello: { instance: "another" } });
    twin.transport.setPeers([{ ...peerAt(2), address: a.peer.address }]);
    world.run(50);
    expect(twin.refusals[0]).toMatchObject({
      code: "WRONG_NODE",
      message: expect.stringContaining("two nodes are named n1, at h1:9002 and at h9:9002"),
    });

    const c = await startNode(world, 3);
    c.transport.setPeers([{ ...peerAt(2), address: a.peer.address }]);
    world.run(50);
    // The dialler finds out, and tells the other end.
    expect(statusOf(c, 2)?.lastError).toContain("node n1 answers at h1:9002, where n2 was expected");
    expect(a.refusals.at(-1)).toMatchObject({ peer: 3, code: "WRONG_NODE" });
    expect(c.hellos).toEqual([]);
  });

  test("every code of a refusal arrives with its reason, whichever end refuses", async () => {
    const codes = ["WRONG_INSTANCE", "UNKNOWN_MEMBER", "REMOVED", "CERTIFICATE", "NOT_READY"] as const;
    for (const code of codes) {
      for (const refusing of [1, 2]) {
        const world = new World();
        const [a, b] = [await startNode(world, 1), await startNode(world, 2)];
        const [no, yes] = refusing === 1 ? [a, b] : [b, a];
        no.admit = () => ({ ok: false, code, message: `because ${code}` });
        yes.transport.setPeers([no.peer]);
        no.transport.setPeers([yes.peer]);
        world.run(200);
        expect(yes.refusals).toContainEqual({ peer: no.id, code, message: `because ${code}` });
        expect(no.refusals).toEqual([]);
        expect([a.hellos, b.hellos]).toEqual([[], []]);
      }
    }
  });

  test("a refused node asks again slowly, one that is not ready soon; both get in when they may", async () => {
    const tries = async (code: "UNKNOWN_MEMBER" | "NOT_READY") => {
      const world = new World();
      const [a, b] = [await startNode(world, 1), await startNode(world, 2)];
      b.admit = () => ({ ok: false, code, message: "no" });
      a.transport.setPeers([b.peer]);
      world.run(30_000);
      const times = a.refusals.length;
      b.admit = () => ({ ok: true });
      world.run(6_000);
      expect(a.transport.send(2, heartbeat(1))).toBe(true);
      expect(statusOf(a, 2)?.lastError).toBeUndefined();
      return times;
    };
    expect(await tries("UNKNOWN_MEMBER")).toBeLessThan(13);
    expect(await tries("NOT_READY")).toBeGreaterThan(13);
  });

  test("both take the other's hello, or neither hears of it", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    // Four out and four in.
    expect([a.hellos.length, b.hellos.length]).toEqual([8, 8]);
    expect(a.hellos[0]?.hello).toEqual({
      clusterId: "c1",
      id: 2,
      name: "n2",
      instance: "instance-2",
      protocol: 2,
      version: "0.1.0",
      capabilities: ["a", "b"],
      address: "h2:9002",
      boot: "00000000000000b2",
    });
  });
});

describe("a peer that talks nonsense", () => {
  const heartbeatEnd = (world: World): MemoryConnection => world.living("h1", "h2")[0] as MemoryConnection;

  test("is disconnected and counted, and comes back", async () => {
    const world = new World();
    const [a, b] = pairOf(await group(world, 2));
    const limit = 1 << 20;
    const cases: [string, Uint8Array][] = [
      ["garbage", bytes(64)],
      ["a message for somebody else", encodeMessage(raft(MessageType.Heartbeat, { to: 3 }), limit)],
      ["a message in another's name", encodeMessage(raft(MessageType.Vote, { from: 3 }), limit)],
      ["a snapshot without its stream", snapWithoutStream()],
    ];
    for (const [i, [what, nonsense]] of cases.entries()) {
      const liar = new Speaker(world.network("h1"), b.peer.address);
      liar.prove(SECRET, { hello: a.hello, slot: SLOTS[0] as Slot, maxFrameBytes: limit });
      world.run(20);
      liar.send(nonsense);
      world.run(5);
      expect([what, liar.ended, b.protocolErrors]).toEqual([what, "closed by the other end", i + 1]);
      expect(statusOf(b, 1)?.lastError).toContain("incoming");
      world.run(3_000);
      expect(statusOf(a, 2)?.reachable).toBe(true);
    }
    expect(b.received).toEqual([]);
    // The answering end may not talk at all: here it does with bytes that it has not sealed, too.
    heartbeatEnd(world).other?.inject(encodeMessage(heartbeat(1), limit, SEAL_BYTES));
    world.run(5);
    expect(a.protocolErrors).toBe(1);
  });

  test("random bytes in any lane at any time crash nothing and end that connection only", async () => {
    const world = new World(99);
    world.pieceBytes = 200;
    const [a, b] = pairOf(await group(world, 2));
    for (let round = 0; round < 200; round++) {
      const living = world.living("h1", "h2");
      const end = living[world.random.nextInt(living.length)];
      if (end !== undefined)
        (world.random.nextInt(2) === 0 ? end : end.other)?.inject(world.random.bytes(40));
      a.transport.send(2, append(round, [500]));
      b.transport.send(1, heartbeat(round + 1));
      world.run(world.random.nextInt(400));
    }
    world.run(5_000);
    expect(b.protocolErrors).toBeGreaterThan(20);
    expect(a.protocolErrors).toBeGreaterThan(20);
    expect([statusOf(a, 2)?.reachable, statusOf(b, 1)?.reachable]).toEqual([true, true]);
  });
});

describe("before a connection stands", () => {
  const standings: HandshakeGate[] = [];
  const keep = (_: Hello, own: Hello, gate: HandshakeGate): void => {
    expect(own.name).toBe("n2");
    standings.push(gate);
  };

  async function waiting(): Promise<{ world: World; a: TestNode; b: TestNode }> {
    standings.splice(0);
    const world = new World();
    const [a, b] = [await startNode(world, 1), await startNode(world, 2, { keep })];
    introduce(a, b);
    world.run(100);
    return { world, a, b };
  }

  test("what its peer sends waits until the peer's start is written down", async () => {
    const { world, a, b } = await waiting();
    expect(standings).toHaveLength(4);
    for (let round = 1; round <= 3; round++) expect(a.transport.send(2, heartbeat(round))).toBe(true);
    world.run(50);
    expect([b.received, b.hellos.filter(({ peer }) => peer === 1).length]).toEqual([[], 4]);
    expect(statusOf(b, 1)?.reachable).toBe(false);
    for (const gate of standings) gate.accept();
    world.run(50);
    expect(roundsIn(b)).toEqual([1, 2, 3]);
    expect(statusOf(b, 1)?.reachable).toBe(true);
    expect(world.living("h1", "h2")).toHaveLength(4);
  });

  test("it ends when that fails, when too much comes, or when it takes too long; and is dialled again", async () => {
    const { world, a, b } = await waiting();
    for (const gate of standings) gate.reject("no");
    // Later it is of no use to anybody.
    for (const gate of standings) gate.accept();
    world.run(1_000);
    expect(standings.length).toBeGreaterThanOrEqual(8);
    expect(a.unreachable.length).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) a.transport.send(2, append(i, [300_000]));
    world.run(200);
    expect(a.dropped.replication + a.unreachable.length).toBeGreaterThan(0);
    const before = standings.length;
    world.run(30_000);
    expect(standings.length).toBeGreaterThan(before);
    expect(b.received).toEqual([]);
  });
});
