/** Membership is proved: what a stranger, a liar and somebody on the wire get from a node (issue 7, item 1; decision 060). */
import { describe, expect, test } from "bun:test";
import { elastickv as gen } from "../../src/gen/peer.js";
import { Kind, type WireHeader } from "../../src/raft/transport/codec.ts";
import { FrameSeal, SEAL_BYTES } from "../../src/raft/transport/frame-seal.ts";
import { encodeFrame, PREFACE } from "../../src/raft/transport/framing.ts";
import {
  type ConnectionHello,
  challengeFrame,
  challengeOf,
  helloFrame,
  isUnauthenticated,
  proofFrame,
  UNAUTHENTICATED_FRAME,
} from "../../src/raft/transport/handshake.ts";
import { SLOTS, type Slot } from "../../src/raft/transport/lanes.ts";
import { CROWD_LIMITS, PROOF_FRAME_BYTES } from "../../src/raft/transport/limits.ts";
import { ClusterProof, NONCE_BYTES } from "../../src/raft/transport/proof.ts";
import { PeerProtocolError } from "../../src/raft/transport/protocol-error.ts";
import { bytes, heartbeat } from "./support/messages.ts";
import { group, introduce, peerAt, SECRET, startNode, type TestNode } from "./support/node.ts";
import { OWN_NONCE, Speaker } from "./support/speaker.ts";
import { type MemoryConnection, World } from "./support/world.ts";

const OTHER_SECRET = new Uint8Array(32).fill(0xee);
const CHALLENGE = bytes(NONCE_BYTES, 3);
const HEARTBEAT_LANE = SLOTS[0] as Slot;
const statusOf = (node: TestNode, of: number) => node.transport.status().find(({ peer }) => peer.id === of);
const greeting = (node: TestNode): ConnectionHello => ({
  hello: node.hello,
  slot: HEARTBEAT_LANE,
  maxFrameBytes: 1 << 20,
});

/** Everything that came, as text: a name or an id in it would be seen. */
const textOf = (speaker: Speaker): string => Buffer.concat(speaker.raw).toString("latin1");

/** A node, and who knows nothing but its address. */
async function alone(): Promise<{
  world: World;
  node: TestNode;
  stranger: (preface?: Uint8Array) => Speaker;
}> {
  const world = new World();
  const node = await startNode(world, 1);
  return { world, node, stranger: (preface) => new Speaker(world.network("x"), node.peer.address, preface) };
}

