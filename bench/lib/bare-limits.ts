/**
 * What the machine itself gives, in a process of its own: `bun bench/lib/bare-limits.ts JSON` (BareLimit) prints a BareRate.
 * - sync: write and fdatasync of so many bytes, one after the other, into space that is reserved;
 * - round-trip: a message there and back over loopback TCP, between two processes;
 * - point-reads: random rows by primary key from an SQLite database, by a prepared statement.
 */
import { Database } from "bun:sqlite";
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { Random } from "../../test/process/lib/random.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

export type BareLimit =
  | { readonly what: "sync"; readonly directory: string; readonly bytes: number; readonly seconds: number }
  | { readonly what: "round-trip"; readonly bytes: number; readonly seconds: number }
  | {
      readonly what: "point-reads";
      readonly directory: string;
      readonly rows: number;
      readonly bytes: number;
      readonly seconds: number;
    };

export interface BareRate {
  readonly perSecond: number;
  readonly p50Ms: number;
}

const FILE_BYTES = 64 << 20;
const FILL = new Uint8Array(1 << 20);

/** Runs it apart. @throws Error when it fails. */
export async function bareLimit(limit: BareLimit): Promise<BareRate> {
  const child = Bun.spawn([process.execPath, import.meta.path, JSON.stringify(limit)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`bare ${limit.what} failed`);
  return JSON.parse(output) as BareRate;
}

function measure(seconds: number, once: () => void): BareRate {
  const latencies = new LatencyHistogram();
  let count = 0;
  const begin = performance.now();
  let now = begin;
  while (now - begin < seconds * 1000) {
    once();
    const end = performance.now();
    latencies.record(end - now);
    now = end;
    count++;
  }
  return { perSecond: (count / (now - begin)) * 1000, p50Ms: latencies.quantile(0.5) };
}

function sync(directory: string, bytes: number, seconds: number): BareRate {
  const path = join(directory, "bare-sync");
  const fd = openSync(path, "w");
  for (let at = 0; at < FILE_BYTES; at += FILL.length) writeSync(fd, FILL, 0, FILL.length, at);
  fdatasyncSync(fd);
  const buffer = new Uint8Array(bytes).fill(98);
  let at = 0;
  const rate = measure(seconds, () => {
    if (at + bytes > FILE_BYTES) at = 0;
    writeSync(fd, buffer, 0, bytes, at);
    fdatasyncSync(fd);
    at += bytes;
  });
  closeSync(fd);
  rmSync(path);
  return rate;
}

function pointReads(directory: string, rows: number, bytes: number, seconds: number): BareRate {
  const path = join(directory, "bare-reads.db");
  const db = new Database(path, { create: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA cache_size = -32768");
  db.run("CREATE TABLE kv(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT");
  const encoder = new TextEncoder();
  const keys = Array.from({ length: rows }, (_, n) => encoder.encode(`bench/${String(n).padStart(8, "0")}`));
  const value = new Uint8Array(bytes).fill(98);
  const insert = db.prepare("INSERT INTO kv(key, value) VALUES(?1, ?2)");
  db.transaction(() => {
    for (const key of keys) insert.run(key, value);
  })();
  const select = db.prepare<{ value: Uint8Array }, [Uint8Array]>("SELECT value FROM kv WHERE key = ?1");
  const random = new Random(1);
  const rate = measure(seconds, () => {
    const row = select.get(keys[random.between(0, rows - 1)] ?? FILL);
    if (row?.value.length !== bytes) throw new Error("a row is missing");
  });
  db.close();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  return rate;
}

async function roundTrip(bytes: number, seconds: number): Promise<BareRate> {
  const echo = Bun.spawn([process.execPath, import.meta.path, "echo"], { stdout: "pipe", stderr: "inherit" });
  const reader = echo.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value).trim());
  const latencies = new LatencyHistogram();
  const message = new Uint8Array(bytes).fill(98);
  const rate = await new Promise<BareRate>((done, failed) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    let got = 0;
    let count = 0;
    let begin = 0;
    let sentAt = 0;
    const send = (): void => {
      got = 0;
      sentAt = performance.now();
      socket.write(message);
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      begin = performance.now();
      send();
    });
    socket.on("data", (piece) => {
      got += piece.length;
      if (got < bytes) return;
      const now = performance.now();
      latencies.record(now - sentAt);
      count++;
      if (now - begin < seconds * 1000) return send();
      socket.destroy();
      done({ perSecond: (count / (now - begin)) * 1000, p50Ms: latencies.quantile(0.5) });
    });
  });
  echo.kill();
  await echo.exited;
  return rate;
}

function echo(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (piece) => socket.write(piece));
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

async function main(argument: string): Promise<void> {
  if (argument === "echo") return echo();
  const limit = JSON.parse(argument) as BareLimit;
  switch (limit.what) {
    case "sync":
      return console.log(JSON.stringify(sync(limit.directory, limit.bytes, limit.seconds)));
    case "round-trip":
      return console.log(JSON.stringify(await roundTrip(limit.bytes, limit.seconds)));
    case "point-reads":
      return console.log(JSON.stringify(pointReads(limit.directory, limit.rows, limit.bytes, limit.seconds)));
  }
}

if (import.meta.main) await main(process.argv[2] ?? "");
