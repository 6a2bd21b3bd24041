/**
 * Each row of the table in src/raft/log/recovery.ts (docs/format/wal.md), by name, on real files and simulated ones.
 *
 * More than 400 lines: a test for each row of one table.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { realDisk } from "../../../src/platform/disk/real-disk.ts";
import type { Disk } from "../../../src/platform/disk.ts";
import { encodeHardState, putEntryPrefix } from "../../../src/raft/log/payloads.ts";
import { FLAG_BATCH_END, RecordType } from "../../../src/raft/log/record.ts";
import { recoverLog } from "../../../src/raft/log/recovery.ts";
import { SegmentWriter } from "../../../src/raft/log/segment-writer.ts";
import type { Wal } from "../../../src/raft/log/wal.ts";
import { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import {
  flip,
  move,
  newestSegment,
  readBytes,
  remove,
  segmentPaths,
  truncate,
  walError,
  withFile,
  writeBytes,
  zero,
} from "./support/damage.ts";
import { entries, entry, IDENTITY, marker, openWal, readAll, SEGMENT_BYTES } from "./support/log-fixture.ts";
import { seededRandom } from "./support/seeded-random.ts";

let disk: Disk;
let root: string;
let directory: string;

/** One entry and one sync at a time. */
function write(from: number, to: number, dataBytes = 200): void {
  const { wal } = openWal(disk, directory);
  for (let i = from; i <= to; i++) {
    wal.append({ entries: [entry(i, 1, dataBytes)], hardState: { term: 1, vote: 1, commit: i } });
    wal.sync();
  }
  wal.close();
}

function end(): number {
  const recovery = recoverLog(disk, directory, IDENTITY, "unreadable");
  if (recovery === undefined) throw new Error("no log");
  for (const segment of recovery.segments) segment.file.close();
  return recovery.end;
}

function open(options: Parameters<typeof openWal>[2] = {}) {
  return openWal(disk, directory, { create: false, ...options });
}

function refused(options: Parameters<typeof openWal>[2] = {}) {
  const before = disk.readdir(directory).map((name) => crc32(readBytes(disk, `${directory}/${name}`)));
  const error = walError(() => open(options));
  const after = disk.readdir(directory).map((name) => crc32(readBytes(disk, `${directory}/${name}`)));
  // A refusal changes nothing: whoever looks into it finds what the node found.
  expect(after).toEqual(before);
  return error;
}

const watermarkPath = () => `${directory}/frontier`;

/** Appends records that no writer of ours would write, durable. */
function forge(write: (writer: SegmentWriter) => void): void {
  const recovery = recoverLog(disk, directory, IDENTITY, "unreadable");
  const newest = recovery?.segments.at(-1);
  if (recovery === undefined || newest === undefined) throw new Error("no log");
  const position = { ...newest, end: recovery.end, chain: recovery.chain };
  const writer = new SegmentWriter(newest.file, position, SegmentWriter.scratch());
  write(writer);
  writer.flush();
  newest.file.datasync();
  for (const segment of recovery.segments) segment.file.close();
}

function forgeEntry(index: number, term: number, previousTerm: number): void {
  forge((writer) => {
    const prefix = new Uint8Array(32);
    putEntryPrefix(new DataView(prefix.buffer), 0, { index, term, previousTerm, type: 0 });
    writer.stage(RecordType.Entry, FLAG_BATCH_END, prefix, new Uint8Array(0));
  });
}

/** A batch of `sizes` entries after the last one, written and not synced, as bytes; the log itself is untouched. */
function unsyncedBatch(sizes: readonly number[]): { from: number; bytes: Uint8Array } {
  const path = newestSegment(disk, directory);
  const before = readBytes(disk, path);
  const from = end();
  const { wal } = open();
  const last = wal.lastIndex;
  wal.append({ entries: sizes.map((size, i) => entry(last + 1 + i, 1, size)) });
  wal.close();
  const to = end();
  const bytes = readBytes(disk, path, from, to - from);
  writeBytes(disk, path, 0, before);
  remove(disk, watermarkPath());
  return { from, bytes };
}

const DISKS: readonly [string, () => { disk: Disk; root: string }][] = [
  ["real files", () => ({ disk: realDisk, root: mkdtempSync(join(tmpdir(), "wal-table-")) })],
  [
    "a simulated disk",
    () => {
      const simulated = new SimulatedDisk({ random: seededRandom(1) });
      simulated.mkdir("/data");
      simulated.syncDirectory("/");
      return { disk: simulated, root: "/data" };
    },
  ],
];

