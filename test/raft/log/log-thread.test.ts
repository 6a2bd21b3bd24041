import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogThread } from "../../../src/raft/log/log-thread.ts";
import type { LogReply, LogRequest, LogWorkerInit } from "../../../src/raft/log/messages.ts";
import { PortChannel } from "../../../src/threads/channel.ts";
import { spawnThread, ThreadStartError } from "../../../src/threads/worker-host.ts";
import { localChannel } from "../../support/local-channel.ts";
import { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { entries, entry, IDENTITY, marker, openWal } from "./support/log-fixture.ts";
import { seededRandom } from "./support/seeded-random.ts";

function startThread() {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  disk.mkdir("/data");
  const { wal, recovered } = openWal(disk, "/data/wal");
  const tasks: (() => void)[] = [];
  const later: (() => void)[] = [];
  const [client, server] = localChannel<LogReply, LogRequest>((task) => tasks.push(task));
  const replies: LogReply[] = [];
  const groups: number[] = [];
  const fatal: string[] = [];
  client.onBatch((batch) => replies.push(...batch));
  const thread = new LogThread({
    wal,
    recovered,
    channel: server,
    metrics: { synced: (group) => groups.push(group.batches) },
    later: (task) => later.push(task),
    fatal: (message) => fatal.push(message),
  });
  thread.start();
  const settle = (): LogReply[] => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
    return replies.splice(0);
  };
  return { disk, client, settle, groups, fatal, later };
}

const append = (id: number, from = id, to = id, bytes = 16): LogRequest => ({
  kind: "append",
  id,
  batch: { entries: entries(from, to, 1, bytes) },
});

describe("LogThread", () => {
  test("says what it found, and one sync covers all that was queued", () => {
    const { client, settle, groups } = startThread();
    for (let id = 1; id <= 20; id++) client.send(append(id));
    const replies = settle();
    expect(replies.map((reply) => reply.kind)).toEqual(["opened", "appended"]);
    expect(replies[1]).toEqual({ kind: "appended", id: 20 });
    expect(groups).toEqual([20]);
  });

  test("a group is cut at 8 MiB, so that its first batch does not wait for all of it", () => {
    const { client, settle, groups } = startThread();
    for (let id = 1; id <= 5; id++) client.send(append(id, id, id, 3 << 20));
    const ids = settle().flatMap((reply) => (reply.kind === "appended" ? [reply.id] : []));
    expect(ids).toEqual([3, 5]);
    expect(groups).toEqual([3, 2]);
  });

  test("a commit index alone promises nothing: no sync for it; a vote, a term or an entry takes it along", () => {
    const { client, settle, groups } = startThread();
    const batches: LogRequest[] = [
      append(1),
      { kind: "append", id: 2, batch: { entries: [], hardState: { term: 1, vote: 1, commit: 0 } } },
      { kind: "append", id: 3, batch: { entries: [], hardState: { term: 1, vote: 1, commit: 1 } } },
      { kind: "append", id: 4, batch: { entries: [], hardState: { term: 2, vote: 0, commit: 1 } } },
      { kind: "append", id: 5, batch: { entries: [], hardState: { term: 2, vote: 2, commit: 1 } } },
    ];
    const synced = batches.map((batch) => {
      client.send(batch);
      const acknowledged = settle().some(({ kind }) => kind === "appended");
      return { acknowledged, groups: groups.splice(0) };
    });
    expect(synced).toEqual([
      { acknowledged: true, groups: [1] },
      { acknowledged: true, groups: [1] },
      { acknowledged: true, groups: [] },
      { acknowledged: true, groups: [2] },
      { acknowledged: true, groups: [1] },
    ]);
  });

  test("nothing is acknowledged before its sync returned", () => {
    const { disk, client, settle, fatal } = startThread();
    client.send(append(1));
    settle();
    disk.inject({ code: "EIO", operation: "datasync", pathContains: ".wal" });
    client.send(append(2));
    client.send(append(3));
    const replies = settle();
    expect(replies).toMatchObject([{ kind: "failed", code: "FSYNC_FAILED" }]);
    expect(fatal).toHaveLength(1);
    client.send(append(4));
    expect(settle()).toEqual([]);
    expect(fatal).toHaveLength(1);
  });

  test("reads pages, compacts through a marker, and says what is gone", () => {
    const { client, settle } = startThread();
    client.send(append(1, 1, 40, 300));
    client.send(append(2, 41, 60, 300));
    client.send({ kind: "read", id: 7, low: 1, high: 61, maxBytes: 900 });
    const pages = settle().filter((reply) => reply.kind === "entries");
    expect(pages[0]?.entries.map((e) => e.index)).toEqual([1, 2, 3]);
    client.send(append(3, 61, 90, 300));
    client.send({ kind: "compact", marker: marker(60, 1), throughIndex: 60 });
    // Behind the newest marker: nothing new, and no reason to end.
    client.send({ kind: "compact", marker: marker(20, 1), throughIndex: 20 });
    client.send({ kind: "read", id: 8, low: 1, high: 2, maxBytes: 1 });
    client.send({ kind: "read", id: 9, low: 90, high: 92, maxBytes: 1 });
    expect(settle()).toMatchObject([
      { kind: "read-failed", id: 8, code: "COMPACTED" },
      { kind: "read-failed", id: 9, code: "UNAVAILABLE" },
      { kind: "appended", id: 3 },
    ]);
  });

  /** A thread whose present segment is full, with none prepared and no space for one. */
  function fullThread() {
    const started = startThread();
    const { disk, client, settle } = started;
    client.send(append(1, 1, 3, 900));
    settle();
    disk.setCapacity(0);
    // Into the segment that was prepared while there was space.
    client.send(append(2, 4, 6, 900));
    expect(settle()).toEqual([{ kind: "appended", id: 2 }]);
    client.send(append(3, 7, 9, 900));
    expect(settle()).toEqual([{ kind: "disk-full", full: true }]);
    return started;
  }

  test("a full disk: appends wait, reads are served, and all goes on when there is space", () => {
    const { disk, client, settle, later } = fullThread();
    client.send(append(4, 10, 10));
    client.send({ kind: "read", id: 1, low: 2, high: 3, maxBytes: 10 });
    expect(settle()).toMatchObject([{ kind: "entries", id: 1 }]);
    later.shift()?.();
    expect(settle()).toEqual([]);
    disk.setCapacity(1 << 30);
    later.shift()?.();
    expect(settle()).toEqual([
      { kind: "appended", id: 4 },
      { kind: "disk-full", full: false },
    ]);
    expect(later).toEqual([]);
  });

  test("closes when asked, also on a full disk", () => {
    const { disk, client, settle } = fullThread();
    client.send({ kind: "close" });
    expect(settle()).toMatchObject([{ kind: "closed" }]);
    disk.setCapacity(1 << 30);
    expect(openWal(disk, "/data/wal").recovered.lastIndex).toBe(6);
  });
});

