/**
 * Whole nodes in one thread: writes through any of them, leaders that go away, members that come and go.
 *
 * More than 400 lines: one story of members after the other, on the same whole nodes.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { bootstrapMembership } from "../../src/cluster/registry/membership.ts";
import { encodeClusterMessage } from "../../src/cluster/request-codec.ts";
import type { ClusterReply, MemberChange } from "../../src/messages/cluster.ts";
import type { PeerMessage } from "../../src/peer/types.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import { openKeyspace } from "../../src/state/open-keyspace.ts";
import { StoreError } from "../../src/store/types.ts";
import type { TxnMutation } from "../../src/txn/types.ts";
import { LocalCluster, until } from "../support/local-cluster/local-cluster.ts";
import { localNode } from "../support/local-cluster/local-node.ts";
import { MemoryGenerations } from "../support/memory-store/memory-generations.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, value: string): TxnMutation => ({
  kind: "put",
  key: bytes(key),
  value: bytes(value),
});

let cluster: LocalCluster;
let expelledOk: boolean;

beforeEach(() => {
  cluster = new LocalCluster(["n1", "n2", "n3"]);
  expelledOk = false;
});
afterEach(async () => {
  const nodes = [...cluster.nodes.values()];
  await cluster.stopAll();
  for (const node of nodes) {
    expect(node.fatal).toEqual([]);
    if (!expelledOk) expect(node.fenced).toEqual([]);
  }
});

const write = (name: string, ...mutations: TxnMutation[]) =>
  cluster.node(name).front.kv.system.transact({ conditions: [], mutations });
async function read(name: string, key: string): Promise<string | undefined> {
  const row = await (await cluster.node(name).front.kv.system.snapshot()).get(bytes(key));
  return row === undefined ? undefined : new TextDecoder().decode(row.value);
}
const change = (name: string, what: MemberChange): Promise<ClusterReply> =>
  cluster.node(name).front.cluster.ask({ kind: "change", change: what, configurationIndex: null }, 20_000);
/** "Not yet", from a leader that has just changed or has yet to hear of something: the request is made again. */
const PASSING = ["NO_LEADER", "CHANGE_IN_PROGRESS", "NOT_CAUGHT_UP", "NOT_REGISTERED", "TRANSFER_FAILED"];
async function changed(name: string, what: MemberChange): Promise<ClusterReply> {
  const giveUp = performance.now() + 10_000;
  for (;;) {
    const reply = await change(name, what);
    if (reply.kind !== "refused" || !PASSING.includes(reply.code) || performance.now() > giveUp) return reply;
    await Bun.sleep(20);
  }
}
async function view(name: string) {
  const reply = await cluster.node(name).front.cluster.ask({ kind: "status" }, 5_000);
  if (reply.kind !== "status") throw new Error(`${JSON.stringify(reply)}`);
  return reply.view;
}

