import { describe, expect, test } from "bun:test";
import { Changer } from "../../../src/raft/core/confchange/changer.ts";
import { ConfChangeError, restoreConfiguration } from "../../../src/raft/core/confchange/index.ts";
import {
  asV2,
  type ConfChange,
  ConfChangeFormatError,
  type ConfChangeSingle,
  ConfChangeType,
  decodeConfChange,
  EntryType,
  encodeConfChange,
} from "../../../src/raft/core/index.ts";
import { confStateOf, ProgressTracker } from "../../../src/raft/core/tracker/index.ts";
import { bytes } from "../support/group.ts";
import { SeededRandom, seeds } from "../support/random.ts";

const TYPES = [
  ConfChangeType.AddNode,
  ConfChangeType.RemoveNode,
  ConfChangeType.UpdateNode,
  ConfChangeType.AddLearnerNode,
];

function tracker(): ProgressTracker {
  return new ProgressTracker(10, Number.POSITIVE_INFINITY);
}

function randomChanges(random: SeededRandom, most: number): readonly ConfChangeSingle[] {
  return Array.from({ length: 1 + random.nextInt(most) }, () => ({
    type: random.pick(TYPES),
    nodeId: random.nextInt(7),
  }));
}

/** A tracker with a random, valid, non-joint configuration. */
function randomTracker(random: SeededRandom): ProgressTracker {
  const result = tracker();
  const install = (changes: readonly ConfChangeSingle[]): void => {
    try {
      const { configuration, progress } = new Changer(result, 5).simple(changes);
      result.install(configuration, progress);
    } catch (error) {
      if (!(error instanceof ConfChangeError)) throw error;
    }
  };
  install([{ type: ConfChangeType.AddNode, nodeId: 1 }]);
  for (let i = random.nextInt(10); i > 0; i--) install(randomChanges(random, 1));
  return result;
}

describe("membership changes", () => {
  for (const seed of seeds(3)) {
    test(`a simple change reaches what entering and leaving a joint configuration reaches, seed ${seed}`, () => {
      const random = new SeededRandom(seed);
      let compared = 0;
      for (let i = 0; i < 1500; i++) {
        const start = randomTracker(random);
        const changes = randomChanges(random, 4);
        const before = confStateOf(start.configuration);
        let simple: unknown;
        try {
          simple = confStateOf(new Changer(start, 5).simple(changes).configuration);
        } catch (error) {
          if (!(error instanceof ConfChangeError)) throw error;
          expect(confStateOf(start.configuration)).toEqual(before);
          continue;
        }
        compared++;
        const joint = new Changer(start, 5).enterJoint(random.chance(50), changes);
        start.install(joint.configuration, joint.progress);
        const left = new Changer(start, 5).leaveJoint();
        expect(confStateOf(left.configuration)).toEqual(simple as never);
        const ids = [...left.configuration.voters.incoming, ...left.configuration.learners];
        expect([...left.progress.keys()].sort()).toEqual([...ids].sort());
      }
      expect(compared).toBeGreaterThan(300);
    });

    test(`a configuration is restored from its stored form, seed ${seed}`, () => {
      const random = new SeededRandom(seed);
      let joint = 0;
      for (let i = 0; i < 1500; i++) {
        const start = randomTracker(random);
        if (random.chance(60)) {
          try {
            const next = new Changer(start, 5).enterJoint(random.chance(50), randomChanges(random, 4));
            start.install(next.configuration, next.progress);
            joint++;
          } catch (error) {
            if (!(error instanceof ConfChangeError)) throw error;
          }
        }
        const stored = confStateOf(start.configuration);
        const restored = tracker();
        restoreConfiguration(restored, stored, 5);
        expect(confStateOf(restored.configuration)).toEqual(stored);
        expect(restored.ids).toEqual(start.ids);
      }
      expect(joint).toBeGreaterThan(300);
    });
  }

  test("a stored configuration that is none is refused with both versions", () => {
    const stored = { voters: [1], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: true };
    expect(() => restoreConfiguration(tracker(), stored, 1)).toThrow(/autoLeave":true.*autoLeave":false/);
  });

  test("removing the last voter is refused, and nothing changes", () => {
    const group = tracker();
    restoreConfiguration(
      group,
      { voters: [1], votersOutgoing: [], learners: [2], learnersNext: [], autoLeave: false },
      1,
    );
    const remove = [{ type: ConfChangeType.RemoveNode, nodeId: 1 }];
    expect(() => new Changer(group, 1).simple(remove)).toThrow(
      expect.objectContaining({ code: "NO_VOTERS", message: "removed all voters" }),
    );
    expect(group.ids).toEqual([1, 2]);
  });
});

describe("the wire form of membership changes", () => {
  test("round trips", () => {
    const random = new SeededRandom(1);
    for (let i = 0; i < 500; i++) {
      const context = random.chance(50) ? bytes("context") : new Uint8Array(0);
      const changes = randomChanges(random, 5).map((single) =>
        random.chance(20) ? { ...single, nodeId: Number.MAX_SAFE_INTEGER - 2 } : single,
      );
      const change: ConfChange = random.chance(50)
        ? { version: 2, transition: random.pick([0, 1, 2] as const), changes, context }
        : { version: 1, id: random.nextInt(1000), change: changes[0] as ConfChangeSingle, context };
      const { type, data } = encodeConfChange(change);
      expect(decodeConfChange(type, data)).toEqual(change);
    }
  });

  test("golden bytes: zeros are written, and count", () => {
    const change = { type: ConfChangeType.AddNode, nodeId: 3 } as const;
    const none = new Uint8Array(0);
    expect([...encodeConfChange({ version: 1, id: 0, change, context: none }).data]).toEqual([
      8, 0, 16, 0, 24, 3,
    ]);
    expect([
      ...encodeConfChange({ version: 2, transition: 0, changes: [change], context: none }).data,
    ]).toEqual([8, 0, 18, 4, 8, 0, 16, 3]);
    expect([...encodeConfChange({ version: 2, transition: 0, changes: [], context: none }).data]).toEqual([
      8, 0,
    ]);
  });

  test("no data is the empty change, which leaves a joint configuration", () => {
    expect(asV2(decodeConfChange(EntryType.ConfChangeV2, new Uint8Array(0))).changes).toEqual([]);
  });

  const MALFORMED: Readonly<Record<string, readonly number[]>> = {
    "cut off number": [8],
    "cut off bytes": [18, 5, 8, 0],
    "unknown transition": [8, 9],
    "unknown change type": [18, 4, 8, 7, 16, 3],
    "number above 2^53": [8, 0, 18, 10, 16, 255, 255, 255, 255, 255, 255, 255, 255, 127],
    "endless number": [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
    "foreign wire type": [13, 0, 0, 0, 0],
  };
  for (const [name, data] of Object.entries(MALFORMED)) {
    test(`refused: ${name}`, () => {
      expect(() => decodeConfChange(EntryType.ConfChangeV2, Uint8Array.from(data))).toThrow(
        ConfChangeFormatError,
      );
    });
  }
});
