import { expect, test } from "bun:test";
import { createAdminApp } from "../../src/admin/app.ts";
import type { ClusterReply, ClusterView, MemberView } from "../../src/messages/cluster.ts";
import { ClusterStatusSource } from "../../src/node/cluster-status.ts";
import type { NodeKv } from "../../src/node/node-kv.ts";
import type { Topology } from "../../src/node/topology.ts";

const MEMBER: MemberView = {
  name: "n1",
  address: "h1:9002",
  role: "leader",
  change: null,
  match: 9,
  applied: 9,
  lag: 0,
  reachable: true,
  snapshot: false,
  registered: true,
  hostId: null,
  version: "1.0.0",
  problem: null,
};
const VIEW: ClusterView = {
  view: "leader",
  leader: "n1",
  term: 4,
  configurationIndex: 3,
  joint: false,
  transferTo: null,
  commitIndex: 9,
  firstIndex: 2,
  lastIndex: 9,
  members: [MEMBER, { ...MEMBER, name: "n2", role: "follower" }, { ...MEMBER, name: "n3", role: "follower" }],
};
const TIMEOUT: ClusterReply = { kind: "refused", code: "TIMEOUT", message: "no answer" };
const initialCluster = ["n1", "n2", "n3"].map((name) => ({ name, address: `${name}:9002` }));

function source(topology: Partial<Topology> = {}) {
  const state = {
    reply: { kind: "status", view: VIEW } as ClusterReply,
    nowMs: 0,
    draining: false,
    waiting: undefined as { members: string[]; why: string } | undefined,
  };
  const front = {
    leadership: { leading: false, leaderId: 0, term: 2 },
    diskSpace: "enough",
    cluster: {
      get waiting() {
        return state.waiting;
      },
      ask: async () => state.reply,
    },
  } as unknown as NodeKv;
  const status = new ClusterStatusSource({
    identity: () => ({
      clusterId: "c".repeat(32),
      nodeId: "n1",
      instance: "i",
      origin: "initial",
      roster: undefined,
      incarnations: [],
      peerIncarnations: [],
      rolledBack: undefined,
      nodeKey: undefined,
      initializing: false,
    }),
    topology: { initialCluster, join: [], peer: undefined, ...topology },
    front: () => front,
    published: () => undefined,
    monotonicMs: () => state.nowMs,
    draining: () => state.draining,
  });
  return { state, status };
}

test("the leader's view, with names for ids", async () => {
  const { clusterId, leaderId, members, advice } = await source().status.status();
  expect([clusterId, leaderId, advice]).toEqual(["c".repeat(32), "n1", []]);
  expect(members[1]).toEqual({
    id: "n2",
    peerAddress: "h1:9002",
    role: "follower",
    change: null,
    match: 9,
    applied: 9,
    lag: 0,
    reachable: true,
    unreachableSeconds: null,
    snapshot: false,
    registered: true,
    hostId: null,
    version: "1.0.0",
    problem: null,
  });
});

test("what GET /v1/cluster sends, to the letter", async () => {
  const { status } = source();
  const app = createAdminApp({ cluster: () => status.status(), version: {} } as never, () => {});
  const answer = await app.handle(new Request("http://localhost/v1/cluster"));
  const member = (id: string, role: string, hostId: string): string =>
    `{"id":"${id}","peerAddress":"h1:9002","role":"${role}","change":null,"match":9,"applied":9,"lag":0,"reachable":true,` +
    `"unreachableSeconds":null,"snapshot":false,"registered":true,"hostId":${hostId},"version":"1.0.0","problem":null}`;
  const own = '"d232c35a3b72b8fd98f9dde7d25745d2"';
  const members = [
    member("n1", "leader", own),
    member("n2", "follower", "null"),
    member("n3", "follower", "null"),
  ];
  expect(await answer.text()).toBe(
    `{"clusterId":"${"c".repeat(32)}","nodeId":"n1","view":"leader","leaderId":"n1","term":4,"configurationIndex":3,` +
      `"joint":false,"transferTo":null,"commitIndex":9,"members":[${members.join(",")}],"draining":false,"advice":[]}`,
  );
});

test("since when a member is lost, and from anew after it came back", async () => {
  const { state, status } = source();
  const lose = (reachable: boolean): void => {
    const [first, second, third] = VIEW.members as [MemberView, MemberView, MemberView];
    state.reply = { kind: "status", view: { ...VIEW, members: [first, second, { ...third, reachable }] } };
  };
  const seconds = async () => (await status.status()).members[2]?.unreachableSeconds;
  lose(false);
  await status.observe();
  state.nowMs = 61_500;
  expect(await seconds()).toBe(61);
  lose(true);
  expect(await seconds()).toBeNull();
  lose(false);
  expect(await seconds()).toBe(0);
});

test("no answer: what the node knows itself, and whom formation waits for", async () => {
  const { state, status } = source();
  state.reply = TIMEOUT;
  state.waiting = { members: ["n3"], why: "" };
  const { leaderId, members, advice } = await status.status();
  expect(leaderId).toBeNull();
  expect(members.map(({ id, reachable }) => [id, reachable])).toEqual([
    ["n1", true],
    ["n2", true],
    ["n3", false],
  ]);
  expect(advice).toEqual([expect.stringContaining("it waits for n3")]);
});

test("before there is a membership nothing is known of it: no zeros", async () => {
  const { state, status } = source();
  state.reply = TIMEOUT;
  const { view, configurationIndex, members } = await status.status();
  expect([view, configurationIndex]).toEqual(["own", null]);
  for (const { id, match, applied, lag, reachable, snapshot, registered } of members) {
    expect([match, applied, lag, snapshot]).toEqual([null, null, null, null]);
    expect([id, reachable, registered]).toEqual(id === "n1" ? [id, true, true] : [id, null, null]);
  }
});

test("its own consensus thread is silent: the members as they were, nothing of them that may have changed, and that it is so", async () => {
  const { state, status } = source();
  await status.observe();
  state.reply = TIMEOUT;
  const { view, leaderId, term, configurationIndex, members, advice } = await status.status();
  // Nobody leads, as far as the front knows (in term 2).
  expect([view, leaderId, term, configurationIndex]).toEqual(["own", null, 2, 3]);
  expect(members.map(({ id, role, match, reachable }) => [id, role, match, reachable])).toEqual([
    ["n1", "follower", null, true],
    ["n2", "follower", null, null],
    ["n3", "follower", null, null],
  ]);
  expect(advice).toEqual([expect.stringContaining("n1 waits for its own consensus thread")]);
});

test("a change while the cluster forms is refused here; later its answer is the leader's", async () => {
  const { state, status } = source();
  state.waiting = { members: ["n3"], why: "" };
  expect(await status.change({ kind: "promote", name: "n4" }, null)).toMatchObject({ code: "NO_LEADER" });
  state.waiting = undefined;
  state.reply = { kind: "done", changed: true, configurationIndex: 8 };
  expect(await status.change({ kind: "promote", name: "n4" }, 3)).toEqual(state.reply as never);
});
