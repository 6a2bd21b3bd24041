import { expect, test } from "bun:test";
import {
  alreadySo,
  type ConfigurationChange,
  checkChange,
  PROMOTION_LAG_ENTRIES,
} from "../../src/cluster/change-rules.ts";
import type { Membership } from "../../src/cluster/registry/membership.ts";
import { EMPTY_CONF_STATE, type Status } from "../../src/raft/core/index.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";

const member = (name: string, instance = `i-${name}`) => ({
  id: raftIdOf(name),
  name,
  address: `${name}.test:7000`,
  instance,
});
const ids = (...names: string[]) => names.map(raftIdOf);
const MEMBERSHIP: Membership = {
  index: 9,
  confState: { ...EMPTY_CONF_STATE, voters: ids("n1", "n2", "n3"), learners: ids("n4", "n5", "n6") },
  members: [member("n1"), member("n2"), member("n3"), member("n4"), member("n5", ""), member("n6")],
  removed: [member("gone")],
};
/** n1 leads; n4 lacks little, n6 too much. */
function status(reachable: readonly string[]): Status {
  const match: Record<string, number> = {
    n4: 5_000 - PROMOTION_LAG_ENTRIES,
    n6: 4_999 - PROMOTION_LAG_ENTRIES,
  };
  const progress = new Map(
    MEMBERSHIP.members.map(({ id, name }) => [
      id,
      { match: match[name] ?? 5_000, recentActive: reachable.includes(name) },
    ]),
  );
  return { id: raftIdOf("n1"), commit: 5_000, progress } as unknown as Status;
}
const ALL = ["n1", "n2", "n3", "n4", "n5", "n6"];
function code(
  change: ConfigurationChange,
  reachable: readonly string[] = ALL,
  membership = MEMBERSHIP,
): string {
  const problem = checkChange(membership, status(reachable), change);
  return problem === undefined ? "ok" : problem.kind === "refused" ? problem.code : problem.kind;
}

test("who may be added", () => {
  const add = (name: string, address: string) => code({ kind: "add-learner", name, address });
  expect(add("n7", "n7.test:7000")).toBe("ok");
  expect(add("n7", "n7.test")).toBe("INVALID");
  expect(add("", "n7.test:7000")).toBe("INVALID");
  expect(add("n2", "elsewhere.test:7000")).toBe("ALREADY_MEMBER");
  expect(add("n7", "n2.test:7000")).toBe("ALREADY_MEMBER");
  expect(add("gone", "gone.test:7000")).toBe("REMOVED_MEMBER");
});

test("a learner is promoted when it holds the chunks of the objects", () => {
  const promote = (missing: number | undefined) =>
    checkChange(MEMBERSHIP, status(ALL), { kind: "promote", name: "n4" }, () => missing);
  expect(promote(0)).toBeUndefined();
  expect(promote(3)).toMatchObject({
    code: "NOT_CAUGHT_UP",
    message: expect.stringContaining("lacks 3 chunks"),
  });
  expect(promote(undefined)).toMatchObject({
    code: "NOT_CAUGHT_UP",
    message: expect.stringContaining("comparing"),
  });
});

test("who may be promoted", () => {
  const promote = (name: string, reachable?: readonly string[]) => code({ kind: "promote", name }, reachable);
  expect(promote("n4")).toBe("ok");
  expect(promote("n6")).toBe("NOT_CAUGHT_UP");
  expect(promote("n4", ["n2", "n3"])).toBe("NOT_CAUGHT_UP");
  expect(promote("n5")).toBe("NOT_REGISTERED");
  expect(promote("n2")).toBe("NOT_A_LEARNER");
  expect(promote("n9")).toBe("UNKNOWN_MEMBER");
});

test("who may be removed: never so that what is left could not decide anything", () => {
  const remove = (name: string, reachable?: readonly string[]) => code({ kind: "remove", name }, reachable);
  expect(remove("n3")).toBe("ok");
  expect(remove("n3", ["n1", "n2"])).toBe("ok");
  expect(remove("n2", ["n1", "n2"])).toBe("WOULD_LOSE_QUORUM");
  expect(remove("n4", [])).toBe("ok");
  expect(remove("n9")).toBe("UNKNOWN_MEMBER");
  const alone = { ...MEMBERSHIP, confState: { ...MEMBERSHIP.confState, voters: ids("n1") } };
  expect(code({ kind: "remove", name: "n1" }, ALL, alone)).toBe("LAST_VOTER");
});

test("a member that serves chunks is removed when one that stays holds them all", () => {
  const remove = (has: Record<string, number>, reachable: readonly string[] = ALL) => {
    const problem = checkChange(
      MEMBERSHIP,
      status(reachable),
      { kind: "remove", name: "n3" },
      (id) => Object.entries(has).find(([name]) => ids(name)[0] === id)?.[1],
    );
    return problem?.kind === "refused" ? problem.code : problem;
  };
  expect(remove({ n1: 0, n2: 5 })).toBeUndefined();
  expect(remove({ n1: 2, n2: 0 })).toBeUndefined();
  // What a learner or the leaving member holds does not help; nobody knows yet what n2 lacks.
  expect(remove({ n1: 1, n3: 0, n4: 0 })).toBe("NOT_CAUGHT_UP");
  expect(remove({})).toBe("NOT_CAUGHT_UP");
  // Nobody gets chunks from a member that is down.
  expect(remove({ n1: 1, n2: 1 }, ["n1", "n2"])).toBeUndefined();
});

test("a replacement is both at once", () => {
  const replace = (remove: string, promote: string, reachable?: readonly string[]) =>
    code({ kind: "replace", remove, promote }, reachable);
  expect(replace("n3", "n4")).toBe("ok");
  // With n3 gone and n4 in its place two of three are enough.
  expect(replace("n3", "n4", ["n1", "n4"])).toBe("ok");
  expect(replace("n3", "n6")).toBe("NOT_CAUGHT_UP");
  expect(replace("n5", "n4")).toBe("INVALID");
});

test("a request that is made again is recognised", () => {
  const so = (change: ConfigurationChange) => alreadySo(MEMBERSHIP, change);
  expect(so({ kind: "add-learner", name: "n4", address: "n4.test:7000" })).toBe(true);
  expect(so({ kind: "add-learner", name: "n4", address: "other.test:7000" })).toBe(false);
  expect(so({ kind: "promote", name: "n2" })).toBe(true);
  expect(so({ kind: "promote", name: "n4" })).toBe(false);
  expect(so({ kind: "remove", name: "gone" })).toBe(true);
  expect(so({ kind: "remove", name: "never there" })).toBe(false);
  expect(so({ kind: "replace", remove: "gone", promote: "n2" })).toBe(true);
});
