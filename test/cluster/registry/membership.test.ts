import { describe, expect, test } from "bun:test";
import type { Membership } from "../../../src/cluster/registry/membership.ts";
import { applyMembershipEntry, bootstrapMembership } from "../../../src/cluster/registry/membership.ts";
import {
  decodeMembership,
  decodeMembershipChange,
  encodeMembership,
  encodeMembershipChange,
  MembershipFormatError,
} from "../../../src/cluster/registry/membership-codec.ts";
import type { Member } from "../../../src/cluster/registry/node-registry.ts";
import { clusterIdOf } from "../../../src/cluster/registry/node-registry.ts";
import {
  type ConfChange,
  ConfChangeTransition,
  ConfChangeType,
  type ConfState,
  type Entry,
  encodeConfChange,
  RawNode,
} from "../../../src/raft/core/index.ts";
import { membersOf } from "../../../src/raft/engine/group-configuration.ts";
import { raftIdOf } from "../../../src/raft/engine/raft-id.ts";
import { seededRandom } from "../../raft/log/support/seeded-random.ts";
import { MemoryStorage } from "../../support/raft/memory-storage.ts";

const GOLDEN =
  "0806121a08e799e1ddb8ed1908e0de93b39de42110c4dda0d8d0882228001a1708e799e1ddb8ed1912026e311a076e313a39" +
  "30303022001a1708e0de93b39de42112026e331a076e333a3930303022001a3708c4dda0d8d0882212026e341a076e343a39" +
  "303030222061616161616161616161616161616161616161616161616161616161616161612217089bddf4c98a900112026e" +
  "321a076e323a393030302200";

const INITIAL = ["n1", "n2", "n3"].map((name) => ({ name, address: `${name}:9000` }));

function member(name: string, instance = ""): Member {
  return { id: raftIdOf(name), name, address: `${name}:9000`, instance };
}

type Single = readonly [type: ConfChangeType, name: string];

function change(
  singles: readonly Single[],
  upserts: readonly Member[] = [],
  guardIndex = 0,
  transition: ConfChangeTransition = ConfChangeTransition.Auto,
): ConfChange {
  return {
    version: 2,
    transition,
    changes: singles.map(([type, name]) => ({ type, nodeId: raftIdOf(name) })),
    context: singles.length === 0 ? new Uint8Array(0) : encodeMembershipChange({ guardIndex, upserts }),
  };
}

function entryOf(index: number, one: ConfChange): Entry {
  return { index, term: 2, ...encodeConfChange(one) };
}

function apply(membership: Membership, index: number, one: ConfChange) {
  return applyMembershipEntry(membership, entryOf(index, one));
}

const sorted = (ids: readonly number[]): readonly number[] => [...ids].sort((a, b) => a - b);
const shape = ({ voters, votersOutgoing, learners, learnersNext, autoLeave }: ConfState) => [
  ...[voters, votersOutgoing, learners, learnersNext].map(sorted),
  autoLeave,
];

function coreWith(confState: ConfState): RawNode {
  const storage = new MemoryStorage();
  storage.applySnapshot({ data: new Uint8Array(0), metadata: { index: 1, term: 1, confState } });
  const id = raftIdOf("n1");
  return new RawNode({
    id,
    storage,
    applied: 1,
    nextInt: () => 0,
    electionTicks: 10,
    heartbeatTicks: 1,
    maxInflightMsgs: 16,
  });
}