describe("the construction", () => {
  const proof = new ClusterProof([SECRET]);
  const mac = proof.prove(CHALLENGE, OWN_NONCE);
  const accepted = proof.accept(CHALLENGE, OWN_NONCE, mac);
  if (accepted === undefined) throw new Error("a proof was not taken");

  test("MACs and keys are those of docs/format/peer.md, computed from its formulas", async () => {
    // With WebCrypto, so that a slip in one library is not its own witness.
    const hkdf = async (key: Uint8Array, salt: Uint8Array, info: string) => {
      const base = await crypto.subtle.importKey("raw", new Uint8Array(key), "HKDF", false, ["deriveBits"]);
      const algorithm = {
        name: "HKDF",
        hash: "SHA-256",
        salt: new Uint8Array(salt),
        info: Buffer.from(info),
      };
      return new Uint8Array(await crypto.subtle.deriveBits(algorithm, base, 256));
    };
    const hmac = async (key: Uint8Array, ...parts: (string | Uint8Array)[]) => {
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      const imported = await crypto.subtle.importKey("raw", new Uint8Array(key), algorithm, false, ["sign"]);
      const input = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
      return Buffer.from(await crypto.subtle.sign("HMAC", imported, input)).toString("hex");
    };
    const salt = Buffer.from("elastickv peer 2");
    const proofKey = await hkdf(SECRET, salt, "proof");
    expect(Buffer.from(mac).toString("hex")).toBe(await hmac(proofKey, "dialler\0", CHALLENGE, OWN_NONCE));
    expect(Buffer.from(accepted.answer).toString("hex")).toBe(
      await hmac(proofKey, "acceptor\0", CHALLENGE, OWN_NONCE, mac),
    );
    const session = await hkdf(SECRET, salt, "session");
    const nonces = Buffer.concat([CHALLENGE, OWN_NONCE]);
    expect(accepted.keys.receive).toEqual(await hkdf(session, nonces, "dialler sends"));
    expect(accepted.keys.send).toEqual(await hkdf(session, nonces, "acceptor sends"));
  });

  test("both ends have the same keys, one for each direction and of this connection only", () => {
    const keys = proof.confirm(CHALLENGE, OWN_NONCE, mac, accepted.answer);
    expect(keys).toEqual({ send: accepted.keys.receive, receive: accepted.keys.send });
    const other = bytes(NONCE_BYTES, 4);
    const again = proof.accept(CHALLENGE, other, proof.prove(CHALLENGE, other));
    const all = [accepted.keys.send, accepted.keys.receive, again?.keys.send, again?.keys.receive];
    expect(new Set(all.map((key) => Buffer.from(key ?? []).toString("hex"))).size).toBe(4);
  });

  test("no bit of it may be another, and neither MAC stands for the other", () => {
    const flipped = (from: Uint8Array, bit: number) => {
      const copy = new Uint8Array(from);
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return copy;
    };
    for (let bit = 0; bit < 256; bit++) {
      expect(proof.accept(flipped(CHALLENGE, bit), OWN_NONCE, mac)).toBeUndefined();
      expect(proof.accept(CHALLENGE, flipped(OWN_NONCE, bit), mac)).toBeUndefined();
      expect(proof.accept(CHALLENGE, OWN_NONCE, flipped(mac, bit))).toBeUndefined();
      expect(proof.confirm(CHALLENGE, OWN_NONCE, mac, flipped(accepted.answer, bit))).toBeUndefined();
    }
    expect(proof.confirm(CHALLENGE, OWN_NONCE, mac, mac)).toBeUndefined();
    expect(proof.accept(CHALLENGE, OWN_NONCE, accepted.answer)).toBeUndefined();
    expect(proof.accept(OWN_NONCE, CHALLENGE, mac)).toBeUndefined();
    for (const short of [mac.subarray(0, 31), mac.subarray(0, 0)])
      expect(proof.accept(CHALLENGE, OWN_NONCE, short)).toBeUndefined();
  });

  test("while a secret is replaced: proved with the first, taken with each, answered with the one that was proved", () => {
    const old = new ClusterProof([SECRET]);
    const between = new ClusterProof([SECRET, OTHER_SECRET]);
    const after = new ClusterProof([OTHER_SECRET, SECRET]);
    const fresh = new ClusterProof([OTHER_SECRET]);
    const talk = (dialler: ClusterProof, acceptor: ClusterProof) => {
      const shown = dialler.prove(CHALLENGE, OWN_NONCE);
      const taken = acceptor.accept(CHALLENGE, OWN_NONCE, shown);
      return taken !== undefined && dialler.confirm(CHALLENGE, OWN_NONCE, shown, taken.answer) !== undefined;
    };
    // In the order of the three steps: each can talk to the one before and the one after it, in both directions.
    for (const [a, b] of [
      [old, between],
      [between, after],
      [after, fresh],
    ] as const) {
      expect([talk(a, b), talk(b, a)]).toEqual([true, true]);
    }
    expect([talk(old, fresh), talk(fresh, old), talk(old, after)]).toEqual([false, false, true]);
  });

  test("a seal is of its bytes, its place in the stream and its direction", () => {
    const frame = () => new Uint8Array([...bytes(100), ...new Uint8Array(SEAL_BYTES)]);
    const pair = () => [new FrameSeal(accepted.keys.send), new FrameSeal(accepted.keys.send)] as const;
    const sealed = (seal: FrameSeal) => {
      const made = frame();
      seal.fill(made);
      return made;
    };
    const [writer, reader] = pair();
    const [first, second] = [sealed(writer), sealed(writer)];
    reader.check(first);
    expect(() => reader.check(first)).toThrow(PeerProtocolError);
    const [, skipping] = pair();
    expect(() => skipping.check(second)).toThrow("seal");
    for (let at = 0; at < first.byteLength; at++) {
      const altered = new Uint8Array(first);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(() => pair()[1].check(altered)).toThrow("seal");
    }
    expect(() => new FrameSeal(accepted.keys.receive).check(first)).toThrow("seal");
  });

  test("GMAC is that of NIST SP 800-38D: the tag of an empty message under a key and nonce of zeros", () => {
    const frame = new Uint8Array(SEAL_BYTES);
    new FrameSeal(new Uint8Array(32)).fill(frame);
    // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 13.
    expect(Buffer.from(frame).toString("hex")).toBe("530f8afbc74536b9a963b4f1c4cb738b");
  });
});

