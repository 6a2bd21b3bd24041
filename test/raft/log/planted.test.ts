import { afterEach, describe, expect, test } from "bun:test";
import { PLANTED } from "../../../src/platform/planted.ts";
import { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { entries, openWal, readAll } from "./support/log-fixture.ts";
import { seededRandom } from "./support/seeded-random.ts";

afterEach(() => {
  PLANTED.cutAcknowledgedTail = false;
  PLANTED.forgetVote = false;
});

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  disk.mkdir("/data");
  return disk;
}

describe("planted bugs of the log do what their names say", () => {
  test("cutAcknowledgedTail: the last acknowledged batch is gone after a restart, and the log goes on", () => {
    const disk = newDisk();
    const first = openWal(disk, "/data/wal");
    for (const [from, to] of [[1, 3] as const, [4, 5] as const]) {
      first.wal.append({ entries: entries(from, to, 1) });
      first.wal.sync();
    }
    first.wal.close();
    PLANTED.cutAcknowledgedTail = true;
    const second = openWal(disk, "/data/wal");
    expect(second.recovered.lastIndex).toBe(3);
    second.wal.append({ entries: entries(4, 6, 2) });
    second.wal.close();
    PLANTED.cutAcknowledgedTail = false;
    expect(readAll(openWal(disk, "/data/wal").wal).map(({ term }) => term)).toEqual([1, 1, 1, 2, 2, 2]);
  });

  test("forgetVote: the vote is gone after a restart, also when a new segment began meanwhile", () => {
    const disk = newDisk();
    const first = openWal(disk, "/data/wal");
    PLANTED.forgetVote = true;
    first.wal.append({ hardState: { term: 3, vote: 2, commit: 0 }, entries: [] });
    for (let i = 1; i <= 20; i++) first.wal.append({ entries: entries(i, i, 3, 500) });
    first.wal.close();
    const { recovered } = openWal(disk, "/data/wal");
    expect(recovered.hardState).toEqual({ term: 3, vote: 0, commit: 0 });
    expect(recovered.segments).toBeGreaterThan(1);
  });
});

describe("what recovery says about terms", () => {
  test("is every boundary of the retained entries, from the position before the first", () => {
    const disk = newDisk();
    const first = openWal(disk, "/data/wal");
    first.wal.append({ entries: [...entries(1, 4, 1), ...entries(5, 9, 3)] });
    first.wal.append({ entries: entries(8, 10, 4) });
    first.wal.close();
    const { recovered } = openWal(disk, "/data/wal");
    expect(recovered.terms).toEqual([
      { index: 0, term: 0 },
      { index: 1, term: 1 },
      { index: 5, term: 3 },
      { index: 8, term: 4 },
    ]);
  });

  test("begins with the base after a compaction", () => {
    const disk = newDisk();
    const first = openWal(disk, "/data/wal");
    for (let i = 1; i <= 30; i++) first.wal.append({ entries: entries(i, i, i <= 15 ? 1 : 2, 500) });
    const confState = { voters: [1], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
    first.wal.append({ entries: [], snapshot: { index: 28, term: 2, confState } });
    first.wal.compact(28);
    first.wal.close();
    const { recovered } = openWal(disk, "/data/wal");
    expect(recovered.firstIndex).toBeGreaterThan(16);
    expect(recovered.terms?.[0]).toEqual({ index: recovered.firstIndex - 1, term: 2 });
  });
});
