/**
 * The snapshot of a keyspace that names 100 GiB of blobs: how large it is, how long it takes to write and to take in,
 * and when a node that received it can answer a read. The limit of the same run: writing and syncing as many bytes.
 *
 *   bun bench/snapshot.ts [--gib N] [--objects N] [--dir D]
 *
 * Every object has its own blobs of 1 MiB, and its references come in entries of 64, as the S3 path writes them. The
 * directory must lie on the disk in question. Numbers of one run compare with each other only.
 */
import { createHash } from "node:crypto";
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EntryType } from "../src/raft/core/types.ts";
import { objectKey, partReferencesPrefix } from "../src/s3/records/keys.ts";
import { Fsm } from "../src/state/state-machine.ts";
import { SqliteGenerations } from "../src/store/generations/sqlite-generations.ts";
import { stampCommitTs } from "../src/txn/command.ts";
import { timestampFromMs } from "../src/txn/hlc.ts";
import { REFERENCES_PER_ENTRY, referenceKey } from "../src/txn/references.ts";
import type { TxnMutation } from "../src/txn/types.ts";
import { encodeTxn } from "../test/support/encode-txn.ts";

const { values: flags } = parseArgs({
  options: {
    gib: { type: "string", default: "100" },
    objects: { type: "string", default: "100" },
    dir: { type: "string", default: join(import.meta.dir, "../.bench-snapshot") },
  },
});
const OBJECTS = Number(flags.objects);
const BLOBS = Number(flags.gib) * 1024;
const MIB = 1 << 20;
const PIECE_BYTES = MIB;
const ENTRIES_PER_APPLY = 16;
const BUCKET = { bucket: "bench", generation: 1n };
/** About what an object of parts has. */
const MANIFEST_BYTES = 400;

mkdirSync(flags.dir, { recursive: true });
const home = mkdtempSync(join(flags.dir, "run-"));
const keyspace = (name: string) =>
  new SqliteGenerations({
    directory: join(home, name),
    fsmSyncMode: "nosync",
    identity: { clusterId: "bench", nodeId: "n1" },
  });

function timed<T>(action: () => T): { readonly value: T; readonly ms: number } {
  const start = performance.now();
  const value = action();
  return { value, ms: performance.now() - start };
}

/** One entry after the other: a PUT is some entries of references, and the object's row with the last. */
function* transactions(): Generator<TxnMutation[]> {
  const perObject = Math.ceil(BLOBS / OBJECTS);
  for (let object = 0; object < OBJECTS; object++) {
    const key = `backup/2026/volume-${String(object).padStart(6, "0")}.bin`;
    const attempt = createHash("sha256").update(key).digest().subarray(0, 16);
    const prefix = partReferencesPrefix(BUCKET, key, attempt);
    for (let first = 0; first < perObject; first += REFERENCES_PER_ENTRY) {
      const count = Math.min(REFERENCES_PER_ENTRY, perObject - first);
      const blobs = Array.from({ length: count }, (_, i) => ({
        sha256: createHash("sha256")
          .update(`${object}/${first + i}`)
          .digest(),
        size: MIB,
      }));
      const mutations: TxnMutation[] = [{ kind: "reference", prefix, first, source: 1, blobs }];
      if (first + count === perObject) {
        mutations.push({
          kind: "put",
          key: objectKey(BUCKET, key),
          value: new Uint8Array(MANIFEST_BYTES).fill(7),
        });
      }
      yield mutations;
    }
  }
}

function fill(): { readonly logBytes: number; readonly entries: number } {
  const store = keyspace("leader").open();
  const fsm = new Fsm(store);
  let index = 0;
  let logBytes = 0;
  let ts = timestampFromMs(1_700_000_000_000);
  let batch = [];
  for (const mutations of transactions()) {
    index++;
    const identity = { origin: new Uint8Array(8).fill(1), sequence: index, acknowledgedBelow: index };
    const data = encodeTxn({ conditions: [], mutations }, identity);
    stampCommitTs(data, ++ts);
    logBytes += data.byteLength;
    batch.push({ index, term: 1, type: EntryType.Normal, data });
    if (batch.length < ENTRIES_PER_APPLY) continue;
    fsm.apply(batch);
    batch = [];
  }
  if (batch.length > 0) fsm.apply(batch);
  store.makeDurable();
  store.close();
  return { logBytes, entries: index };
}

function exportAll(): Uint8Array[] {
  const source = keyspace("leader").openExport();
  const pieces: Uint8Array[] = [];
  for (let piece = source.next(PIECE_BYTES); piece !== undefined; piece = source.next(PIECE_BYTES)) {
    pieces.push(piece);
  }
  source.close();
  return pieces;
}

function takeIn(pieces: readonly Uint8Array[]): void {
  const follower = keyspace("follower");
  // A follower has a keyspace already.
  follower.open().close();
  const incoming = follower.createImport();
  for (const piece of pieces) incoming.write(piece);
  incoming.finish();
  follower.installImport();
}

/** The last object's last reference, which a GET needs before it asks a peer for the blob. */
function firstRead(): void {
  const key = `backup/2026/volume-${String(OBJECTS - 1).padStart(6, "0")}.bin`;
  const attempt = createHash("sha256").update(key).digest().subarray(0, 16);
  const store = keyspace("follower").open();
  const readTs = store.appliedState().commitTs;
  const row = store.getAt(objectKey(BUCKET, key), readTs);
  const last = referenceKey(partReferencesPrefix(BUCKET, key, attempt), Math.ceil(BLOBS / OBJECTS) - 1);
  if (row === undefined || store.getAt(last, readTs) === undefined)
    throw new Error("the snapshot lacks rows");
  store.close();
}

function append(bytes: number): void {
  const file = openSync(join(home, "append"), "w");
  const piece = new Uint8Array(PIECE_BYTES).fill(1);
  for (let written = 0; written < bytes; written += PIECE_BYTES) {
    writeSync(file, piece, 0, Math.min(PIECE_BYTES, bytes - written));
  }
  fdatasyncSync(file);
  closeSync(file);
}

try {
  const filled = timed(fill);
  const exported = timed(exportAll);
  const bytes = exported.value.reduce((sum, piece) => sum + piece.byteLength, 0);
  const imported = timed(() => takeIn(exported.value));
  const served = timed(firstRead);
  const limit = timed(() => append(bytes));
  const { logBytes, entries } = filled.value;
  const show = (what: string, value: string): void => console.log(`${what.padEnd(44)} ${value}`);
  show("references", `${BLOBS} in ${OBJECTS} objects, ${entries} entries`);
  show("log bytes per GiB", `${(logBytes / 1024 / (BLOBS / 1024)).toFixed(1)} KiB`);
  show("snapshot", `${(bytes / MIB).toFixed(1)} MiB, ${(bytes / BLOBS).toFixed(0)} bytes per reference`);
  show("of the bytes that it stands for", `1/${Math.round((BLOBS * MIB) / bytes)}`);
  show("to write it", `${exported.ms.toFixed(0)} ms`);
  show("to take it in, verified and durable", `${imported.ms.toFixed(0)} ms`);
  show("then to the first read", `${served.ms.toFixed(0)} ms`);
  show("to append and sync as many bytes", `${limit.ms.toFixed(0)} ms`);
  show(
    "write + take in, against that append",
    `${((exported.ms + imported.ms) / limit.ms).toFixed(1)} times as long`,
  );
} finally {
  rmSync(home, { recursive: true, force: true });
}