describe("formation", () => {
  test("two of three meet, and wait for the third; then all of them have kept the same roster", async () => {
    cluster.start("n1");
    cluster.start("n2");
    const waiting = await until("n1 to wait for n3 only", () => {
      const now = cluster.node("n1").front.cluster.waiting;
      return now?.members.join() === "n3" && now;
    });
    expect(waiting.why).toContain("every initial member");
    expect(cluster.place("n1").log.entries).toEqual([]);
    expect(cluster.place("n1").log.markers).toEqual([]);
    cluster.start("n3");
    await cluster.leader();
    await write("n3", put("k", "v"));
    for (const name of ["n1", "n2", "n3"]) {
      const { roster, instance } = cluster.place(name).identity;
      expect(roster?.length).toBe(2);
      expect(roster?.some((member) => member.instance === instance)).toBe(false);
    }
  });

  test("killed between the roster and the first marker of its log, and started by its directory alone", async () => {
    cluster.wipe("n1");
    const { generations, log, identity } = cluster.place("n1");
    openKeyspace(generations, undefined, bootstrapMembership(cluster.initial)).close();
    await log.opened();
    const member = (name: string) => ({
      id: raftIdOf(name),
      name,
      address: `${name}.test:7000`,
      instance: name,
    });
    const roster = ["n2", "n3"].map(member);
    const node = localNode({ generations, log, identity: { ...identity, roster, initializing: false } });
    await node.opened;
    await until("its first marker", () => log.markers.length > 0);
    expect(log.markers.map(({ index, term }) => [index, term])).toEqual([[1, 1]]);
    await until("its engine", () => node.thread.engine);
    expect(node.fatal).toEqual([]);
    await node.stop();
  });

  test("formed once, a majority is enough to start again", async () => {
    await cluster.startAll();
    await write("n1", put("k", "v"));
    await cluster.stopAll();
    cluster.start("n1");
    cluster.start("n2");
    expect(await read("n1", "k")).toBe("v");
  });

  test("the leader registers every data directory; a wiped node is refused by all, and says so", async () => {
    expelledOk = true;
    await cluster.startAll();
    await until("registration", () => {
      const membership = cluster.node("n1").thread.membership;
      return membership.members.every(({ instance }) => instance !== "");
    });
    await cluster.stop("n3");
    cluster.wipe("n3");
    const wiped = cluster.start("n3");
    const [first] = await until("the wiped node to be told", () => wiped.fenced.length > 0 && wiped.fenced);
    expect(first?.removed).toBe(false);
    expect(first?.message).toContain("wiped or restored");
    expect(cluster.place("n3").log.markers).toEqual([]);
    await write("n1", put("k", "still a majority"));
  });

  test("a directory that lacks a start that the others know falls silent; they go on without it", async () => {
    expelledOk = true;
    await cluster.startAll();
    await cluster.stopAll();
    const [known, own] = ["00000000000000b1", "00000000000000b2"];
    const { instance } = cluster.place("n3").identity;
    for (const name of ["n1", "n2", "n3"]) {
      const place = cluster.place(name);
      const peerIncarnations = name === "n3" ? [] : [{ id: raftIdOf("n3"), instance, boot: known }];
      place.identity = {
        ...place.identity,
        incarnations: [name === "n3" ? own : "00000000000000a1"],
        peerIncarnations,
      };
    }
    const copy = cluster.start("n3");
    await Promise.all(["n1", "n2"].map((name) => cluster.start(name).front.whenReadable()));
    const told = await until("the copy to be told", () => copy.fenced[0]);
    expect(told).toMatchObject({
      removed: false,
      message: expect.stringContaining(`knows its start ${known}`),
    });
    expect([copy.thread.engine, copy.published.group(0).leaseUntilUs]).toEqual([undefined, 0]);
    await write("n1", put("k", "still a majority"));
    expect(copy.front.leadership.leading).toBe(false);
    expect(copy.published.group(0).appliedIndex).toBeLessThan(
      cluster.node("n1").published.group(0).appliedIndex,
    );
  });
});

