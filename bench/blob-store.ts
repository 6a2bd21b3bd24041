/**
 * Where blobs may lie (decision 094): a row each, a file each, segment files (the product's store), and the limit:
 * appending to a file with an fdatasync every 4 MiB.
 *
 *   bun bench/blob-store.ts [--count N] [--bytes B] [--rounds R] [--dir D] [--layouts segments,rows,files]
 *
 * `count` blobs of `bytes` are written in batches of 4 MiB, read in random order (from the page cache), half of them
 * deleted; then the process is killed, and a new one opens what is left. The directory must lie on the disk in
 * question. Numbers of one run compare with each other only.
 */
import { Database } from "bun:sqlite";
import {
  closeSync,
  fdatasyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBlobStore } from "../src/blob/store/blob-store.ts";
import type { NewBlob } from "../src/blob/types.ts";
import { hexOf } from "../src/platform/bytes.ts";
import { systemClock } from "../src/platform/clock.ts";
import { realDisk } from "../src/platform/disk/real-disk.ts";
import type { Disk, DiskFile } from "../src/platform/disk.ts";
import { systemTimers } from "../src/platform/timers.ts";

const { values: flags } = parseArgs({
  options: {
    count: { type: "string", default: "20000" },
    bytes: { type: "string", default: String(64 << 10) },
    rounds: { type: "string", default: "7" },
    dir: { type: "string", default: join(import.meta.dir, "../.bench-blobs") },
    layouts: { type: "string", default: "segments,rows,files" },
    child: { type: "string" },
  },
});
const MIB = 1 << 20;
const BATCH_BYTES = 4 * MIB;
const READS = 5_000;
const DELETE_BATCH = 256;

interface Layout {
  write(blobs: readonly NewBlob[]): void;
  read(name: Uint8Array): Uint8Array | undefined;
  delete(names: readonly Uint8Array[]): void;
  count(): number;
  close(): void;
  readonly syncs: number;
}

/** Counts the syncs of the product; those of SQLite's checkpoints are its own. */
function countingDisk(count: () => void): Disk {
  const open = (...args: Parameters<Disk["open"]>): DiskFile => {
    const file = realDisk.open(...args);
    const datasync = file.datasync.bind(file);
    file.datasync = () => {
      count();
      datasync();
    };
    return file;
  };
  return new Proxy(realDisk, {
    get: (disk, key) => {
      if (key === "open") return open;
      if (key !== "syncDirectory") return Reflect.get(disk, key);
      return (path: string) => {
        count();
        disk.syncDirectory(path);
      };
    },
  });
}

function segments(directory: string): Layout {
  let syncs = 0;
  const store = openBlobStore({
    disk: countingDisk(() => syncs++),
    directory,
    identity: { clusterId: "bench", nodeId: "bench" },
    clock: systemClock,
    timers: systemTimers,
  });
  return {
    write: (blobs) => store.write(blobs),
    read: (name) => store.read(name),
    delete: (names) => store.delete(names),
    count: () => store.totals.blobs,
    close: () => store.close(),
    get syncs() {
      return syncs;
    },
  };
}

function rows(directory: string): Layout {
  mkdirSync(directory, { recursive: true });
  const db = new Database(join(directory, "rows.db"), { create: true, strict: true });
  for (const pragma of [
    "auto_vacuum = INCREMENTAL",
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 2000",
  ])
    db.run(`PRAGMA ${pragma}`);
  db.run("CREATE TABLE IF NOT EXISTS blob(name BLOB PRIMARY KEY, bytes BLOB NOT NULL)");
  let syncs = 0;
  const put = db.query("INSERT INTO blob(name, bytes) VALUES(?1, ?2)");
  const remove = db.query("DELETE FROM blob WHERE name = ?1");
  const get = db.query<{ bytes: Uint8Array }, [Uint8Array]>("SELECT bytes FROM blob WHERE name = ?1");
  return {
    write: (blobs) => {
      db.transaction(() => {
        for (const { sha256, bytes } of blobs) put.run(sha256, bytes);
      })();
      syncs++;
    },
    read: (name) => get.get(name)?.bytes,
    delete: (names) => {
      db.transaction(() => {
        for (const name of names) remove.run(name);
      })();
      db.run("PRAGMA incremental_vacuum");
      syncs++;
    },
    count: () => db.query<{ n: number }, []>("SELECT count(*) AS n FROM blob").get()?.n ?? 0,
    close: () => db.close(),
    get syncs() {
      return syncs;
    },
  };
}