for (const [name, make] of DISKS) {
  describe(`recovery table on ${name}`, () => {
    beforeEach(() => {
      ({ disk, root } = make());
      directory = `${root}/wal`;
    });
    afterEach(() => {
      if (disk === realDisk) rmSync(root, { recursive: true });
    });

    test("D1: nothing there: NOT_FOUND, or a new log if asked", () => {
      disk.mkdir(directory);
      expect(walError(() => open()).code).toBe("NOT_FOUND");
      const { wal, recovered } = open({ create: true });
      expect(recovered.created).toBe(true);
      wal.close();
    });

    test("D2: a watermark without segments: all of them are missing", () => {
      write(1, 2);
      for (const path of segmentPaths(disk, directory)) remove(disk, path);
      const error = refused({ create: true });
      expect(error.code).toBe("MISSING_SEGMENT");
      expect(error.file).toBe(directory);
    });

    test("D3: a missing segment in the middle", () => {
      write(1, 40);
      const [, second, third] = segmentPaths(disk, directory);
      remove(disk, second as string);
      const error = refused();
      expect(error.code).toBe("MISSING_SEGMENT");
      expect(error.message).toContain("segment 2 is missing");
      expect(error.file).toBe(third as string);
    });

    test("D4: a second segment of one sequence, a name that is none", () => {
      write(1, 40);
      const [first] = segmentPaths(disk, directory);
      const stray = `${directory}/backup.wal`;
      writeBytes(disk, stray, 0, new Uint8Array(10));
      expect(refused()).toMatchObject({ code: "CORRUPT", file: stray });
      remove(disk, stray);
      const copy = (first as string).replace(/-0+1\.wal$/, "-0000000000000009.wal");
      writeBytes(disk, copy, 0, readBytes(disk, first as string));
      // It is refused for its name before it can be a duplicate.
      expect(refused()).toMatchObject({ code: "CORRUPT", file: copy });
    });

    test("D5: the newest segment is missing", () => {
      write(1, 40);
      remove(disk, newestSegment(disk, directory));
      const error = refused();
      expect(error).toMatchObject({ code: "MISSING_SEGMENT", file: directory });
      expect(error.message).toMatch(/segment \d+ is missing/);
    });

    test("D6: a prepared segment without a name is removed", () => {
      write(1, 2);
      writeBytes(disk, `${directory}/prepared.tmp`, 0, new Uint8Array(100).fill(7));
      const { wal, recovered } = open();
      expect(recovered.lastIndex).toBe(2);
      expect(disk.readdir(directory)).not.toContain("prepared.tmp");
      wal.close();
    });

    test("H1: preamble or header of a segment does not verify", () => {
      write(1, 40);
      for (const path of segmentPaths(disk, directory)) {
        for (const offset of [0, 8, 13, 20, 40, 100, 150]) {
          flip(disk, path, offset);
          expect(refused()).toMatchObject({ code: "CORRUPT", file: path });
          flip(disk, path, offset);
        }
      }
      const newest = newestSegment(disk, directory);
      truncate(disk, newest, 0);
      expect(refused()).toMatchObject({ code: "CORRUPT", file: newest, offset: 0 });
    });

    test("H2: another format version", () => {
      write(1, 2);
      const path = newestSegment(disk, directory);
      const preamble = readBytes(disk, path, 0, 12);
      preamble[8] = 2;
      const crc = new Uint8Array(4);
      new DataView(crc.buffer).setUint32(0, crc32(preamble), true);
      writeBytes(disk, path, 0, Uint8Array.from([...preamble, ...crc]));
      const error = refused();
      expect(error).toMatchObject({ code: "FORMAT_VERSION", file: path });
      expect(error.message).toContain("log format 2");
    });

    test("H3: another cluster, another node", () => {
      write(1, 2);
      const cluster = refused({ identity: { clusterId: "cluster-b", nodeId: "n1" } });
      expect(cluster.code).toBe("WRONG_CLUSTER");
      expect(cluster.message).toContain("cluster-a");
      const node = refused({ identity: { clusterId: "cluster-a", nodeId: "n2" } });
      expect(node.code).toBe("WRONG_NODE");
      expect(node.message).toContain('"n1"');
    });

    test("H3: one segment of another node among this node's", () => {
      write(1, 40);
      const path = segmentPaths(disk, directory)[1] as string;
      const mine = directory;
      directory = `${root}/other`;
      const other = openWal(disk, directory, { identity: { clusterId: "cluster-a", nodeId: "n2" } });
      for (let i = 1; i <= 40; i++) {
        other.wal.append({ entries: [entry(i, 1, 200)], hardState: { term: 1, vote: 1, commit: i } });
        other.wal.sync();
      }
      other.wal.close();
      const theirs = segmentPaths(disk, directory)[1] as string;
      directory = mine;
      writeBytes(disk, path, 0, readBytes(disk, theirs));
      expect(refused()).toMatchObject({ code: "WRONG_NODE", file: path });
    });

    test("H4: renamed, longer than made, an older one shorter", () => {
      write(1, 40);
      const [first] = segmentPaths(disk, directory) as [string];
      const newest = newestSegment(disk, directory);
      const renamed = newest.replace(/.\.wal$/, "f.wal");
      move(disk, newest, renamed);
      expect(refused()).toMatchObject({ code: "CORRUPT", file: renamed });
      move(disk, renamed, newest);
      truncate(disk, newest, SEGMENT_BYTES + 512);
      expect(refused()).toMatchObject({ code: "CORRUPT", file: newest });
      truncate(disk, newest, SEGMENT_BYTES);
      truncate(disk, first, 2_000);
      expect(refused()).toMatchObject({ code: "CORRUPT", file: first, offset: 2_000 });
    });

    test("H5: a segment of another history of the same node", () => {
      write(1, 40);
      const path = segmentPaths(disk, directory)[1] as string;
      const mine = directory;
      directory = `${root}/other`;
      write(1, 40);
      const theirs = segmentPaths(disk, directory)[1] as string;
      directory = mine;
      writeBytes(disk, path, 0, readBytes(disk, theirs));
      expect(refused()).toMatchObject({ code: "CORRUPT", file: path, offset: 0 });
    });

    test("O1: flipped bit and zeroed sector in an older segment", () => {
      write(1, 40);
      const [first, second] = segmentPaths(disk, directory) as [string, string];
      flip(disk, first, 1_000);
      expect(refused()).toMatchObject({ code: "CORRUPT", file: first });
      flip(disk, first, 1_000);
      zero(disk, second, 1_024, 512);
      const error = refused();
      expect(error).toMatchObject({ code: "CORRUPT", file: second });
      expect(error.offset).toBeGreaterThan(0);
    });

    test("N1: zeros after the last batch are the clean end", () => {
      write(1, 3);
      const { wal, recovered, events } = open();
      expect(recovered).toMatchObject({ lastIndex: 3, tornTail: undefined });
      expect(events).toEqual([]);
      wal.close();
    });

    test("N2: damage to the last acknowledged batch: flipped bit, zeroed, cut off", () => {
      write(1, 3);
      const path = newestSegment(disk, directory);
      const to = end();
      flip(disk, path, to - 10);
      expect(refused()).toMatchObject({ code: "CORRUPT", file: path });
      flip(disk, path, to - 10);
      zero(disk, path, to - 100, 100);
      expect(refused().message).toContain("acknowledged");
      truncate(disk, path, to - 100);
      expect(refused()).toMatchObject({ code: "CORRUPT", file: path });
    });

    test("N2: the newest segment is cut off behind everything acknowledged: extended again", () => {
      write(1, 3);
      const path = newestSegment(disk, directory);
      truncate(disk, path, end());
      const { wal, recovered, events } = open();
      expect(recovered.lastIndex).toBe(3);
      expect(events).toMatchObject([{ kind: "segment-extended", file: path }]);
      wal.append({ entries: entries(4, 6, 1, 100) });
      wal.close();
      const again = open();
      expect(again.recovered.lastIndex).toBe(6);
      again.wal.close();
    });

    test("N3: without a watermark, damage before a later sync is still no torn tail", () => {
      write(1, 4);
      remove(disk, watermarkPath());
      const path = newestSegment(disk, directory);
      const to = end();
      // Three batches behind it say that this one was durable.
      for (const [offset, length] of [
        [400, 1],
        [512, 512],
      ] as const) {
        const old = readBytes(disk, path, offset, length);
        if (length === 1) flip(disk, path, offset);
        else zero(disk, path, offset, length);
        const error = refused();
        expect(error).toMatchObject({ code: "CORRUPT", file: path });
        expect(error.message).toContain("written after that");
        writeBytes(disk, path, offset, old);
      }
      expect(end()).toBe(to);
    });

    test("N4: garbage after the last batch is kept aside and zeroed", () => {
      write(1, 2);
      const path = newestSegment(disk, directory);
      const from = end();
      writeBytes(disk, path, from + 100, new Uint8Array(50).fill(9));
      const { wal, recovered, events } = open();
      expect(recovered.lastIndex).toBe(2);
      const { tornTail } = recovered;
      expect(tornTail).toMatchObject({ file: path, offset: from, bytes: 150 });
      expect(events).toMatchObject([{ kind: "torn-tail" }]);
      const kept = readBytes(disk, tornTail?.keptAs as string);
      expect([...kept]).toEqual([...new Array<number>(100).fill(0), ...new Array<number>(50).fill(9)]);
      wal.append({ entries: [entry(3, 1)] });
      wal.close();
      const again = open();
      expect(again.recovered).toMatchObject({ lastIndex: 3, tornTail: undefined });
      again.wal.close();
    });

    test("N4: at most eight tails are kept", () => {
      write(1, 1);
      const from = end();
      for (let i = 0; i < 11; i++) {
        writeBytes(disk, newestSegment(disk, directory), from, new Uint8Array(8).fill(i + 1));
        open().wal.close();
      }
      const kept = disk.readdir(directory).filter((file) => file.endsWith(".tail"));
      expect(kept.map((file) => readBytes(disk, `${directory}/${file}`)[0])).toEqual([
        4, 5, 6, 7, 8, 9, 10, 11,
      ]);
    });

    test("N4: an unsynced batch, cut at each sector, is absent or complete", () => {
      write(1, 2);
      const { from, bytes } = unsyncedBatch([300, 700, 20]);
      const path = newestSegment(disk, directory);
      const first = Math.ceil(from / 512) * 512 - from;
      for (let length = first; length < bytes.byteLength; length += 512) {
        writeBytes(disk, path, from, bytes.subarray(0, length));
        const { wal, recovered } = open();
        expect(recovered.lastIndex).toBe(2);
        expect(recovered.tornTail?.offset).toBe(from);
        wal.close();
        remove(disk, watermarkPath());
      }
      writeBytes(disk, path, from, bytes);
      const { wal, recovered } = open();
      expect(recovered).toMatchObject({ lastIndex: 5, tornTail: undefined });
      wal.close();
    });

    test("N4: record 1 torn and record 2 of the same unsynced batch intact", () => {
      write(1, 2);
      const { from, bytes } = unsyncedBatch([1_100, 300]);
      // The sector in the middle of the first record never arrived.
      const hole = Math.ceil((from + 100) / 512) * 512 - from;
      bytes.fill(0, hole, hole + 512);
      writeBytes(disk, newestSegment(disk, directory), from, bytes);
      const { wal, recovered } = open();
      expect(recovered).toMatchObject({ lastIndex: 2, tornTail: { offset: from } });
      wal.close();
    });

    test("N4: batch 1 lost and batch 2 of the same unsynced group intact", () => {
      write(1, 2);
      remove(disk, watermarkPath());
      const path = newestSegment(disk, directory);
      const from = end();
      const { wal } = open();
      wal.append({ entries: [entry(3, 1, 600)] });
      wal.append({ entries: [entry(4, 1, 600)] });
      wal.close();
      remove(disk, watermarkPath());
      zero(disk, path, from, 300);
      const again = open();
      expect(again.recovered).toMatchObject({ lastIndex: 2, tornTail: { offset: from } });
      again.wal.close();
    });

    test("S1: gap, duplicate, term that goes back, committed entry replaced", () => {
      write(1, 3);
      const { wal } = open();
      wal.append({ entries: [entry(4, 3), entry(5, 4)] });
      wal.close();
      const path = newestSegment(disk, directory);
      const to = end();
      const cases: readonly [() => void, string][] = [
        [() => forgeEntry(7, 4, 4), "gap"],
        [() => forgeEntry(5, 4, 3), "duplicate"],
        [() => forgeEntry(6, 3, 4), "goes back"],
        [() => forgeEntry(6, 5, 3), "follows"],
        [() => forgeEntry(2, 5, 1), "committed"],
        [
          () =>
            forge((writer) =>
              writer.stage(
                RecordType.HardState,
                FLAG_BATCH_END,
                encodeHardState({ term: 1, vote: 2, commit: 3 }),
                new Uint8Array(0),
              ),
            ),
          "vote",
        ],
        [
          () =>
            forge((writer) =>
              writer.stage(
                RecordType.HardState,
                FLAG_BATCH_END,
                encodeHardState({ term: 4, vote: 2, commit: 9 }),
                new Uint8Array(0),
              ),
            ),
          "beyond the last entry",
        ],
        [
          () => forge((writer) => writer.stage(9 as 4, FLAG_BATCH_END, new Uint8Array(8), new Uint8Array(0))),
          "unknown record type",
        ],
      ];
      for (const [forgery, words] of cases) {
        forgery();
        const error = refused();
        expect(error).toMatchObject({ code: "CORRUPT", file: path, offset: to });
        expect(error.message).toContain(words);
        zero(disk, path, to, SEGMENT_BYTES - to);
      }
      open().wal.close();
    });

    test("S1: a record out of place", () => {
      write(1, 3);
      const path = newestSegment(disk, directory);
      const to = end();
      // The last record once more, behind itself: it says where it belongs.
      const last = readBytes(disk, path, to - 72, 72);
      writeBytes(disk, path, to, last);
      expect(refused()).toMatchObject({ code: "CORRUPT", file: path, offset: to });
    });

    test("S1: a record of another Raft group, as a release with several would write it", () => {
      write(1, 3);
      const path = newestSegment(disk, directory);
      const at = end() - 72;
      const record = readBytes(disk, path, at, 72);
      const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
      expect(view.getUint32(36, true)).toBe(0);
      view.setUint32(36, 1, true);
      view.setUint32(0, crc32(record.subarray(4, 48)), true);
      writeBytes(disk, path, at, record);
      const error = refused();
      expect(error).toMatchObject({ code: "CORRUPT", file: path, offset: at });
      expect(error.message).toContain("belongs to Raft group 1: a later release wrote it");
    });

    test("S2: the oldest segment is missing", () => {
      write(1, 40);
      const [first, second] = segmentPaths(disk, directory) as [string, string];
      remove(disk, first);
      const error = refused();
      expect(error).toMatchObject({ code: "MISSING_SEGMENT", file: second });
      expect(error.message).toMatch(/entries 1 to \d+/);
    });

    test("a suffix that was replaced stays replaced, across segments and compaction", () => {
      const { wal } = openWal(disk, directory);
      const sync = (batch: Parameters<Wal["append"]>[0]) => {
        wal.append(batch);
        wal.sync();
      };
      for (let i = 1; i <= 30; i++) sync({ entries: [entry(i, 1, 500)] });
      sync({ hardState: { term: 2, vote: 0, commit: 5 }, entries: [entry(12, 2, 500)] });
      for (let i = 13; i <= 40; i++) sync({ entries: [entry(i, 2, 500)] });
      sync({ hardState: { term: 2, vote: 0, commit: 40 }, entries: [] });
      const expected = [...entries(1, 11, 1, 500), ...entries(12, 40, 2, 500)];
      expect(readAll(wal)).toEqual(expected);
      sync({ entries: [], snapshot: marker(35, 2) });
      expect(wal.compact(32)).toBeGreaterThan(0);
      const { firstIndex } = wal;
      const kept = readAll(wal);
      expect(kept).toEqual(expected.slice(firstIndex - 1));
      wal.close();
      const again = open();
      expect(again.recovered.firstIndex).toBe(firstIndex);
      expect(readAll(again.wal)).toEqual(kept);
      again.wal.close();
    });

    test("a received snapshot replaces the log", () => {
      const { wal } = openWal(disk, directory);
      wal.append({ entries: entries(1, 10, 1) });
      wal.append({
        snapshot: marker(50, 3),
        entries: entries(51, 52, 3),
        hardState: { term: 3, vote: 0, commit: 50 },
      });
      wal.sync();
      expect([wal.firstIndex, wal.lastIndex, wal.term(50)]).toEqual([51, 52, 3]);
      wal.close();
      const again = open();
      expect(again.recovered).toMatchObject({ firstIndex: 51, lastIndex: 52, snapshot: marker(50, 3) });
      again.wal.close();
    });

    test("a log that was made and never written to has no damaged frontier", () => {
      openWal(disk, directory).wal.close();
      const { wal, events } = open();
      expect(events).toEqual([]);
      wal.close();
    });

    test("a damaged watermark is told, and the log opens", () => {
      write(1, 2);
      withFile(disk, watermarkPath(), (file) => file.pwrite(new Uint8Array(64).fill(1), 0));
      const { wal, recovered, events } = open();
      expect(recovered.lastIndex).toBe(2);
      expect(events).toMatchObject([{ kind: "watermark-lost", file: watermarkPath() }]);
      wal.close();
    });
  });
}