describe("writes and reads at any node", () => {
  test("a write through a follower is read at once at every node", async () => {
    await cluster.startAll();
    const follower = await cluster.follower();
    for (let i = 0; i < 20; i++) {
      await write(follower, put("k", `v${i}`));
      for (const name of ["n1", "n2", "n3"]) expect(await read(name, "k")).toBe(`v${i}`);
    }
  });

  test("large payloads reach every node, and their memory is used again", async () => {
    await cluster.startAll();
    const follower = await cluster.follower();
    const kv = cluster.node(follower).front.kv.system;
    for (let round = 1; round <= 12; round++) {
      const buffer = kv.allocate(1 << 20);
      buffer.bytes.fill(round);
      const mutation: TxnMutation = {
        kind: "put",
        key: bytes("big"),
        value: bytes("m"),
        payload: buffer.bytes,
      };
      await kv.transact({ conditions: [], mutations: [mutation] });
      buffer.release();
      for (const name of ["n1", "n2", "n3"]) {
        const row = await (await cluster.node(name).front.kv.system.snapshot()).get(bytes("big"));
        expect(Buffer.compare(row?.payload ?? bytes(""), new Uint8Array(1 << 20).fill(round))).toBe(0);
      }
    }
  });

  test("another node sends what is no proposal: it is refused, and the leader goes on", async () => {
    await cluster.startAll();
    const leader = await cluster.leader();
    const follower = await cluster.follower();
    const { network } = cluster;
    const [from, to] = [cluster.place(follower).address, cluster.place(leader).address];
    const hello = network.at(to, from)?.callbacks.hello(0);
    if (hello === undefined) throw new Error(`${follower} does not listen`);
    const refusals = (): number => network.sent.get("propose-reply") ?? 0;
    const before = refusals();
    const message = { kind: "propose" as const, requestId: 1_000_000, entries: [new Uint8Array(100)] };
    network.at(from, to)?.deliver(hello, message);
    await until("an answer", () => refusals() > before);
    expect(cluster.node(leader).fatal).toEqual([]);
    expect((await write(follower, put("k", "v"))).ok).toBe(true);
  });

  test("a node that knows the secret and is no member asks for nothing: neither a change nor a proposal", async () => {
    await cluster.startAll();
    const leader = await cluster.leader();
    const follower = await cluster.follower();
    const { network } = cluster;
    const [from, to] = [cluster.place(follower).address, cluster.place(leader).address];
    let proposed: PeerMessage | undefined;
    network.onSend = (_, at, message) => {
      if (message.kind === "propose" && at === to) proposed = structuredClone(message);
    };
    expect((await write(follower, put("k", "v"))).ok).toBe(true);
    network.onSend = () => {};
    const member = network.at(to, from)?.callbacks.hello(0);
    if (member === undefined || proposed === undefined) throw new Error(`${follower} does not propose`);
    const stranger = { ...member, name: "evil", id: raftIdOf("evil") };
    const change = { kind: "add-learner", name: "n9", address: "n9:1" } as const;
    const body = encodeClusterMessage({ kind: "change", change, configurationIndex: null });
    const view = async () => {
      const reply = await cluster.node(leader).front.cluster.ask({ kind: "status" }, 2_000);
      if (reply.kind !== "status") throw new Error(reply.kind);
      const { lastIndex, members } = reply.view;
      return {
        last: lastIndex,
        members: members.length,
        quiet: members.every(({ registered }) => registered),
      };
    };
    while (!(await view()).quiet) await Bun.sleep(5);
    const before = await view();
    for (const message of [proposed, { kind: "request", requestId: 1_000_001, body } as const])
      network.at(from, to)?.deliver(stranger, structuredClone(message));
    await Bun.sleep(100);
    expect(await view()).toEqual(before);
    // The same from a member is heard.
    network.at(from, to)?.deliver(member, structuredClone(proposed));
    while ((await view()).last <= before.last) await Bun.sleep(5);
    network.at(from, to)?.deliver(member, { kind: "request", requestId: 1_000_002, body });
    while ((await view()).members <= before.members) await Bun.sleep(5);
  });

  test("the leader goes away with writes under way: each is applied once, whoever leads next", async () => {
    await cluster.startAll();
    const leader = await cluster.leader();
    const follower = await cluster.follower();
    const writes = Array.from({ length: 40 }, (_, i) => write(follower, put(`k${i}`, `v${i}`)));
    await Bun.sleep(3);
    cluster.network.isolate(cluster.place(leader).address, true);
    const outcomes = await Promise.all(writes);
    const stamps = outcomes.map((outcome) => (outcome.ok ? outcome.commitTs : 0n));
    expect(new Set(stamps).size).toBe(40);
    expect(stamps.includes(0n)).toBe(false);
    // Applied once: the row's version is the one that was answered.
    const reader = await cluster.node(follower).front.kv.system.snapshot();
    for (let i = 0; i < 40; i++)
      expect((await reader.get(bytes(`k${i}`)))?.commitTs).toBe(stamps[i] as bigint);
    cluster.network.isolate(cluster.place(leader).address, false);
    expect(await read(leader, "k39")).toBe("v39");
  });

  test("a leader whose disk hangs hands over: the others take writes without it", async () => {
    await cluster.startAll();
    const leader = await cluster.leader();
    const { log } = cluster.place(leader);
    const others = [...cluster.nodes.keys()].filter((name) => name !== leader);
    log.held = [];
    // It is in the log of the others; the leader alone does not know.
    await write(others[0] as string, put("k", "1"));
    await until("another leader", () => others.some((name) => cluster.node(name).front.leadership.leading));
    await write(others[1] as string, put("k", "2"));
    expect(await read(others[0] as string, "k")).toBe("2");
    log.releaseHeld();
    expect(await read(leader, "k")).toBe("2");
  });

  test("without a majority nothing is answered; what waited goes through when there is one", async () => {
    await cluster.startAll();
    const leader = await cluster.leader();
    const others = ["n1", "n2", "n3"].filter((name) => name !== leader);
    for (const name of others) cluster.network.isolate(cluster.place(name).address, true);
    let done = false;
    const writing = write(leader, put("k", "v")).then(() => {
      done = true;
    });
    await Bun.sleep(400);
    expect(done).toBe(false);
    for (const name of others) cluster.network.isolate(cluster.place(name).address, false);
    await writing;
    expect(await read(others[0] as string, "k")).toBe("v");
  });
});

