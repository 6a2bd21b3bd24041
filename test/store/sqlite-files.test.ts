/**
 * SQLite's own files, as a crash or a copy may leave them: no disk can be simulated below SQLite, so its files are copied, cut, torn and
 * mixed here. Whatever is opened then holds a prefix of the transactions, whole, or is refused; it never holds a wrong row.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { encodeKey } from "../../src/store/key-encoding.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { BLIND, type Mutation, StoreError } from "../../src/store/types.ts";
import { batchPayload, KEYS_PER_BATCH } from "./crash-content.ts";
import { memoryDirectory, SeededRandom } from "./helpers.ts";

const seed = Number(process.env["STORE_FILES_SEED"] ?? Date.now() % 1_000_000);
const BATCHES = 14;
const PAGE_BYTES = 4096;
const WAL_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;
const SECTOR_BYTES = 512;

let directory: ReturnType<typeof memoryDirectory>;
let file: string;
let random: SeededRandom;
beforeEach(() => {
  directory = memoryDirectory();
  file = join(directory.path, "kv.db");
  random = new SeededRandom(seed);
});
afterEach(() => directory.remove());

/** Files of a keyspace that is open, or was when its process died. */
interface Image {
  readonly database: Uint8Array;
  readonly wal: Uint8Array;
  /** Bytes of the write-ahead file behind each transaction, by index. */
  readonly ends: readonly number[];
}

function apply(store: SqliteStore, index: number): void {
  const value = new TextEncoder().encode(String(index));
  const mutations = Array.from({ length: KEYS_PER_BATCH }, (_, n): Mutation => {
    return { kind: "put", key: encodeKey(["k", n]), value, payload: batchPayload(index) };
  });
  store.raftBatch({ index, term: 1, commitTs: BigInt(index) }, (batch) => {
    batch.applyMutationsRaft(mutations, BLIND, BigInt(index));
    batch.putState("batch", value);
  });
}

/** Writes batches into `file`, and takes its files as they are before it is closed. The payload files stay where they are. */
function image(from = 1): Image {
  const store = new SqliteStore({ file, fsmSyncMode: "sync", payloadFileBytes: 1 << 20 });
  const ends: number[] = [];
  for (let index = from; index < from + BATCHES; index++) {
    apply(store, index);
    ends[index] = statSync(`${file}-wal`).size;
  }
  const taken = { database: readFileSync(file), wal: readFileSync(`${file}-wal`), ends };
  store.close();
  return taken;
}

function put(database: Uint8Array, wal: Uint8Array | undefined): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
  writeFileSync(file, database);
  if (wal !== undefined) writeFileSync(`${file}-wal`, wal);
}

/** The index at which a copy of the files opens, all its rows read and compared. Later payload files are not touched for good. */
function openCopy(): number {
  const copy = join(directory.path, "copy");
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  for (const end of ["", "-wal", "-shm"])
    if (existsSync(file + end)) copyFileSync(file + end, join(copy, `kv.db${end}`));
  cpSync(`${file}-payload`, join(copy, "kv.db-payload"), { recursive: true });
  return readAll(join(copy, "kv.db"));
}

function readAll(path: string): number {
  const store = new SqliteStore({ file: path, fsmSyncMode: "sync", payloadFileBytes: 1 << 20 });
  try {
    const { index, term, commitTs } = store.appliedState();
    expect([term, commitTs]).toEqual(index === 0 ? [0, 0n] : [1, BigInt(index)]);
    const oldest = Math.max(1, index - 3, Number(store.retentionHorizon()));
    for (let at = oldest; at <= index; at++) {
      for (let n = 0; n < KEYS_PER_BATCH; n++) {
        const row = store.getAt(encodeKey(["k", n]), BigInt(at));
        expect([row?.commitTs, new TextDecoder().decode(row?.value)]).toEqual([BigInt(at), String(at)]);
        expect(Buffer.compare(row?.payload ?? Buffer.from("absent"), batchPayload(at))).toBe(0);
      }
    }
    if (index > 0) expect(new TextDecoder().decode(store.getState("batch"))).toBe(String(index));
    expect(store.scanAt(encodeKey(["k"]), undefined, { limit: 100, readTs: commitTs }).length).toBe(
      index === 0 ? 0 : KEYS_PER_BATCH,
    );
    // It goes on.
    apply(store, index + 1);
    return index;
  } finally {
    store.close();
  }
}

/** Transactions that lie whole in so many bytes of the write-ahead file. */
function wholeIn(ends: readonly number[], bytes: number): number {
  return ends.reduce((last, end, index) => (end !== undefined && end <= bytes ? index : last), 0);
}