function files(directory: string): Layout {
  mkdirSync(directory, { recursive: true });
  const folders = new Set<string>();
  let syncs = 0;
  const pathOf = (name: Uint8Array): { readonly folder: string; readonly path: string } => {
    const text = hexOf(name);
    const folder = join(directory, text.slice(0, 2));
    if (!folders.has(folder)) {
      mkdirSync(folder, { recursive: true });
      folders.add(folder);
    }
    return { folder, path: join(folder, text) };
  };
  const syncFolders = (changed: ReadonlySet<string>): void => {
    for (const folder of changed) {
      realDisk.syncDirectory(folder);
      syncs++;
    }
  };
  return {
    write: (blobs) => {
      const changed = new Set<string>();
      for (const { sha256, bytes } of blobs) {
        const { folder, path } = pathOf(sha256);
        const fd = openSync(path, "w");
        writeSync(fd, bytes);
        fdatasyncSync(fd);
        closeSync(fd);
        syncs++;
        changed.add(folder);
      }
      syncFolders(changed);
    },
    read: (name) => readFileSync(pathOf(name).path),
    delete: (names) => {
      const changed = new Set<string>();
      for (const name of names) {
        const { folder, path } = pathOf(name);
        unlinkSync(path);
        changed.add(folder);
      }
      syncFolders(changed);
    },
    count: () =>
      realDisk
        .readdir(directory)
        .reduce((sum, folder) => sum + realDisk.readdir(join(directory, folder)).length, 0),
    close: () => {},
    get syncs() {
      return syncs;
    },
  };
}

const LAYOUTS: Readonly<Record<string, (directory: string) => Layout>> = { segments, rows, files };

function writtenBytes(): number {
  return Number(/write_bytes: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? 0);
}

/** Bytes of the blocks below a directory. */
function usedBytes(path: string): number {
  const { blocks } = lstatSync(path);
  if (realDisk.stat(path)?.kind !== "directory") return blocks * 512;
  return realDisk.readdir(path).reduce((sum, name) => sum + usedBytes(join(path, name)), blocks * 512);
}

function timed(action: () => void): number {
  const start = performance.now();
  action();
  return (performance.now() - start) / 1_000;
}

function newBlobs(count: number, bytes: number): NewBlob[] {
  const content = new Uint8Array(new SharedArrayBuffer(bytes)).fill(98);
  return Array.from({ length: count }, () => {
    const sha256 = new Uint8Array(32);
    crypto.getRandomValues(sha256);
    return { sha256, bytes: content };
  });
}

function* batches<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** In a process of its own, which ends by a kill. */
function child(name: string, directory: string, count: number, bytes: number): void {
  const layout = (LAYOUTS[name] as (directory: string) => Layout)(directory);
  const blobs = newBlobs(count, bytes);
  const stored = count * bytes;
  const before = writtenBytes();
  const writing = timed(() => {
    for (const batch of batches(blobs, Math.max(1, Math.floor(BATCH_BYTES / bytes)))) layout.write(batch);
  });
  const { syncs } = layout;
  const written = writtenBytes() - before;
  const used = usedBytes(directory);
  const reading = timed(() => {
    for (let i = 0; i < READS; i++) {
      const { sha256 } = blobs[Math.floor(Math.random() * count)] as NewBlob;
      if (layout.read(sha256)?.length !== bytes) throw new Error(`${name}: a blob is missing`);
    }
  });
  const victims = blobs.filter((_, i) => i % 2 === 0).map(({ sha256 }) => sha256);
  const deleting = timed(() => {
    for (const batch of batches(victims, DELETE_BATCH)) layout.delete(batch);
  });
  const report = {
    layout: name,
    "MB/s": (stored / writing / 1e6).toFixed(0),
    "bytes written per byte": (written / stored).toFixed(3),
    "syncs per MiB": ((syncs / stored) * MIB).toFixed(3),
    "space per byte": (used / stored).toFixed(3),
    "reads/s": (READS / reading).toFixed(0),
    "deletes/s": (victims.length / deleting).toFixed(0),
    "space after deletes, per byte left": (usedBytes(directory) / (stored / 2)).toFixed(3),
  };
  writeSync(1, JSON.stringify(report));
  process.kill(process.pid, "SIGKILL");
}

