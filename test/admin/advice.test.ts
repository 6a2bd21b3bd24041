import { expect, test } from "bun:test";
import { type AdviceContext, adviceFor } from "../../src/admin/advice.ts";
import type { ClusterStatus } from "../../src/admin/types.ts";
import { clusterStatus, member } from "./status.ts";

const leader = member("n1", { role: "leader" });
const lost = { reachable: false, unreachableSeconds: 240 } as const;
const advise = (more: Partial<ClusterStatus>, context: Partial<AdviceContext> = {}) =>
  adviceFor(clusterStatus(more), { waiting: undefined, diskFull: false, ...context });

test("nothing is wrong, nothing is said", () => {
  expect(advise({})).toEqual([]);
  expect(advise({ members: [leader] })).toEqual([]);
});

test("formation: who is missing", () =>
  expect(advise({}, { waiting: { joining: false, members: ["n2", "n3"], why: "" } })).toEqual([
    "The cluster has not formed yet: it waits for n2, n3. Start every initial member once, with the same --initial-cluster; afterwards a majority is enough.",
  ]));

test("formation: lists that differ are said to differ, and by whom", () => {
  const why = "forming; n3: WRONG_CLUSTER: node n1 belongs to cluster a, node n3 to b";
  const advice = advise({}, { waiting: { joining: false, members: ["n3"], why } });
  expect(advice[1]).toStartWith("--initial-cluster is not the same everywhere");
  expect(advice[1]).toEndWith(why);
});

test("joining: the command for the other side, with this node's address", () => {
  const waiting = { joining: true, members: [], why: "" };
  expect(advise({ nodeId: "n4" }, { waiting })[0]).toContain("elastickv cluster add-learner n4=HOST:PORT");
  const members = [member("n4", { peerAddress: "h4:9002" })];
  expect(advise({ nodeId: "n4", members }, { waiting })[0]).toContain("cluster add-learner n4=h4:9002)");
});

test("no leader for want of a majority: how many of how many, and whom to start", () => {
  const advice = advise({ leaderId: null, members: [member("n1"), member("n2", lost), member("n3", lost)] });
  expect(advice).toEqual([
    "No leader: 1 of 3 voters can be reached from here, 2 are needed. Start n2, n3 or repair the network to them; nothing is served until then, and nothing is lost.",
  ]);
});

test("no leader although a majority is there: an election", () =>
  expect(advise({ leaderId: null })[0]).toContain(
    "3 of 3 voters can be reached from here, enough for an election",
  ));

test("one voter lost: since when, why, and both ways out; and that there is no more to lose", () => {
  const advice = advise({
    members: [leader, member("n2"), member("n3", { ...lost, problem: "ECONNREFUSED" })],
  });
  expect(advice).toEqual([
    "Only 2 of 3 voters can be reached: one more failure and the cluster stops.",
    "n3 cannot be reached for 4 min (ECONNREFUSED): start it. If its machine is lost for good: elastickv cluster replace n3 NEW=HOST:PORT.",
  ]);
});

test("a certificate that is refused: starting it does not help", () => {
  const foreign = member("n3", { ...lost, problem: "replication: TLS: UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  const advice = advise({ members: [leader, member("n2"), foreign] });
  expect(advice[1]).toContain("n3 runs but is not let in for 4 min (replication: TLS:");
  const alone = advise({ leaderId: null, members: [member("n1", lost), member("n2", lost), foreign] });
  expect(alone[0]).toContain("n3: replication: TLS: UNABLE_TO_VERIFY_LEAF_SIGNATURE. Repair the peer cert");
});

test("a wiped member", () =>
  expect(
    advise({
      members: [
        leader,
        member("n2"),
        member("n3", { ...lost, problem: "WRONG_INSTANCE: another directory" }),
      ],
    })[1],
  ).toContain("n3 came back with another data directory"));

test("a member whose directory is an old copy", () =>
  expect(
    advise({
      members: [leader, member("n2"), member("n3", { ...lost, problem: "ROLLED_BACK: older than promised" })],
    })[1],
  ).toContain("elastickv cluster replace n3"));

test("a learner: never met, under way, caught up", () => {
  const learner = (more: object) =>
    advise({ members: [leader, member("n2"), member("n3"), member("n4", { role: "learner", ...more })] });
  expect(learner({ ...lost, registered: false })[0]).toContain(
    "n4 was added and has never been met: start it with --join",
  );
  expect(learner({ snapshot: true })[0]).toContain("n4 receives a snapshot");
  expect(learner({})).toEqual([
    "n4 is a learner and has caught up: elastickv cluster promote n4 gives it a vote.",
  ]);
  expect(learner({ lag: 5000 })).toEqual([]);
});

test("a snapshot that does not arrive: why, and what helps; before that another one is on its way", () => {
  const fails = (reason: string) => {
    const problem = `the last snapshot did not arrive: ${reason}`;
    return advise({
      members: [leader, member("n2"), member("n3", { problem, snapshot: true, lag: 20_000 })],
    });
  };
  expect(fails("its receiver says: DISK_FULL: no space left for keyspace.db")).toEqual([
    "n3 is too far behind for the log, and the last snapshot did not arrive: its receiver says: DISK_FULL: no space left for keyspace.db. Make room on the disk of n3: a snapshot of everything lies beside what it has until it is complete. It is sent again by itself.",
  ]);
  expect(fails("reading it here: CORRUPT: payload file 3: missing")[0]).toContain(
    "payload file 3: missing. The leader cannot read its own data: have another member send it (elastickv cluster transfer-leader)",
  );
  expect(fails("its receiver says: CORRUPT: chunk 7")[0]).toEndWith(
    "If it goes on like this: elastickv cluster replace n3 NEW=HOST:PORT.",
  );
  expect(fails("the connection broke")[0]).toContain("Look at the network to n3");
});

test("even numbers of voters, unless a change is under way", () => {
  expect(advise({ members: [leader, member("n2")] })[0]).toStartWith("Two voters:");
  const four = [leader, member("n2"), member("n3"), member("n4")];
  expect(advise({ members: four })[0]).toStartWith("4 voters bear no more failures than 3");
  expect(advise({ members: four, joint: true })).toEqual([
    expect.stringContaining("A change of voters is under way"),
  ]);
});

test("a full disk, a slow follower", () => {
  expect(advise({}, { diskFull: true })[0]).toStartWith("The disk of n1 is full");
  expect(advise({ members: [leader, member("n2", { lag: 20_000 }), member("n3")] })[0]).toContain(
    "n2 is 20000 entries behind",
  );
});
