/**
 * The log against its limits, in one run on one file system:
 * - group commit: 512-byte batches per second, 1 / 16 / 64 / 256 in flight through the log Worker, against the rate of bare
 *   write + fdatasync of the same bytes (one batch a sync);
 * - bulk: 3 MiB entries, against bare append + fdatasync of the same size.
 *
 * `bun bench/wal.ts [--dir D] [--seconds S] [--json FILE]`
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { realDisk } from "../src/platform/disk/real-disk.ts";
import { EntryType } from "../src/raft/core/types.ts";
import type { LogReply, LogRequest, LogWorkerInit } from "../src/raft/log/messages.ts";
import { Wal } from "../src/raft/log/wal.ts";
import { PortChannel } from "../src/threads/channel.ts";
import { spawnThread } from "../src/threads/worker-host.ts";

const { values } = parseArgs({
  options: {
    dir: { type: "string", default: tmpdir() },
    seconds: { type: "string", default: "2" },
    json: { type: "string" },
  },
});
const SECONDS = Number(values.seconds);
const SMALL_BYTES = 512;
const LARGE_BYTES = 3 << 20;
const FILE_BYTES = 64 << 20;
const IDENTITY = { clusterId: "bench", nodeId: "bench" };
const WIDTHS = [1, 16, 64, 256];

interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
  readonly ratio: number;
  readonly note: string;
}

const root = mkdtempSync(join(values.dir, "bench-wal-"));

/** Syncs per second of bare sequential writes into reserved space. */
function bareSyncs(bytes: number): number {
  const path = join(root, `bare-${bytes}`);
  rmSync(path, { force: true });
  const prepared = realDisk.open(path, "create");
  prepared.preallocate(FILE_BYTES);
  prepared.datasync();
  prepared.close();
  const fd = openSync(path, "r+");
  const buffer = new Uint8Array(bytes).fill(1);
  let syncs = 0;
  let at = 0;
  const started = performance.now();
  while (performance.now() - started < SECONDS * 1_000) {
    // Like the log, it goes on to fresh space; unlike the log, for free.
    if (at + bytes > FILE_BYTES) at = 0;
    writeSync(fd, buffer, 0, bytes, at);
    fdatasyncSync(fd);
    at += bytes;
    syncs++;
  }
  const rate = syncs / ((performance.now() - started) / 1_000);
  closeSync(fd);
  return rate;
}

/** Bare append to a growing file. Syncs per second. */
function bareAppends(bytes: number): number {
  const path = join(root, `append-${bytes}`);
  const buffer = new Uint8Array(bytes).fill(1);
  let syncs = 0;
  const fd = openSync(path, "w");
  const started = performance.now();
  while (performance.now() - started < SECONDS * 1_000) {
    writeSync(fd, buffer);
    fdatasyncSync(fd);
    syncs++;
  }
  const rate = syncs / ((performance.now() - started) / 1_000);
  closeSync(fd);
  rmSync(path);
  return rate;
}

async function throughWorker(width: number): Promise<{ batches: number; syncs: number }> {
  const mail = new MessageChannel();
  const metrics = new MessageChannel();
  const init: LogWorkerInit = {
    kind: "init",
    port: mail.port2,
    metricsPort: metrics.port2,
    directory: join(root, `wal-${width}`),
    identity: IDENTITY,
    create: true,
    logLevel: "warn",
    logFormat: "logfmt",
  };
  const channel = new PortChannel<LogReply, LogRequest>(mail.port1);
  const result = new Promise<{ batches: number; syncs: number }>((resolve, reject) => {
    let sent = 0;
    let acknowledged = 0;
    let answers = 0;
    let started = 0;
    const data = new Uint8Array(new SharedArrayBuffer(SMALL_BYTES)).fill(1);
    const fill = (): void => {
      for (; sent < acknowledged + width; ) {
        sent++;
        const entry = { term: 1, index: sent, type: EntryType.Normal, data };
        channel.send({ kind: "append", id: sent, batch: { entries: [entry] } });
      }
    };
    channel.onBatch((replies) => {
      for (const reply of replies) {
        if (reply.kind === "opened") started = performance.now();
        if (reply.kind === "failed") reject(new Error(reply.message));
        if (reply.kind === "closed") {
          const seconds = (performance.now() - started) / 1_000;
          resolve({ batches: acknowledged / seconds, syncs: answers / seconds });
        }
        if (reply.kind !== "appended") continue;
        acknowledged = reply.id;
        answers++;
      }
      if (performance.now() - started < SECONDS * 1_000) fill();
      else if (acknowledged === sent) channel.send({ kind: "close" });
    });
  });
  await spawnThread("log", init, [mail.port2, metrics.port2], (message) => {
    if (!message.includes("thread ended")) console.error(message);
  });
  return await result;
}

/** 3 MiB entries straight into a Wal. MB per second. */
function bulk(): number {
  const data = new Uint8Array(new SharedArrayBuffer(LARGE_BYTES)).fill(1);
  const directory = join(root, "wal-bulk");
  const { wal } = Wal.open({ disk: realDisk, directory, identity: IDENTITY, create: true });
  let index = 0;
  const started = performance.now();
  while (performance.now() - started < SECONDS * 1_000) {
    index++;
    const hardState = { term: 1, vote: 1, commit: index - 1 };
    wal.append({ entries: [{ term: 1, index, type: EntryType.Normal, data }], hardState });
    wal.sync();
    wal.maintain();
    // As in a node whose state is durable elsewhere: the disk holds a few segments, not the whole run.
    if (index % 100 === 0) {
      const confState = { voters: [1], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
      wal.append({ entries: [], snapshot: { index, term: 1, confState } });
      wal.compact(index);
    }
  }
  const seconds = (performance.now() - started) / 1_000;
  wal.close();
  return (index * LARGE_BYTES) / 1e6 / seconds;
}

const rows: Row[] = [];
for (const width of WIDTHS) {
  const before = bareSyncs(SMALL_BYTES);
  const { batches, syncs } = await throughWorker(width);
  // The machine has other work: the limit is what it gave just before and just after.
  const bareSmall = (before + bareSyncs(SMALL_BYTES)) / 2;
  rows.push({
    name: `group commit, ${width} in flight`,
    value: batches,
    unit: "batches/s",
    limit: bareSmall,
    ratio: batches / bareSmall,
    note: `${(batches / syncs).toFixed(1)} batches a sync`,
  });
}
const before = bareAppends(LARGE_BYTES);
const bulkRate = bulk();
const bareLarge = (((before + bareAppends(LARGE_BYTES)) / 2) * LARGE_BYTES) / 1e6;
rows.push({
  name: "3 MiB entries",
  value: bulkRate,
  unit: "MB/s",
  limit: bareLarge,
  ratio: bulkRate / bareLarge,
  note: "checksums included",
});
rmSync(root, { recursive: true });

console.log("| what | value | bare fdatasync | ratio | |\n|---|---|---|---|---|");
for (const { name, value, unit, limit, ratio, note } of rows) {
  console.log(
    `| ${name} | ${value.toFixed(0)} ${unit} | ${limit.toFixed(0)} | ${ratio.toFixed(2)} | ${note} |`,
  );
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
process.exit(0);