describe("members come and go", () => {
  test("join as a learner, promote when caught up, remove; each repeated request changes nothing", async () => {
    expelledOk = true;
    await cluster.startAll();
    await write("n1", put("before", "v"));
    const follower = await cluster.follower();
    expect(await change(follower, { kind: "promote", name: "n4" })).toMatchObject({ code: "UNKNOWN_MEMBER" });
    const n4 = cluster.start("n4");
    await until("n4 to wait", () => (n4.front.cluster.waiting?.why ?? "").includes("UNKNOWN_MEMBER"));
    const add: MemberChange = { kind: "add-learner", name: "n4", address: cluster.place("n4").address };
    expect(await change(follower, add)).toMatchObject({ kind: "done", changed: true });
    expect(await change(follower, add)).toMatchObject({ kind: "done", changed: false });
    expect(await read("n4", "before")).toBe("v");
    expect(cluster.place("n4").identity.clusterId).toBe(cluster.clusterId);
    await until("n4 registered", () => {
      return n4.thread.membership.members.find(({ name }) => name === "n4")?.instance !== "";
    });
    expect(await changed("n4", { kind: "promote", name: "n4" })).toMatchObject({
      kind: "done",
      changed: true,
    });
    expect((await view("n4")).members.find(({ name }) => name === "n4")?.role).not.toBe("learner");
    const gone = follower;
    expect(await changed("n4", { kind: "remove", name: gone })).toMatchObject({
      kind: "done",
      changed: true,
    });
    expect(await change("n4", { kind: "remove", name: gone })).toMatchObject({
      kind: "done",
      changed: false,
    });
    const told = await until("the removed node to be told", () => cluster.node(gone).fenced[0]);
    expect(told.removed).toBe(true);
    expect(await change("n4", { kind: "add-learner", name: gone, address: "x.test:1" })).toMatchObject({
      code: "REMOVED_MEMBER",
    });
    await write("n4", put("after", "v"));
  });

  test("the leader is removed by its successor", async () => {
    expelledOk = true;
    await cluster.startAll();
    const leader = await cluster.leader();
    const follower = await cluster.follower();
    expect(await changed(follower, { kind: "remove", name: leader })).toMatchObject({ kind: "done" });
    const now = await until("another leader", () => {
      const { leadership } = cluster.node(follower).front;
      return leadership.leaderId !== 0 && leadership;
    });
    expect(now.leaderId).not.toBe(cluster.node(leader).thread.ownId);
    await write(follower, put("k", "v"));
  });

  test("what would lose the quorum is refused, and says why", async () => {
    await cluster.startAll();
    const leader = await cluster.leader();
    const [down, up] = ["n1", "n2", "n3"].filter((name) => name !== leader) as [string, string];
    cluster.network.isolate(cluster.place(down).address, true);
    await Bun.sleep(400);
    const reply = await change(leader, { kind: "remove", name: up });
    expect(reply).toMatchObject({ kind: "refused", code: "WOULD_LOSE_QUORUM" });
    cluster.network.isolate(cluster.place(down).address, false);
  });

  test("leadership is handed over, to whom it is said", async () => {
    await cluster.startAll();
    const to = await cluster.follower();
    expect(await changed(to, { kind: "transfer-leader", to })).toMatchObject({ kind: "done", changed: true });
    expect((await view(to)).leader).toBe(to);
    expect(await change(to, { kind: "transfer-leader", to })).toMatchObject({ changed: false });
  });
});