describe("log Worker", () => {
  const roots: string[] = [];
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true });
  });

  async function startWorker(directory: string, create: boolean) {
    const mail = new MessageChannel();
    const metrics = new MessageChannel();
    const init: LogWorkerInit = {
      kind: "init",
      port: mail.port2,
      metricsPort: metrics.port2,
      directory,
      identity: IDENTITY,
      create,
      logLevel: "error",
      logFormat: "logfmt",
    };
    const replies: LogReply[] = [];
    const channel = new PortChannel<LogReply, LogRequest>(mail.port1);
    let wake: () => void = () => {};
    channel.onBatch((batch) => {
      replies.push(...batch);
      wake();
    });
    const until = async (found: (reply: LogReply) => boolean): Promise<LogReply> => {
      for (;;) {
        const reply = replies.find(found);
        if (reply !== undefined) return reply;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await spawnThread("log", init, [mail.port2, metrics.port2], () => {});
    return { channel, replies, until };
  }

  function newRoot(): string {
    const root = mkdtempSync(join(tmpdir(), "log-worker-"));
    roots.push(root);
    return root;
  }

  test("many appends share few syncs; shared memory arrives; another start finds them", async () => {
    const directory = join(newRoot(), "wal");
    const { channel, replies, until } = await startWorker(directory, true);
    await until((reply) => reply.kind === "opened");
    const count = 500;
    for (let id = 1; id <= count; id++) {
      const shared = new Uint8Array(new SharedArrayBuffer(64)).fill(id & 0xff);
      channel.send({ kind: "append", id, batch: { entries: [{ ...entry(id, 1), data: shared }] } });
      channel.flush();
    }
    await until((reply) => reply.kind === "appended" && reply.id === count);
    const syncs = replies.filter((reply) => reply.kind === "appended").length;
    expect(syncs).toBeLessThan(count / 4);
    channel.send({ kind: "close" });
    await until((reply) => reply.kind === "closed");

    const again = await startWorker(directory, false);
    expect(await again.until((reply) => reply.kind === "opened")).toMatchObject({
      recovered: { firstIndex: 1, lastIndex: count, created: false },
    });
    again.channel.send({ kind: "read", id: 1, low: 300, high: 301, maxBytes: 1 });
    const page = await again.until((reply) => reply.kind === "entries");
    if (page.kind !== "entries") throw new Error("not a page");
    expect([...(page.entries[0]?.data ?? [])]).toEqual(new Array<number>(64).fill(300 & 0xff));
    again.channel.send({ kind: "close" });
    await again.until((reply) => reply.kind === "closed");
  });

  test("a log that cannot be opened fails the start with its reason", async () => {
    const directory = join(newRoot(), "wal");
    const failure = await startWorker(directory, false).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ThreadStartError);
    expect(failure).toMatchObject({ codes: ["NOT_FOUND"] });
    expect(String(failure)).toContain(directory);
  });
});
