/** What `BlobStore` and `BlobReader` promise, on a real disk, with either index. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type BlobStoreOptions, openBlobReader } from "../../../src/blob/store/blob-store.ts";
import { BlobError } from "../../../src/blob/types.ts";
import { realDisk } from "../../../src/platform/disk/real-disk.ts";
import { temporaryDirectory } from "../../store/helpers.ts";
import { MemoryBlobIndex } from "../../support/blobs/memory-index.ts";
import { blob, blobOf, codeOf, IDENTITY, openStore, SEGMENT_BYTES } from "./helpers.ts";

let root: ReturnType<typeof temporaryDirectory>;
let directory: string;
beforeEach(() => {
  root = temporaryDirectory();
  directory = join(root.path, "blobs");
});
afterEach(() => root.remove());

const segments = (): string[] => readdirSync(directory).filter((name) => name.endsWith(".seg"));
const blocksOf = (name: string): number => statSync(join(directory, name)).blocks * 512;

describe.each([
  ["SQLite", (): Partial<BlobStoreOptions> => ({})],
  ["memory", (): Partial<BlobStoreOptions> => ({ index: new MemoryBlobIndex() })],
])("index in %s:", (_name, withIndex) => {
  test("what was written is read, and nothing else", () => {
    const { store } = openStore(directory, withIndex());
    const blobs = [blob(1), blob(2, 0), blob(3, 4096), blob(4, 70_000)];
    store.write(blobs);
    for (const { sha256, bytes } of blobs) {
      expect(store.has(sha256)).toBe(true);
      expect(store.read(sha256)).toEqual(new Uint8Array(bytes));
    }
    expect(store.has(blob(9).sha256)).toBe(false);
    expect(store.read(blob(9).sha256)).toBeUndefined();
    expect(store.totals).toEqual({ blobs: 4, bytes: 5_000 + 4_096 + 70_000 });
    store.close();
  });

  test("everything is there after a restart, in several segments", () => {
    const first = openStore(directory, withIndex()).store;
    const blobs = Array.from({ length: 40 }, (_, i) => blob(i));
    for (const one of blobs) first.write([one]);
    first.close();
    expect(segments().length).toBeGreaterThan(3);
    const { store, recovery } = openStore(directory, withIndex());
    for (const { sha256, bytes } of blobs) expect(store.read(sha256)).toEqual(new Uint8Array(bytes));
    expect(recovery).toMatchObject({ damaged: 0, strayBlocks: 0, cutBytes: 0 });
    expect(store.totals).toEqual({ blobs: 40, bytes: 200_000 });
    store.close();
  });

  test("a blob that is held is not written again, also twice in one call", () => {
    const { store } = openStore(directory, withIndex());
    store.write([blob(1), blob(1)]);
    const before = segments().map((name) => statSync(join(directory, name)).size);
    store.write([blob(1)]);
    expect(segments().map((name) => statSync(join(directory, name)).size)).toEqual(before);
    expect(store.totals.blobs).toBe(1);
    store.close();
  });

  test("deleted blobs are gone, also after a restart, and their space comes back", () => {
    const first = openStore(directory, withIndex()).store;
    const blobs = Array.from({ length: 40 }, (_, i) => blob(i));
    for (const one of blobs) first.write([one]);
    const kept = blobs.filter((_, i) => i === 20);
    first.delete(blobs.filter((one) => !kept.includes(one)).map(({ sha256 }) => sha256));
    first.delete([blob(99).sha256]);
    expect(first.totals).toEqual({ blobs: 1, bytes: 5_000 });
    expect(segments()).toHaveLength(2);
    first.close();
    const { store } = openStore(directory, withIndex());
    expect(store.list(undefined, 10).map(({ sha256 }) => sha256)).toEqual(kept.map(({ sha256 }) => sha256));
    // Headers stay until their segment goes.
    for (const name of segments()) expect(blocksOf(name)).toBeLessThan(SEGMENT_BYTES);
    store.close();
  });

  test("a segment whose blobs were deleted while it grew goes when it stops growing", () => {
    const { store } = openStore(directory, withIndex());
    store.write([blob(1, 60_000)]);
    store.delete([blob(1, 60_000).sha256]);
    expect(segments()).toHaveLength(1);
    store.write([blob(2)]);
    store.write([blob(3)]);
    expect(segments()).toEqual(["0000000002.seg"]);
    store.close();
  });

  test("a deleted blob can be written again", () => {
    const { store } = openStore(directory, withIndex());
    store.write([blob(1)]);
    store.delete([blob(1).sha256]);
    expect(store.read(blob(1).sha256)).toBeUndefined();
    store.write([blob(1)]);
    expect(store.read(blob(1).sha256)).toEqual(new Uint8Array(blob(1).bytes));
    store.close();
  });

  test("replace writes a damaged blob anew", () => {
    const { store } = openStore(directory, withIndex());
    store.write([blob(1), blob(2)]);
    const file = join(directory, "0000000001.seg");
    const handle = realDisk.open(file, "write");
    handle.pwrite(new Uint8Array([1, 2, 3, 4]), 8192 + 17);
    handle.close();
    expect(codeOf(() => store.read(blob(1).sha256))).toBe("CORRUPT");
    store.write([blob(1)]);
    expect(codeOf(() => store.read(blob(1).sha256))).toBe("CORRUPT");
    store.write([blob(1)], true);
    expect(store.read(blob(1).sha256)).toEqual(new Uint8Array(blob(1).bytes));
    expect(store.totals).toEqual({ blobs: 2, bytes: 10_000 });
    store.close();
    const again = openStore(directory, withIndex()).store;
    expect(again.read(blob(1).sha256)).toEqual(new Uint8Array(blob(1).bytes));
    expect(again.totals).toEqual({ blobs: 2, bytes: 10_000 });
    again.close();
  });

  test("list goes through the blobs in order", () => {
    const { store } = openStore(directory, withIndex());
    const blobs = Array.from({ length: 10 }, (_, i) => blob(i, 100 + i));
    store.write(blobs);
    const sorted = [...blobs].sort((a, b) => Buffer.compare(a.sha256, b.sha256));
    const found = [];
    for (let after: Uint8Array | undefined; ; ) {
      const page = store.list(after, 3);
      if (page.length === 0) break;
      found.push(...page);
      after = page.at(-1)?.sha256;
    }
    expect(found).toEqual(
      sorted.map(({ sha256, bytes }) => ({ sha256, size: bytes.length, writtenMs: 1_000 })),
    );
    store.close();
  });

  test("the directory of another node is refused", () => {
    const { store } = openStore(directory, withIndex());
    store.write([blob(1)]);
    store.close();
    const open = (): unknown =>
      openStore(directory, { ...withIndex(), identity: { ...IDENTITY, nodeId: "node-2" } });
    expect(codeOf(open)).toBe("WRONG_FORMAT");
    expect(open).toThrow(/node-1.*node-2/);
  });

  test("a closed store says so", () => {
    const { store } = openStore(directory, withIndex());
    store.close();
    store.close();
    expect(codeOf(() => store.read(blob(1).sha256))).toBe("CLOSED");
    expect(codeOf(() => store.write([blob(1)]))).toBe("CLOSED");
  });
});

test("memory for a read comes from its target", () => {
  const { store } = openStore(directory);
  store.write([blob(1)]);
  const memory = new Uint8Array(8_000);
  const bytes = store.read(blob(1).sha256, { allocate: (length) => memory.subarray(7, 7 + length) });
  expect(bytes?.buffer).toBe(memory.buffer);
  expect(bytes).toEqual(new Uint8Array(blob(1).bytes));
  store.close();
});

test("only the owner may read the files", () => {
  const { store } = openStore(directory);
  store.write([blob(1)]);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  store.close();
});

test("the head of another node is refused when the index is gone", () => {
  const { store } = openStore(directory);
  store.write([blob(1)]);
  store.close();
  for (const name of readdirSync(directory)) if (name.startsWith("index")) rmSync(join(directory, name));
  expect(codeOf(() => openStore(directory, { identity: { ...IDENTITY, clusterId: "cluster-2" } }))).toBe(
    "WRONG_FORMAT",
  );
});

describe("a reader of another thread", () => {
  const reader = () => openBlobReader({ disk: realDisk, directory, identity: IDENTITY });

  test("finds blobs after a second, without a close", () => {
    const { store, timers } = openStore(directory);
    store.write([blob(1)]);
    const other = reader();
    timers.run();
    expect(other.read(blob(1).sha256)).toEqual(new Uint8Array(blob(1).bytes));
    other.close();
    expect(codeOf(() => other.read(blob(1).sha256))).toBe("CLOSED");
    store.close();
  });

  test("finds nothing of a deleted blob, also of a segment that it has open", () => {
    const { store, timers } = openStore(directory);
    const other = reader();
    for (let i = 0; i < 12; i++) store.write([blob(i, 20_000)]);
    timers.run();
    for (let i = 0; i < 12; i++) expect(other.read(blob(i, 20_000).sha256)).toBeDefined();
    store.delete(Array.from({ length: 11 }, (_, i) => blob(i, 20_000).sha256));
    for (let i = 0; i < 11; i++) expect(other.read(blob(i, 20_000).sha256)).toBeUndefined();
    expect(other.read(blob(11, 20_000).sha256)).toBeDefined();
    other.close();
    store.close();
  });

  test("with a stale index gets nothing, or the bytes of the new place", () => {
    const { store } = openStore(directory);
    store.write([blob(1), blob(2)]);
    // The first answer of the index is from before the change.
    const withStale = (change: () => void) => {
      const places = [store.list(undefined, 9)];
      expect(places[0]).toHaveLength(2);
      const other = openBlobReader({ disk: realDisk, directory, identity: IDENTITY });
      change();
      const found = other.read(blob(1).sha256);
      other.close();
      return found;
    };
    expect(withStale(() => store.write([blob(1)], true))).toEqual(new Uint8Array(blob(1).bytes));
    expect(withStale(() => store.delete([blob(1).sha256]))).toBeUndefined();
    store.close();
  });
});

describe("the index", () => {
  const fill = (): void => {
    const { store } = openStore(directory);
    for (let i = 0; i < 40; i++) store.write([blob(i)]);
    store.delete(Array.from({ length: 20 }, (_, i) => blob(2 * i).sha256));
    store.close();
  };
  const content = () => {
    const { store, recovery } = openStore(directory);
    const found = { list: store.list(undefined, 100), totals: store.totals };
    store.close();
    return { found, recovery };
  };

  test.each([
    ["missing", (file: string) => rmSync(file)],
    ["empty", (file: string) => truncateSync(file, 0)],
    ["cut short", (file: string) => truncateSync(file, 8192)],
    ["garbage", (file: string) => writeFileSync(file, Buffer.alloc(20_000, 7))],
  ])("that is %s is rebuilt and equal", (_what, damage) => {
    fill();
    const before = content();
    expect(before.recovery.rebuilt).toBe(false);
    damage(join(directory, "index.db"));
    const after = content();
    expect(after.recovery.rebuilt).toBe(true);
    expect(after.found).toEqual(before.found);
    expect(after.found.totals.blobs).toBe(20);
  });

  test("of an older state takes up what came later", () => {
    fill();
    const old = join(root.path, "old.db");
    copyFileSync(join(directory, "index.db"), old);
    const { store } = openStore(directory);
    for (let i = 40; i < 60; i++) store.write([blob(i)]);
    store.close();
    const before = content();
    copyFileSync(old, join(directory, "index.db"));
    const after = content();
    expect(after.recovery).toMatchObject({ rebuilt: false, added: 20 });
    expect(after.found).toEqual(before.found);
  });
});

class FullIndex extends MemoryBlobIndex {
  refusals = 0;
  override remove(...args: Parameters<MemoryBlobIndex["remove"]>): void {
    if (this.refusals-- > 0) throw new BlobError("DISK_FULL", "no space for the index");
    super.remove(...args);
  }
}

test("on a full disk the blobs that are deleted make the space that the index needs", () => {
  const index = new FullIndex();
  const { store } = openStore(directory, { index });
  store.write([blob(1, 40_000), blob(2)]);
  const before = blocksOf("0000000001.seg");
  index.refusals = 1;
  store.delete([blob(1, 40_000).sha256]);
  expect(blocksOf("0000000001.seg")).toBeLessThan(before);
  expect(store.has(blob(1, 40_000).sha256)).toBe(false);
  expect(store.read(blob(2).sha256)).toBeDefined();
  index.refusals = 2;
  expect(codeOf(() => store.delete([blob(2).sha256]))).toBe("IO");
  expect(codeOf(() => store.has(blob(2).sha256))).toBe("IO");
  store.close();
});

test("a killed process leaves everything that it has written, and what is deleted stays so", () => {
  const { store } = openStore(directory);
  for (let i = 0; i < 20; i++) store.write([blob(i)]);
  store.delete([blob(3).sha256]);
  for (let i = 20; i < 30; i++) store.write([blob(i)]);
  // The store stands still, so the copy is what a kill would leave.
  const copy = join(root.path, "copy");
  cpSync(directory, copy, { recursive: true });
  const { store: next, recovery } = openStore(copy);
  expect(recovery).toMatchObject({ rebuilt: false, added: 10 });
  for (let i = 0; i < 30; i++)
    expect(next.read(blob(i).sha256)).toEqual(i === 3 ? undefined : new Uint8Array(blob(i).bytes));
  next.close();
  store.close();
});

test("a start cuts what follows the last record, and keeps records behind damage", () => {
  const { store } = openStore(directory, { segmentBytes: 1 << 20 });
  for (let i = 0; i < 4; i++) store.write([blob(i)]);
  store.close();
  for (const name of readdirSync(directory)) if (name.startsWith("index")) rmSync(join(directory, name));
  const file = join(directory, "0000000001.seg");
  const size = statSync(file).size;
  const handle = realDisk.open(file, "write");
  handle.pwrite(new Uint8Array(80).fill(9), 4096 + 12_288);
  handle.pwrite(new Uint8Array(100), 4096 + 2 * 12_288 + 5_000);
  handle.pwrite(new Uint8Array(5_000).fill(9), size);
  handle.close();
  const { store: again, recovery } = openStore(directory, { segmentBytes: 1 << 20 });
  expect(recovery).toMatchObject({ rebuilt: true, added: 2, cutBytes: 5_000 });
  expect(recovery.strayBlocks).toBeGreaterThan(0);
  expect(again.read(blob(0).sha256)).toEqual(new Uint8Array(blob(0).bytes));
  expect(again.read(blob(1).sha256)).toBeUndefined();
  expect(again.read(blob(2).sha256)).toBeUndefined();
  expect(again.read(blob(3).sha256)).toEqual(new Uint8Array(blob(3).bytes));
  again.write([blob(1), blob(2)]);
  again.close();
  const third = openStore(directory, { segmentBytes: 1 << 20 });
  for (let i = 0; i < 4; i++) expect(third.store.read(blob(i).sha256)).toEqual(new Uint8Array(blob(i).bytes));
  third.store.close();
});

test("what a client writes into a blob does not pass for a record", () => {
  const { store } = openStore(directory, { segmentBytes: 1 << 20 });
  const inner = blob(1);
  store.write([inner]);
  const file = realDisk.open(join(directory, "0000000001.seg"), "read");
  const record = new Uint8Array(4096 + 8192);
  file.pread(record, 4096);
  file.close();
  // A record of a name that the client likes, with bytes that are not its own, where it will lie in the file.
  const forged = record.slice();
  new DataView(forged.buffer).setBigUint64(16, BigInt(4096 + 12_288 + 4096), true);
  const outer = blobOf(forged);
  store.write([outer]);
  store.close();
  for (const name of readdirSync(directory)) if (name.startsWith("index")) rmSync(join(directory, name));
  const { store: again, recovery } = openStore(directory, { segmentBytes: 1 << 20 });
  expect(recovery.added).toBe(2);
  expect(again.read(outer.sha256)).toEqual(forged);
  again.close();
  expect(existsSync(directory)).toBe(true);
});

test("errors name the directory", () => {
  const { store } = openStore(directory);
  store.close();
  expect(() => store.has(blob(1).sha256)).toThrow(directory);
  expect(() => store.has(blob(1).sha256)).toThrow(BlobError);
});
