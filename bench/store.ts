/**
 * What the store can do, alone: it bounds PUT and LIST throughput (decisions 010 and 011).
 *
 *   bun bench/store.ts [--keys N] [--puts N] [--chunks N] [--dir D] [--json]      the store as it is
 *   bun bench/store.ts --layouts                                                  the layouts it was chosen from
 *
 * The directory must lie on the disk in question. Numbers of one run compare with each other only.
 */
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { encodeKey } from "../src/store/key-encoding.ts";
import { SqliteReader } from "../src/store/sqlite/reader.ts";
import { SqliteStore } from "../src/store/sqlite/store.ts";
import { BLIND, type FsmSyncMode, type Mutation } from "../src/store/types.ts";
import { LAYOUTS, type Layout, LayoutStore } from "./store-layouts.ts";

const { values: flags } = parseArgs({
  options: {
    keys: { type: "string", default: "200000" },
    puts: { type: "string", default: "50000" },
    chunks: { type: "string", default: "600" },
    dir: { type: "string", default: join(import.meta.dir, "../.bench-store") },
    layouts: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const KEYS = Number(flags.keys);
const PUTS = Number(flags.puts);
const CHUNKS = Number(flags.chunks);
const MIB = 1 << 20;

interface Figure {
  readonly store: string;
  readonly what: string;
  readonly perSecond: number;
  readonly unit: string;
  /** Longest single transaction or read. */
  readonly worstMs: number;
  /** CPU seconds per wall second. */
  readonly cpu: number;
  /** Bytes this process handed to the disk per byte of payload; 0 for reads. */
  readonly writeFactor: number;
}
const figures: Figure[] = [];

function writtenBytes(): number {
  return Number(/write_bytes: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? 0);
}

/** Runs `step` for i = 0 .. steps-1; each returns how many units it did. */
function measure(
  store: string,
  what: string,
  unit: string,
  steps: number,
  payload: number,
  step: (i: number) => number,
): void {
  const cpu = process.cpuUsage();
  const written = writtenBytes();
  const start = performance.now();
  let units = 0;
  let worstMs = 0;
  for (let i = 0; i < steps; i++) {
    const before = performance.now();
    units += step(i);
    worstMs = Math.max(worstMs, performance.now() - before);
  }
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const stored = units * payload;
  const figure: Figure = {
    store,
    what,
    perSecond: Math.round((units * 1000) / ms),
    unit,
    worstMs: Number(worstMs.toFixed(1)),
    cpu: Number(((user + system) / 1000 / ms).toFixed(2)),
    writeFactor: stored === 0 ? 0 : Number(((writtenBytes() - written) / stored).toFixed(2)),
  };
  figures.push(figure);
  if (!flags.json) {
    const line = [
      figure.store.padEnd(34),
      figure.what.padEnd(34),
      `${figure.perSecond} ${unit}/s`.padStart(16),
    ];
    console.log(
      ...line,
      `worst ${figure.worstMs} ms`.padStart(15),
      `cpu ${figure.cpu}`,
      `written x${figure.writeFactor}`,
    );
  }
}

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  const block = crypto.getRandomValues(new Uint8Array(65_536));
  for (let at = 0; at < length; at += block.length) bytes.set(block.subarray(0, length - at), at);
  return bytes;
}

const VALUE = crypto.getRandomValues(new Uint8Array(200));
const SMALL = noise(4096);
const CHUNK = noise(MIB);
/** Neighbours in time are strangers in the key space, as objects of different folders are. */
const objectKey = (i: number): Uint8Array =>
  encodeKey(["o", "bench-bucket", 1, `folder-${String((i * 7919) % 1000).padStart(4, "0")}/object-${i}`]);
const putOf = (key: Uint8Array, payload: Uint8Array | undefined): Mutation => ({
  kind: "put",
  key,
  value: VALUE,
  payload,
});

interface Target {
  readonly name: string;
  apply(mutations: readonly Mutation[]): void;
  get(key: Uint8Array): number;
  scan(from: Uint8Array, limit: number): number;
  close(): void;
}

function realStore(directory: string, mode: FsmSyncMode): Target {
  const file = join(directory, "kv.db");
  const store = new SqliteStore({ file, fsmSyncMode: mode });
  const reader = new SqliteReader(file);
  let index = 0;
  return {
    name: `SqliteStore ${mode}`,
    apply(mutations) {
      index++;
      const commitTs = (1n << 56n) + BigInt(index);
      store.raftBatch({ index, term: 1, commitTs }, (batch) => {
        for (const mutation of mutations) {
          batch.latest(mutation.key);
          batch.applyMutationsRaft([mutation], BLIND, commitTs);
        }
      });
    },
    get: (key) => reader.getAt(key, BLIND)?.payload?.length ?? 0,
    scan: (from, limit) => reader.scanAt(from, undefined, { limit, readTs: BLIND }).length,
    close() {
      reader.close();
      store.close();
    },
  };
}

function layoutStore(directory: string, layout: Layout): Target {
  const store = new LayoutStore(directory, layout);
  return {
    name: layout.name,
    apply: (m) => store.apply(m),
    get: (k) => store.get(k),
    scan: (k, n) => store.scan(k, n),
    close: () => store.close(),
  };
}

function fresh<T>(action: (directory: string) => T): T {
  mkdirSync(flags.dir, { recursive: true });
  const directory = mkdtempSync(join(flags.dir, "run-"));
  try {
    return action(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function expectEqual(found: number, expected: number, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${found}, expected ${expected}`);
}

function smallObjects(open: (directory: string) => Target, batches: readonly number[]): void {
  for (const batch of batches) {
    fresh((directory) => {
      const target = open(directory);
      measure(target.name, `4 KiB puts, ${batch} per transaction`, "put", PUTS / batch, 4096, (i) => {
        target.apply(Array.from({ length: batch }, (_, n) => putOf(objectKey(i * batch + n), SMALL)));
        return batch;
      });
      if (batch === batches.at(-1)) {
        measure(target.name, `4 KiB get of ${PUTS}`, "get", 30_000, 0, (i) => {
          expectEqual(target.get(objectKey((i * 104_729) % (PUTS - batch))), 4096, "payload");
          return 1;
        });
      }
      target.close();
    });
  }
}

function scans(open: (directory: string) => Target, keys: number, payload: Uint8Array | undefined): void {
  fresh((directory) => {
    const target = open(directory);
    for (let i = 0; i < keys; i += 500) {
      target.apply(
        Array.from({ length: Math.min(500, keys - i) }, (_, n) => putOf(objectKey(i + n), payload)),
      );
    }
    const from = Array.from({ length: 100 }, (_, i) =>
      encodeKey(["o", "bench-bucket", 1, `folder-${String(i * 9).padStart(4, "0")}`]),
    );
    const what = `scan of 1000 in ${keys}, ${payload === undefined ? "no" : "4 KiB"} payload`;
    measure(target.name, what, "scan", 300, 0, (i) => {
      expectEqual(target.scan(from[i % 100] ?? new Uint8Array(0), 1000), 1000, "rows");
      return 1;
    });
    target.close();
  });
}

function chunks(open: (directory: string) => Target): void {
  fresh((directory) => {
    const target = open(directory);
    measure(target.name, "1 MiB chunks, 3 per transaction", "MiB", CHUNKS / 3, MIB, (i) => {
      target.apply([0, 1, 2].map((n) => putOf(encodeKey(["c", "bench-bucket", 1, "key", i, n]), CHUNK)));
      return 3;
    });
    target.close();
  });
}

/** What the disk itself does with the same bytes: the measure of the chunk figures. */
function bareAppend(): void {
  fresh((directory) => {
    const fd = openSync(join(directory, "append"), "w");
    measure("bare file", "append 3 MiB + fdatasync", "MiB", CHUNKS / 3, MIB, () => {
      for (let n = 0; n < 3; n++) writeSync(fd, CHUNK);
      fdatasyncSync(fd);
      return 3;
    });
    closeSync(fd);
  });
}

/** A virtual machine's page cache is slow the first time it is touched: this would be charged to whoever comes first. */
function warmPageCache(): void {
  fresh((directory) => {
    const fd = openSync(join(directory, "warm"), "w");
    for (let i = 0; i < 2500; i++) writeSync(fd, CHUNK);
    closeSync(fd);
  });
}

warmPageCache();
bareAppend();
if (flags.layouts) {
  for (const layout of LAYOUTS) {
    const open = (directory: string) => layoutStore(directory, layout);
    smallObjects(open, [32]);
    scans(open, PUTS, SMALL);
    chunks(open);
  }
} else {
  for (const mode of ["sync", "nosync"] as const) {
    const open = (directory: string) => realStore(directory, mode);
    smallObjects(open, [16, 64]);
    chunks(open);
  }
  const open = (directory: string) => realStore(directory, "nosync");
  scans(open, KEYS, undefined);
  scans(open, Math.min(KEYS, 200_000), SMALL);
}
if (flags.json) console.log(JSON.stringify(figures, null, 2));
rmSync(flags.dir, { recursive: true, force: true });
