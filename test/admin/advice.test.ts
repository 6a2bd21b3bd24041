import { describe, expect, test } from "bun:test";
import { type AdviceContext, adviceFor } from "../../src/admin/advice.ts";
import type { ClusterStatus, MemberStatus } from "../../src/api/schemas.ts";
import { clusterStatus, member } from "./status.ts";

const leader = member("n1", { role: "leader" });
const lost = { reachable: false, unreachableSeconds: 240 } as const;
const advise = (more: Partial<ClusterStatus>, context: Partial<AdviceContext> = {}) =>
  adviceFor(clusterStatus(more), { waiting: undefined, diskFull: false, silent: false, ...context });

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
    "n3 cannot be reached for 4 min (ECONNREFUSED): start it. If its machine is lost for good: replace it by a new node with a new name, elastickv cluster replace n3 NEW=HOST:PORT.",
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
    "n4 is a learner and has caught up: elastickv cluster promote n4 gives it a vote, elastickv cluster replace OLD n4=n4.example:9002 that of another member.",
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
    "n3 is too far behind for the log, and the last snapshot did not arrive: its receiver says: DISK_FULL: no space left for keyspace.db. Make space on the disk of n3: a snapshot of everything lies beside what it has until it is complete. It is sent again by itself.",
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

const CUT = { ...lost, problem: "ECONNREFUSED" } as const;
const learner = (more: Partial<MemberStatus>) => member("n4", { role: "learner", ...more });

describe("a replacement under way", () => {
  const COMMAND = "elastickv cluster replace n3 n4=n4.example:9002";
  /** n3 is lost, n4 was added: what is said beside that one more failure is too many. */
  const during = (n4: Partial<MemberStatus>, n3: Partial<MemberStatus> = CUT) => {
    const advice = advise({ members: [leader, member("n2"), member("n3", n3), learner(n4)] });
    expect(advice[0]).toStartWith("Only 2 of 3 voters");
    return advice.slice(1);
  };

  test.each([
    [
      "added",
      { ...lost, registered: false },
      "step 1 of 3, it was added and has never been met: start it with --join",
    ],
    [
      "away",
      { ...lost, problem: "ETIMEDOUT" },
      "step 2 of 3, it copies the data, and cannot be reached now (ETIMEDOUT): start it.",
    ],
    [
      "copying",
      { snapshot: true, match: null, lag: null },
      "step 2 of 3, it receives a snapshot of everything.",
    ],
    ["nothing known", { match: null, lag: null }, "step 2 of 3, it copies the data. "],
    ["behind", { lag: 5000 }, "step 2 of 3, it copies the data, 5000 entries behind."],
    ["caught up", { lag: 10 }, `step 3 of 3, it has caught up: ${COMMAND} gives it the vote now.`],
  ] as const)("%s: one sentence, which step, and the command that goes on from there", (_, n4, step) => {
    const advice = during(n4);
    expect(advice).toHaveLength(1);
    expect(advice[0]).toStartWith(
      "n3 cannot be reached for 4 min (ECONNREFUSED). n4, a learner, can take its place: ",
    );
    expect(advice[0]).toContain(step);
    expect(advice[0]).toContain(COMMAND);
    expect(advice[0]).not.toMatch(/NEW=|cluster promote/);
    expect(advice[0]).toEndWith("(If n3 comes back instead: elastickv cluster remove n4.)");
  });

  test("the copy reject: what helps there", () => {
    const problem = "the last snapshot did not arrive: its receiver says: DISK_FULL: no space left";
    const [sentence] = during({ problem, snapshot: true });
    expect(sentence).toContain("step 2 of 3, n4 is too far behind for the log");
    expect(sentence).toContain("Make space on the disk of n4");
  });

  test("of a wiped member", () => {
    const [sentence] = during({ lag: 10 }, { ...lost, problem: "WRONG_INSTANCE: another directory" });
    expect(sentence).toStartWith(
      "n3 came back with another data directory and is not let in. n4, a learner, can take",
    );
  });

  test("the votes change hands: nobody is told to replace, start or promote anybody", () => {
    const advice = advise({
      joint: true,
      members: [
        leader,
        member("n2"),
        member("n3", { ...CUT, change: "leaving" }),
        member("n4", { change: "joining" }),
      ],
    });
    expect(advice).toEqual([
      "Only 2 of 3 old voters can be reached: one more failure and the cluster stops.",
      "A change of voters is under way (n4 gets a vote, n3 loses its own); it ends by itself, and no other change is made until then.",
    ]);
  });

  test("two lost, two learners: the furthest first; a third lost one gets the usual words", () => {
    const five = [leader, member("n2"), member("n3"), member("n4", CUT), member("n5", CUT)];
    const advice = advise({
      members: [
        ...five,
        member("n6", { role: "learner", ...lost, registered: false }),
        member("n7", { role: "learner" }),
      ],
    });
    expect(advice.find((line) => line.startsWith("n4"))).toContain(
      "n7, a learner, can take its place: step 3",
    );
    expect(advice.find((line) => line.startsWith("n5"))).toContain(
      "n6, a learner, can take its place: step 1",
    );
    const one = advise({ members: [...five, member("n7", { role: "learner" })] });
    expect(one.find((line) => line.startsWith("n5"))).toContain("elastickv cluster replace n5 NEW=HOST:PORT");
  });

  test("a learner that is refused for good takes nobody's place, and is not replaced but removed", () => {
    const advice = during({ ...lost, problem: "WRONG_INSTANCE: another directory" });
    expect(advice[0]).toContain("elastickv cluster replace n3 NEW=HOST:PORT");
    expect(advice[1]).toContain("elastickv cluster remove n4, and add a new node with a new name");
  });
});