describe(`write-ahead file (STORE_FILES_SEED=${seed})`, () => {
  test("cut anywhere: the transactions before the cut, all of them, and no other", () => {
    const { database, wal, ends } = image();
    const cuts = new Set([0, 1, WAL_HEADER_BYTES - 1, WAL_HEADER_BYTES, wal.length]);
    for (const end of ends)
      if (end !== undefined) for (const by of [-1, 0, 1]) cuts.add(Math.min(end + by, wal.length));
    for (let i = 0; i < 30; i++) cuts.add(random.below(wal.length));
    for (const cut of cuts) {
      put(database, wal.subarray(0, cut));
      expect([cut, openCopy()]).toEqual([cut, wholeIn(ends, cut)]);
    }
  });

  test("a sector that was not written: the transactions before it", () => {
    const { database, wal, ends } = image();
    for (let i = 0; i < 40; i++) {
      const sector = random.below(Math.floor(wal.length / SECTOR_BYTES)) * SECTOR_BYTES;
      const torn = wal.slice();
      if (i % 2 === 0) torn.fill(0, sector, sector + SECTOR_BYTES);
      else torn.set(random.bytes(SECTOR_BYTES), sector);
      if (Buffer.compare(torn, wal) === 0) continue;
      put(database, torn);
      // The header is in the first sector; a frame's checksum covers everything before it.
      const first =
        sector === 0 ? 0 : wholeIn(ends, WAL_HEADER_BYTES + frameOf(differsAt(torn, wal)) * FRAME_BYTES);
      expect([sector, openCopy()]).toEqual([sector, first]);
    }
  });

  test("what an older write-ahead file has left behind the newest frames does not count", () => {
    const { database, wal, ends } = image();
    // Another salt: the same pages, written before the file began again.
    const older = image(BATCHES + 1);
    const mixed = older.wal.slice();
    const end = ends[5] as number;
    mixed.set(wal.subarray(0, end));
    put(database, mixed);
    expect(openCopy()).toBe(5);
  });

  test.each(["missing", "empty", "garbage"] as const)("the -shm is %s: it is made again", (how) => {
    const { database, wal } = image();
    put(database, wal);
    if (how !== "missing") writeFileSync(`${file}-shm`, how === "empty" ? "" : random.bytes(32 << 10));
    expect(openCopy()).toBe(BATCHES);
  });
});

describe(`database file (STORE_FILES_SEED=${seed})`, () => {
  test("a checkpoint that the power ended: each page old, new or torn, and the write-ahead file makes it whole", () => {
    const { database: before, wal } = image();
    // `image` has closed the store: its checkpoint is complete.
    const after = readFileSync(file);
    for (let round = 0; round < 25; round++) {
      const mixed = after.slice(
        0,
        random.below(3) === 0 ? Math.max(before.length, PAGE_BYTES) : after.length,
      );
      for (let at = 0; at < mixed.length; at += SECTOR_BYTES) {
        const old = before.subarray(at, at + SECTOR_BYTES);
        if (random.below(2) === 0)
          mixed.set(old.length === SECTOR_BYTES ? old : new Uint8Array(SECTOR_BYTES), at);
      }
      put(mixed, wal);
      expect([round, openCopy()]).toEqual([round, BATCHES]);
    }
  });

  test("without a write-ahead file, its last page torn or missing: refused, or every row is right", () => {
    image();
    const whole = readFileSync(file);
    const outcomes = new Set<string>();
    for (let round = 0; round < 25; round++) {
      const pages = 1 + random.below(3);
      const cut = whole.length - random.below(pages * PAGE_BYTES) - 1;
      put(whole.subarray(0, cut), undefined);
      try {
        expect([cut, openCopy()]).toEqual([cut, BATCHES]);
        outcomes.add("right");
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        outcomes.add(error.code);
      }
    }
    expect([...outcomes].filter((code) => code !== "right")).toEqual(["CORRUPT"]);
  });
});

describe(`copies of a keyspace in use (STORE_FILES_SEED=${seed})`, () => {
  for (const mode of ["sync", "nosync"] as const) {
    test(`${mode}: taken while the writer stands still, at moments that nobody chose`, async () => {
      const writer = [process.execPath, join(import.meta.dir, "crash-writer.ts"), file, mode];
      const child = Bun.spawn(writer, { stdout: "pipe", stderr: "inherit" });
      let output = "";
      const reading = (async () => {
        const decoder = new TextDecoder();
        for await (const chunk of child.stdout) output += decoder.decode(chunk, { stream: true });
      })();
      const acknowledged = (): number => Number(output.split("\n").slice(1, -1).at(-1) ?? 0);
      try {
        for (let round = 0, from = 0; round < 6; round++) {
          while (acknowledged() < from + 4) await Bun.sleep(1);
          await Bun.sleep(random.below(30));
          from = acknowledged();
          child.kill("SIGSTOP");
          await stopped(child.pid);
          const copy = join(directory.path, `copy-${round}`);
          mkdirSync(copy);
          for (const end of ["", "-wal"]) copyFileSync(file + end, join(copy, `kv.db${end}`));
          cpSync(`${file}-payload`, join(copy, "kv.db-payload"), { recursive: true });
          child.kill("SIGCONT");
          expect(readAll(join(copy, "kv.db"))).toBeGreaterThanOrEqual(from);
        }
      } finally {
        child.kill("SIGKILL");
        await child.exited;
        await reading;
      }
    }, 60_000);
  }
});

/** SIGSTOP is on its way when kill(2) returns. */
async function stopped(pid: number): Promise<void> {
  while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))) await Bun.sleep(1);
}

function differsAt(left: Uint8Array, right: Uint8Array): number {
  return left.findIndex((byte, at) => byte !== right[at]);
}

function frameOf(position: number): number {
  return Math.floor((position - WAL_HEADER_BYTES) / FRAME_BYTES);
}