describe("who looks", () => {
  test("a leader that is slow to answer: the node's own view, without a number that it cannot know", async () => {
    await cluster.startAll();
    await write("n1", put("k", "v"));
    const leader = await cluster.leader();
    const follower = await cluster.follower();
    expect((await view(follower)).view).toBe("leader");
    cluster.network.loses = (_, { kind }) => kind === "reply";
    const seen = await view(follower);
    cluster.network.loses = () => false;
    expect([seen.view, seen.leader, seen.transferTo]).toEqual(["own", leader, null]);
    for (const { name, match, applied, lag, snapshot, reachable, registered } of seen.members) {
      expect([name, lag, reachable, registered]).toEqual([name, null, true, true]);
      if (name !== follower) expect([match, applied, snapshot]).toEqual([null, null, null]);
      else expect([match, applied].every((index) => index !== null && index > 0)).toBe(true);
    }
    const again = await view(follower);
    expect(again.view).toBe("leader");
    expect(again.members.every(({ match, lag }) => match !== null && lag !== null)).toBe(true);
  });
});

test("a leader that hangs while it is asked: its successor answers, also at the node that did not succeed it", async () => {
  await cluster.startAll();
  const leader = await cluster.leader();
  const { address } = cluster.place(leader);
  const others = ["n1", "n2", "n3"].filter((name) => name !== leader);
  cluster.network.loses = (from) => from === address;
  for (const seen of await Promise.all(others.map(view))) {
    expect(seen.view).toBe("leader");
    expect(seen.leader).not.toBe(leader);
  }
  cluster.network.loses = () => false;
});