describe("other operations under way", () => {
  test("a joint change that lacks a majority: of which voters, and who is missing", () => {
    const members = [
      leader,
      member("n2", CUT),
      member("n3", { ...CUT, change: "leaving" }),
      member("n4", { change: "joining" }),
    ];
    const advice = advise({ joint: true, members });
    expect(advice.at(-1)).toBe(
      "A change of voters is under way (n4 gets a vote, n3 loses its own); it ends by itself once a majority of the old and of the new voters is reachable. 1 of 3 old voters can be reached from here, 2 are needed.",
    );
    // Another change is not made now.
    expect(advice.find((line) => line.startsWith("n2"))).toEndWith(
      "elastickv cluster replace n2 NEW=HOST:PORT, once the change of voters under way has ended.",
    );
  });

  test("no leader in the middle of it: both majorities count", () => {
    const members = [
      member("n1"),
      member("n2", CUT),
      member("n3", { ...CUT, change: "leaving" }),
      member("n4", { change: "joining" }),
    ];
    expect(advise({ leaderId: null, view: "own", joint: true, members })[0]).toBe(
      "No leader: 1 of 3 old voters can be reached from here, 2 are needed. Start n2, n3 or repair the network to them; nothing is served until then, and nothing is lost.",
    );
  });

  test("a learner is not to be promoted in the middle of another change", () => {
    const members = [leader, member("n2"), member("n3", { change: "joining" }), learner({})];
    expect(advise({ joint: true, members })).toEqual([
      expect.stringContaining("A change of voters is under way"),
    ]);
  });

  test("leadership that is being handed over", () =>
    expect(advise({ transferTo: "n2" })).toEqual([
      "Leadership is being handed to n2: writes wait for the moment it takes.",
    ]));

  test("two or four voters, and the next one is a learner already: no other is to be added", () => {
    const two = advise({ members: [leader, member("n2"), learner({ snapshot: true })] });
    expect(two.at(-1)).toBe(
      "Two voters: when either fails, the cluster stops. Promote a third when it has caught up: n4 (elastickv cluster promote).",
    );
    const four = [leader, member("n2"), member("n3"), member("n5"), learner({ lag: 5000 })];
    expect(advise({ members: four })[0]).toContain(
      "promote one more (n4, when it has caught up), or remove one",
    );
  });

  test("a lost learner has no vote to be taken over", () => {
    const advice = advise({ members: [leader, member("n2"), member("n3"), learner(CUT)] });
    expect(advice).toEqual([
      "n4 cannot be reached for 4 min (ECONNREFUSED): start it. If its machine is lost for good: elastickv cluster remove n4, and add a new node with a new name.",
    ]);
  });
});

test("the leader does not answer: whose view it is, and no counting of who it can reach", () => {
  const unknown = { match: null, applied: null, lag: null, snapshot: null } as const;
  const advice = advise({
    nodeId: "n2",
    view: "own",
    members: [
      member("n1", { role: "leader", ...unknown }),
      member("n2", { lag: null }),
      member("n3", { ...CUT, ...unknown }),
    ],
  });
  expect(advice).toHaveLength(2);
  expect(advice[0]).toStartWith(
    "The leader, n1, has not answered n2 in time: what is shown is what n2 sees itself",
  );
  expect(advice[1]).toStartWith("n3 cannot be reached from n2 for 4 min (ECONNREFUSED): start it.");
});

test("the answering node's own thread is silent: nothing is said about others", () => {
  const advice = advise(
    { view: "own", members: [leader, member("n2", { reachable: null })] },
    { silent: true },
  );
  expect(advice).toEqual([expect.stringContaining("n1 waits for its own consensus thread")]);
});