describe("membership", () => {
  test("adds a learner, promotes it, removes a voter, and remembers who was removed", () => {
    let { membership } = apply(
      bootstrapMembership(INITIAL),
      5,
      change([[ConfChangeType.AddLearnerNode, "n4"]], [member("n4")], 1),
    );
    expect(membership.confState.learners).toEqual([raftIdOf("n4")]);
    membership = apply(membership, 6, change([[ConfChangeType.AddNode, "n4"]], [], 5)).membership;
    membership = apply(membership, 7, change([[ConfChangeType.RemoveNode, "n2"]], [], 6)).membership;
    expect(sorted(membership.confState.voters)).toEqual(sorted(["n1", "n3", "n4"].map(raftIdOf)));
    expect(membership.removed.map(({ name }) => name)).toEqual(["n2"]);
    expect(membership.index).toBe(7);
  });

  test("an entry decided on another configuration is empty, and says why", () => {
    const before = bootstrapMembership(INITIAL);
    const {
      membership,
      change: taken,
      problem,
    } = apply(before, 5, change([[ConfChangeType.RemoveNode, "n2"]], [], 4));
    expect([membership, taken, problem]).toEqual([before, null, "decided on configuration 4, in force is 1"]);
  });

  test("a removed name never comes back, not even with another data directory", () => {
    const { membership } = apply(
      bootstrapMembership(INITIAL),
      5,
      change([[ConfChangeType.RemoveNode, "n2"]]),
    );
    const again = apply(
      membership,
      6,
      change([[ConfChangeType.AddLearnerNode, "n2"]], [member("n2", "ff".repeat(16))]),
    );
    expect([again.change, again.problem]).toEqual([null, "n2 was removed and may not come back"]);
  });

  test("registers an instance once; another one under the same name is refused", () => {
    const first = apply(
      bootstrapMembership(INITIAL),
      5,
      change([[ConfChangeType.UpdateNode, "n2"]], [member("n2", "aa".repeat(16))]),
    );
    expect(first.membership.members.find(({ name }) => name === "n2")?.instance).toBe("aa".repeat(16));
    const second = apply(
      first.membership,
      6,
      change([[ConfChangeType.UpdateNode, "n2"]], [member("n2", "bb".repeat(16))]),
    );
    expect(second.problem).toBe("n2 is registered with another data directory");
  });

  test("replaces a member through a joint configuration and leaves it", () => {
    const joint = apply(
      bootstrapMembership(INITIAL),
      5,
      change(
        [
          [ConfChangeType.AddNode, "n4"],
          [ConfChangeType.RemoveNode, "n2"],
        ],
        [member("n4")],
        1,
        ConfChangeTransition.JointImplicit,
      ),
    ).membership;
    expect([joint.confState.autoLeave, joint.removed, joint.members.length]).toEqual([true, [], 4]);
    const left = apply(joint, 6, change([])).membership;
    expect([left.confState.votersOutgoing, left.removed.map(({ name }) => name)]).toEqual([[], ["n2"]]);
  });

  test("what cannot be read, or is impossible, is empty and never throws", () => {
    const before = bootstrapMembership(INITIAL);
    const junk = applyMembershipEntry(before, { index: 5, term: 2, type: 2, data: Uint8Array.of(255, 255) });
    expect([junk.change, junk.membership, junk.problem === null]).toEqual([null, before, false]);
    expect(apply(before, 5, change([])).change).toBeNull();
    const last = apply(
      bootstrapMembership(INITIAL.slice(0, 1)),
      5,
      change([[ConfChangeType.RemoveNode, "n1"]]),
    );
    expect(last.change).toBeNull();
  });

  test("is what the core arrives at, over random sequences of changes", () => {
    const names = ["n1", "n2", "n3", "n4", "n5", "n6"];
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed);
      let membership = bootstrapMembership(INITIAL);
      const core = coreWith(membership.confState);
      let taken = 0;
      for (let index = 2; index < 30; index++) {
        const singles = Array.from({ length: random.nextInt(3) }, (): Single => {
          const name = names[random.nextInt(names.length)] as string;
          return [random.nextInt(4) as ConfChangeType, name];
        });
        const upserts = [...new Set(singles.map(([, name]) => name))]
          .filter((name) => !membership.removed.some((gone) => gone.name === name))
          .map((name) => member(name));
        const guard = random.nextInt(5) === 0 ? index : membership.index;
        const one = change(singles, upserts, guard, random.nextInt(2) as ConfChangeTransition);
        const before = encodeMembership(membership);
        const applied = apply(membership, index, one);
        if (applied.change === null) {
          expect(applied.problem).not.toBeNull();
          expect(encodeMembership(applied.membership)).toEqual(before);
          continue;
        }
        taken++;
        membership = applied.membership;
        expect(shape(core.applyConfChange(applied.change))).toEqual(shape(membership.confState));
        expect(sorted([...membersOf(membership.confState)])).toEqual(membership.members.map(({ id }) => id));
        for (const { id } of membership.removed) expect(membersOf(membership.confState).has(id)).toBe(false);
        expect(decodeMembership(encodeMembership(membership))).toEqual(membership);
      }
      expect(taken).toBeGreaterThan(0);
    }
  });

  test("cluster ids do not depend on the order of the list, and change with an address", () => {
    expect(clusterIdOf(INITIAL)).toBe(clusterIdOf([...INITIAL].reverse()));
    expect(clusterIdOf(INITIAL)).toMatch(/^[0-9a-f]{32}$/);
    expect(clusterIdOf(INITIAL)).not.toBe(clusterIdOf([...INITIAL.slice(1), { name: "n1", address: "x:1" }]));
  });

  test("the bytes of configuration and registry are one state, and stay as they are", () => {
    const { membership } = apply(
      apply(
        bootstrapMembership(INITIAL),
        5,
        change([[ConfChangeType.AddLearnerNode, "n4"]], [member("n4", "aa".repeat(16))], 1),
      ).membership,
      6,
      change([[ConfChangeType.RemoveNode, "n2"]], [], 5),
    );
    expect(Buffer.from(encodeMembership(membership)).toString("hex")).toBe(GOLDEN);
  });

  test("bytes that are none are refused by name", () => {
    expect(() => decodeMembership(Uint8Array.of(255))).toThrow(MembershipFormatError);
    expect(() => decodeMembershipChange(Uint8Array.of(8))).toThrow(MembershipFormatError);
    expect(decodeMembershipChange(new Uint8Array(0))).toEqual({ guardIndex: 0, upserts: [] });
  });
});