function runLayout(name: string, root: string): Record<string, string> {
  const directory = join(root, name);
  const { stdout, stderr } = Bun.spawnSync(
    [
      process.execPath,
      import.meta.path,
      "--child",
      name,
      "--dir",
      directory,
      "--count",
      flags.count,
      "--bytes",
      flags.bytes,
    ],
    { stdout: "pipe", stderr: "pipe" },
  );
  if (stdout.length === 0) throw new Error(stderr.toString());
  const report = JSON.parse(stdout.toString()) as Record<string, string>;
  const open = (): string => {
    let layout: Layout | undefined;
    const seconds = timed(() => {
      layout = (LAYOUTS[name] as (directory: string) => Layout)(directory);
      if (layout.count() !== Math.floor(Number(flags.count) / 2))
        throw new Error(`${name}: blobs are missing`);
    });
    layout?.close();
    return `${(seconds * 1_000).toFixed(0)} ms`;
  };
  report["start after a kill"] = open();
  if (name === "segments") {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(join(directory, `index.db${suffix}`), { force: true });
    report["without index"] = open();
  }
  rmSync(directory, { recursive: true });
  return report;
}

/** The file stays, as blobs do: a write into memory that a removed file has just freed would be faster. */
function append(directory: string, name: string, bytes: number): number {
  const path = join(directory, name);
  const piece = new Uint8Array(MIB).fill(98);
  const fd = openSync(path, "w");
  const seconds = timed(() => {
    for (let written = 0, pieces = 1; written < bytes; pieces++) {
      written += writeSync(fd, piece);
      if (pieces % 4 === 0) fdatasyncSync(fd);
    }
  });
  closeSync(fd);
  return seconds;
}

/** 64 MiB as blobs, against appending to a file: the median of the pairs' ratios. */
function rate(root: string, blobBytes: number): Record<string, string> {
  const store = segments(join(root, `rate-${blobBytes}`));
  const total = 64 * MIB;
  const pairs: { readonly blobs: number; readonly limit: number }[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    const before = append(root, `append-${blobBytes}-${round}-before`, total);
    const all = newBlobs(total / blobBytes, blobBytes);
    const blobs = timed(() => {
      for (const batch of batches(all, BATCH_BYTES / blobBytes)) store.write(batch);
    });
    pairs.push({ blobs, limit: (before + append(root, `append-${blobBytes}-${round}-after`, total)) / 2 });
  }
  store.close();
  const ratios = pairs.map(({ blobs, limit }) => limit / blobs).sort((a, b) => a - b);
  const median = ratios[Math.floor(ratios.length / 2)] ?? 0;
  return {
    "blobs of": `${blobBytes >> 10} KiB`,
    ratio: median.toFixed(2),
    lowest: (ratios[0] ?? 0).toFixed(2),
    highest: (ratios.at(-1) ?? 0).toFixed(2),
  };
}

function main(): void {
  mkdirSync(flags.dir, { recursive: true });
  const root = mkdtempSync(join(flags.dir, "run-"));
  try {
    console.table([4 * MIB, MIB, 256 << 10].map((bytes) => rate(root, bytes)));
    for (const name of flags.layouts.split(",").filter((found) => found !== ""))
      console.log(JSON.stringify(runLayout(name, root), undefined, 1));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

if (flags.child === undefined) main();
else child(flags.child, flags.dir, Number(flags.count), Number(flags.bytes));