describe("snapshots", () => {
  test("a follower that is too far behind gets the keyspace, and goes on with the log", async () => {
    cluster.raft = { ...cluster.raft, snapshotCount: 10 };
    await cluster.startAll();
    const behind = await cluster.follower();
    await cluster.stop(behind);
    const leader = await cluster.leader();
    const other = ["n1", "n2", "n3"].find((name) => name !== leader && name !== behind) as string;
    // The newest entries stay in memory for followers: only what is beyond that makes a snapshot necessary.
    await write(leader, put("k", "v1"));
    for (const name of [leader, other]) await cluster.stop(name);
    for (const name of [leader, other]) cluster.start(name);
    for (let i = 0; i < 60; i++) await write(other, put(`k${i}`, `v${i}`));
    for (let round = 0; round < 2; round++) {
      await Bun.sleep(1_100);
      await write(other, put("k", "v2"));
    }
    for (const name of [leader, other]) await cluster.stop(name);
    for (const name of [leader, other]) cluster.start(name);
    await write(other, put("k", "v3"));
    cluster.start(behind);
    expect(await read(behind, "k")).toBe("v3");
    expect(await read(behind, "k59")).toBe("v59");
    expect(cluster.network.sent.get("snapshot-chunk") ?? 0).toBeGreaterThan(0);
    await write(behind, put("k", "v4"));
    expect(await read(behind, "k")).toBe("v4");
  }, 20_000);

  test("cut off before they can say that they have it, followers are sent another; its place is free again", async () => {
    await cluster.startAll();
    await write("n1", put("k", "v"));
    const { network } = cluster;
    // The space reads for two followers at once: a third shows that no place was lost.
    for (const name of ["n4", "n5", "n6"]) {
      const { thread } = cluster.start(name);
      const { address } = cluster.place(name);
      let cut = false;
      network.onSend = (from, _, message) => {
        if (cut || from !== address || message.kind !== "snapshot-result" || !message.ok) return;
        cut = true;
        network.isolate(address, true);
      };
      expect(await change("n1", { kind: "add-learner", name, address })).toMatchObject({ changed: true });
      await until(`${name} to have put it in force`, () => cut && (thread.engine?.appliedIndex ?? 0) > 1);
      const before = network.sent.get("snapshot-begin") ?? 0;
      network.isolate(address, false);
      await until(`another for ${name}`, () => (network.sent.get("snapshot-begin") ?? 0) > before);
      expect(await read(name, "k")).toBe("v");
    }
  }, 30_000);

  test("one that cannot be taken over there is the member's problem until it can", async () => {
    await cluster.startAll();
    await write("n1", put("k", "v"));
    cluster.start("n4");
    const { generations, address } = cluster.place("n4");
    generations.createImport = () => {
      throw new StoreError("DISK_FULL", "no space left");
    };
    expect(await change("n1", { kind: "add-learner", name: "n4", address })).toMatchObject({ changed: true });
    const problem = async () => (await view("n2")).members.find(({ name }) => name === "n4")?.problem;
    const seen: (string | null | undefined)[] = [];
    for (let i = 0; i < 200 && seen.at(-1)?.includes("DISK_FULL") !== true; i++) {
      await Bun.sleep(10);
      seen.push(await problem());
    }
    expect(seen.at(-1)).toBe("the last snapshot did not arrive: its receiver says: DISK_FULL: no space left");
    generations.createImport = () => MemoryGenerations.prototype.createImport.call(generations);
    expect(await read("n4", "k")).toBe("v");
    for (let i = 0; i < 200 && (await problem()) !== null; i++) await Bun.sleep(10);
    expect(await problem()).toBeNull();
  }, 20_000);

  test("one that arrived and could not say so is no problem any more once the member's own log says so", async () => {
    await cluster.startAll();
    await write("n1", put("k", "v"));
    const { network } = cluster;
    cluster.start("n4");
    const { log, address } = cluster.place("n4");
    let cut = false;
    network.onSend = (from, _, message) => {
      if (cut || from !== address || message.kind !== "snapshot-result" || !message.ok) return;
      cut = true;
      log.held = [];
      network.isolate(address, true);
    };
    expect(await change("n1", { kind: "add-learner", name: "n4", address })).toMatchObject({ changed: true });
    const problem = async () => (await view("n1")).members.find(({ name }) => name === "n4")?.problem ?? "";
    const poll = async (text: string): Promise<void> => {
      for (let i = 0; i < 300 && !(await problem()).startsWith(text); i++) await Bun.sleep(10);
      expect(await problem()).toStartWith(text);
    };
    await until("n4 to be cut off", () => cut);
    await poll("not ");
    network.isolate(address, false);
    // Its marker is on the way to the disk: until then it takes no other.
    await poll("the last snapshot did not arrive: ");
    log.releaseHeld();
    expect(await read("n4", "k")).toBe("v");
    for (let i = 0; i < 300 && (await problem()) !== ""; i++) await Bun.sleep(10);
    expect(await problem()).toBe("");
  }, 20_000);
});