describe("a stranger", () => {
  test("hears a random challenge, and nothing of the node or its cluster, whatever it says", async () => {
    const { world, node, stranger } = await alone();
    const words: [string, (speaker: Speaker) => void][] = [
      ["nothing", () => {}],
      [
        "a hello as a member",
        (speaker) =>
          speaker.write(helloFrame({ ...greeting(node), hello: { ...node.hello, id: 2, name: "n2" } })),
      ],
      [
        "a hello without a cluster",
        (speaker) =>
          speaker.write(helloFrame({ ...greeting(node), hello: { ...node.hello, clusterId: "" } })),
      ],
      ["a proof with another secret", (speaker) => speaker.prove(OTHER_SECRET)],
      ["a proof that is too short", (speaker) => speaker.write(proofFrame(bytes(31), bytes(32)))],
      ["a proof without a nonce", (speaker) => speaker.write(proofFrame(bytes(32)))],
      ["a long frame", (speaker) => speaker.write(encodeFrame(bytes(PROOF_FRAME_BYTES + 1), [], 1 << 20))],
      ["a verdict", (speaker) => speaker.write(UNAUTHENTICATED_FRAME)],
      ["a challenge", (speaker) => speaker.write(challengeFrame(CHALLENGE))],
    ];
    const refusals = new Set<string>();
    const challenges = new Set<string>();
    for (const [what, say] of words) {
      const speaker = stranger();
      say(speaker);
      world.run(20);
      const [asked, ...more] = speaker.heard as [WireHeader, ...WireHeader[]];
      challenges.add(Buffer.from(challengeOf(asked)).toString("hex"));
      for (const header of more) expect([what, isUnauthenticated(header)]).toEqual([what, true]);
      for (const known of ["n1", "instance-1", "c1", "0.1.0", "h1", node.hello.boot])
        expect([what, known, textOf(speaker).includes(known)]).toEqual([what, known, false]);
      refusals.add(JSON.stringify(more));
      world.run(6_000);
      expect([what, speaker.ended]).toEqual([what, "closed by the other end"]);
    }
    expect(challenges.size).toBe(words.length);
    // Either silence, or the same few bytes.
    expect(refusals.size).toBe(2);
    expect(node.hellos).toEqual([]);
    expect(node.refusals).toEqual([]);
    expect([...new Set(node.failures)].sort()).toEqual(["protocol", "secret", "timeout"]);
  });

  test("of another version of the protocol gets no answer: there is no way down", async () => {
    const { world, node, stranger } = await alone();
    const old = new Uint8Array(PREFACE);
    old[4] = 1;
    const speaker = stranger(old);
    speaker.prove(SECRET, { ...greeting(node), hello: { ...node.hello, id: 2, name: "n2" } });
    world.run(20);
    expect([speaker.ended, speaker.heard.length, node.hellos]).toEqual(["closed by the other end", 1, []]);
    expect(node.failures).toEqual(["protocol"]);
  });

  test("cannot use what it has recorded: neither the proof, nor the whole of a connection", async () => {
    const world = new World();
    const [a, b] = (await group(world, 2)) as [TestNode, TestNode];
    const recorded = (world.living("h1", "h2")[0] as MemoryConnection).writes.slice();
    a.transport.close();
    world.run(10);
    const before = b.hellos.length;
    for (const whole of [true, false]) {
      const replay = new Speaker(world.network("x"), b.peer.address, new Uint8Array(0));
      for (const written of whole ? recorded : recorded.slice(0, 2)) replay.write(written);
      world.run(20);
      expect(replay.heard.slice(1).every(isUnauthenticated)).toBe(true);
      expect(textOf(replay)).not.toContain("instance-2");
      replay.close();
      world.run(5);
    }
    expect(b.hellos).toHaveLength(before);
    expect(b.failures).toContain("secret");
  });

  test("cannot have a node answer its own challenge: neither as the one that is dialled, nor as the one that dials", async () => {
    const { world, node, stranger } = await alone();
    // Two connections to it: what one of them asks is no answer for the other.
    const [first, second] = [stranger(), stranger()];
    world.run(5);
    const asked = challengeOf(first.heard[0] as WireHeader);
    second.write(proofFrame(asked, challengeOf(second.heard[0] as WireHeader)));
    world.run(5);
    expect(second.heard.slice(1).map(isUnauthenticated)).toEqual([true]);
    // It dials somebody, who asks it what it has asked itself.
    const said: Uint8Array[] = [];
    await world.network("h7").listen({ host: "h7", port: 9002 }, (connection) => {
      connection.write(PREFACE);
      connection.write(challengeFrame(asked));
      return { onData: (data) => void said.push(new Uint8Array(data)), onClose: () => {} };
    });
    node.transport.setPeers([peerAt(7)]);
    world.run(20);
    expect(statusOf(node, 7)?.lastError).toContain("leads back to this node");
    expect(Buffer.concat(said).byteLength % PREFACE.byteLength).toBe(0);
    expect(node.hellos).toEqual([]);
  });

  test("that answers at a peer's address learns nothing of whoever dials it", async () => {
    for (const reply of [
      proofFrame(bytes(32)),
      UNAUTHENTICATED_FRAME,
      encodeFrame(
        gen.peer.Header.encode({
          kind: Kind.VERDICT,
          verdict: { ok: false, code: 5, message: "removed" },
        }).finish(),
        [],
        256,
      ),
      challengeFrame(CHALLENGE),
    ]) {
      const world = new World();
      const node = await startNode(world, 1);
      const said: Uint8Array[] = [];
      await world.network("h2").listen({ host: "h2", port: 9002 }, (connection) => {
        connection.write(PREFACE);
        connection.write(challengeFrame(CHALLENGE));
        let answered = false;
        return {
          onData: (data) => {
            said.push(new Uint8Array(data));
            if (Buffer.concat(said).byteLength <= PREFACE.byteLength || answered) return;
            answered = true;
            connection.write(reply);
          },
          onClose: () => {},
        };
      });
      node.transport.setPeers([peerAt(2)]);
      world.run(40);
      const text = Buffer.concat(said).toString("latin1");
      expect(text.length).toBeGreaterThan(PREFACE.byteLength);
      for (const known of ["n1", "n2", "instance-1", "c1", node.hello.boot])
        expect(text).not.toContain(known);
      expect(node.hellos).toEqual([]);
      // Its word is nobody's: not even a refusal that would end this node.
      expect(node.refusals.filter(({ code }) => code !== "UNAUTHENTICATED")).toEqual([]);
      expect(statusOf(node, 2)?.reachable).toBe(false);
    }
  });

  test("cannot keep members out, however many connections it opens, from one address or from many", async () => {
    for (const addresses of [1, 300]) {
      const world = new World();
      const [a, b] = [await startNode(world, 1), await startNode(world, 2)];
      const crowd: Speaker[] = [];
      for (let i = 0; i < 300; i++)
        crowd.push(new Speaker(world.network(`x${i % addresses}`), b.peer.address));
      world.run(10);
      const most = addresses === 1 ? CROWD_LIMITS.perAddress : CROWD_LIMITS.all;
      expect(crowd.filter(({ ended }) => ended === undefined)).toHaveLength(most);
      expect(b.failures.filter((reason) => reason === "crowded")).toHaveLength(300 - most);
      introduce(a, b);
      world.run(100);
      expect([statusOf(a, 2)?.reachable, statusOf(b, 1)?.reachable]).toEqual([true, true]);
      world.run(6_000);
      expect(crowd.every(({ ended }) => ended !== undefined)).toBe(true);
      expect(statusOf(a, 2)?.reachable).toBe(true);
    }
  });
});

