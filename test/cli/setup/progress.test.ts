/** What `join` and `cluster replace --with` say of a status, and when they are done. */
import { describe, expect, test } from "bun:test";
import type { ClusterStatus } from "../../../src/api/schemas.ts";
import { follow, progressOf } from "../../../src/cli/setup/follow.ts";
import { replacementOf } from "../../../src/cli/setup/tokens.ts";

type Member = ClusterStatus["members"][number];
const member = (id: string, role: Member["role"], more: Partial<Member> = {}): Member =>
  ({ id, role, registered: true, reachable: true, snapshot: false, lag: 0, ...more }) as Member;
const status = (members: readonly Member[], joint = false) => ({ members, joint }) as ClusterStatus;
const n1 = member("n1", "leader");

describe("a node that joins", () => {
  test.each([
    [[n1], false, "n2 looks for its cluster"],
    [
      [n1, member("n2", "learner", { registered: false })],
      false,
      "n2 is a learner, and waits until the leader has met it",
    ],
    [[n1, member("n2", "learner", { snapshot: true })], false, "n2 receives a snapshot"],
    [
      [n1, member("n2", "learner", { lag: 7 })],
      false,
      "n2 is a learner and copies the data, 7 log entries behind",
    ],
    [[n1, member("n2", "learner", { lag: null })], false, "n2 is a learner and copies the data"],
    [[n1, member("n2", "follower")], true, "n2 gets its vote"],
  ])("%j", (members, joint, line) =>
    expect(progressOf("n2", status(members as Member[], joint))).toEqual({ line, done: false }),
  );

  test("is done with its vote", () =>
    expect(progressOf("n2", status([n1, member("n2", "follower"), member("n3", "learner")]))).toEqual({
      line: "n2 is a voter: 2 of 3 members have a vote",
      done: true,
    }));
});

describe("a replacement", () => {
  const lost = member("n3", "follower", { reachable: false });
  test("is followed from the join line to full health", () => {
    const at = (members: readonly Member[], joint = false) =>
      replacementOf("n3", "n4", status(members, joint));
    expect(at([n1, lost])).toMatchObject({
      line: "waiting for n4: run the join line on its host",
      done: false,
    });
    expect(at([n1, lost, member("n4", "learner", { reachable: false })])).toMatchObject({ done: false });
    expect(at([n1, lost, member("n4", "learner")])).toMatchObject({ done: false });
    expect(at([n1, lost, member("n4", "follower")], true)).toMatchObject({ done: false });
    expect(at([n1, member("n2", "follower", { reachable: false }), member("n4", "follower")])).toEqual({
      line: "n4 has taken the place of n3; not well yet: n2",
      done: false,
    });
    expect(at([n1, member("n2", "follower"), member("n4", "follower")])).toMatchObject({ done: true });
    expect(() => at([n1, lost, member("n4", "follower")])).toThrow("takes nobody's place");
  });
});

test("the display says each line once, waits while nobody answers, and ends with a reason", async () => {
  const lines: string[] = [];
  let nowMs = 0;
  const context = {
    print: (text: string) => void lines.push(text.trimEnd()),
    fetch: async () => {
      throw new Error("ECONNREFUSED");
    },
    listens: async () => false,
    clock: { monotonicMs: () => nowMs },
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
  const targets = [{ kind: "socket", path: "/nowhere/admin.sock" }] as const;
  const judge = () => ({ line: "never", done: true });
  await expect(follow({ targets, timeoutMs: 3_000, judge }, context)).rejects.toMatchObject({
    code: "TIMEOUT",
    message: expect.stringContaining("It goes on by itself"),
  });
  expect(lines).toEqual(["waiting for the node to start"]);
  // The service manager knows better than a time limit.
  const failed = follow({ targets, timeoutMs: 3_000, judge, failed: async () => true }, context);
  await expect(failed).rejects.toMatchObject({ code: "FAILED" });
});
