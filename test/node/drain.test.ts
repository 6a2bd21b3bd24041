import { expect, test } from "bun:test";
import type { Membership } from "../../src/cluster/registry/membership.ts";
import { bootstrapMembership } from "../../src/cluster/registry/membership.ts";
import { NodeDrain } from "../../src/node/drain.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";

function node(names: readonly string[]) {
  const state = {
    leading: true,
    leaderId: raftIdOf("n1"),
    inFlight: 0,
    /** What becomes of an attempt to hand over. */
    successor: undefined as string | undefined,
    said: [] as string[],
    tick: () => {},
  };
  const membership: Membership = bootstrapMembership(names.map((name) => ({ name, address: `${name}:1` })));
  const drain = new NodeDrain({
    nodeId: "n1",
    edge: () => ({
      drain: (on) => void state.said.push(`edge ${on}`),
      inFlight: state.inFlight,
      uploads: 0,
      oldestMs: undefined,
      connections: 0,
    }),
    cluster: () => ({
      setDraining: (on) => void state.said.push(`raft ${on}`),
      stepDown: async () => {
        state.said.push("step down");
        if (state.successor === undefined) return false;
        state.leading = false;
        state.leaderId = raftIdOf(state.successor);
        return true;
      },
    }),
    leadership: () => ({ leading: state.leading, leaderId: state.leaderId, term: 1 }),
    membership: () => membership,
    timers: {
      every: (task) => {
        state.tick = task;
        return () => {
          state.tick = () => {};
        };
      },
    },
    clock: { monotonicMs: () => 0 },
    log: { info: () => {}, warn: () => {} },
  });
  return { state, drain };
}

test("a leader without a successor goes on leading, is not drained, and tries again", async () => {
  const { state, drain } = node(["n1", "n2", "n3"]);
  expect(drain.begin("test").drained).toBe(false);
  await Promise.resolve();
  expect(state.said).toEqual(["edge true", "raft true", "step down"]);
  state.successor = "n2";
  await Bun.sleep(0);
  state.tick();
  await Bun.sleep(0);
  expect(drain.status()).toMatchObject({ drained: true, leading: false, leaderId: "n2" });
  state.inFlight = 1;
  expect(drain.status().drained).toBe(false);
  drain.end();
  expect(state.said.slice(-2)).toEqual(["edge false", "raft false"]);
  expect(drain.status()).toMatchObject({ draining: false, drained: false, seconds: null });
});

test("a sole voter hands nothing over", async () => {
  const { state, drain } = node(["n1"]);
  expect(drain.begin("test")).toMatchObject({
    drained: true,
    leading: true,
    onlyVoter: true,
    leaderId: "n1",
  });
  state.tick();
  expect(state.said).not.toContain("step down");
});

test("without a leader nothing is drained", () => {
  const { state, drain } = node(["n1", "n2", "n3"]);
  state.leading = false;
  state.leaderId = 0;
  expect(drain.begin("test")).toMatchObject({ drained: false, leaderId: null });
});