describe("two nodes", () => {
  test("with different secrets: both are told what to do, and neither hears of the other", async () => {
    const world = new World();
    const a = await startNode(world, 1);
    const b = await startNode(world, 2, { authentication: { secrets: [OTHER_SECRET], tls: false } });
    introduce(a, b);
    world.run(5_000);
    for (const node of [a, b]) {
      expect(node.refusals[0]).toMatchObject({ code: "UNAUTHENTICATED" });
      expect(node.refusals[0]?.message).toContain("--cluster-secret-file");
      expect([node.hellos, node.failures[0]]).toEqual([[], "secret"]);
    }
  });

  test("no secret and no certificate is no transport", async () => {
    const world = new World();
    for (const tls of [false, true])
      expect(startNode(world, 1, { authentication: { secrets: [], tls } })).rejects.toThrow(
        "anybody would be a member",
      );
  });

  test("a byte that somebody on the wire alters, adds or leaves out after the proof ends the connection", async () => {
    const steps: [string, (end: MemoryConnection) => void][] = [
      ["adds", (end) => end.inject(bytes(200))],
      ["repeats", (end) => end.inject(end.writes.at(-1) as Uint8Array)],
    ];
    for (const [what, tamper] of steps) {
      const world = new World();
      const [a, b] = (await group(world, 2)) as [TestNode, TestNode];
      a.transport.send(2, heartbeat(1));
      world.run(5);
      tamper(world.living("h1", "h2")[0] as MemoryConnection);
      world.run(20);
      expect([what, b.protocolErrors]).toEqual([what, 1]);
      expect(b.received).toHaveLength(1);
    }
  });

  test("a handshake with any bit of it wrong, in either direction, lets nobody in and hurts nobody", async () => {
    const world = new World();
    const [a] = (await group(world, 2)) as [TestNode, TestNode];
    const sample = world.living("h1", "h2")[0] as MemoryConnection;
    const bytesOf = (writes: readonly Uint8Array[]) => Buffer.concat(writes).byteLength;
    a.transport.close();
    for (const [way, writes] of [
      ["h1>h2", sample.writes],
      ["h2>h1", sample.other?.writes ?? []],
    ] as const) {
      // With the last verdict the dialler is through, and goes on with its other lanes.
      const others = way === "h1>h2" ? bytesOf(writes.slice(0, 3)) : bytesOf(writes);
      for (let at = 0; at < bytesOf(writes); at++) {
        const bad = new World();
        bad.tamper = { way, at, mask: 1 << (at & 7) };
        const [c, d] = [await startNode(bad, 1), await startNode(bad, 2)];
        c.transport.setPeers([d.peer]);
        // Only the first connection is tampered with; the next attempt must not come within this time.
        bad.run(20);
        expect([way, at, d.hellos.length]).toEqual([way, at, at < others ? 0 : 3]);
        bad.run(12_000);
        expect([way, at, c.transport.send(2, heartbeat(1))]).toEqual([way, at, true]);
      }
    }
  });
});
