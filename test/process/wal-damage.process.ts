/** Damage to the real log files of a stopped node. docs/format/wal.md, "Recovery", says what must happen: a torn tail is
 *  cut and kept aside, everything else refuses to start, and names the file. */
import { expect, test } from "bun:test";
import {
  closeSync,
  cpSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { realDisk } from "../../src/platform/disk/real-disk.ts";
import { readWatermark, WATERMARK_FILE } from "../../src/raft/log/ack-watermark.ts";
import { recoverLog } from "../../src/raft/log/recovery.ts";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { Random } from "./lib/random.ts";
import { S3Client } from "./lib/s3-client.ts";

const SECTOR = 512;
const OBJECTS = 60;
const SEGMENT_ATTEMPTS = 10;
const BUCKET = "damage";

function walDirectory(dataDir: string): string {
  const directory = [join(dataDir, "wal"), join(dataDir, "raft/wal"), join(dataDir, "raft")].find(
    (path) => segments(path).length > 0,
  );
  if (directory === undefined)
    throw new Error(`no *.wal below ${dataDir}: ${readdirSync(dataDir).join(", ")}`);
  return directory;
}

function segments(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".wal"))
      .toSorted()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function edit(
  path: string,
  change: (file: {
    read(at: number, n: number): Uint8Array;
    write(at: number, bytes: Uint8Array): void;
    size: number;
  }) => void,
): void {
  const fd = openSync(path, "r+");
  change({
    size: fstatSync(fd).size,
    read(at, n) {
      const bytes = new Uint8Array(n);
      return bytes.subarray(0, readSync(fd, bytes, 0, n, at));
    },
    write: (at, bytes) => {
      writeSync(fd, bytes, 0, bytes.length, at);
    },
  });
  closeSync(fd);
}

/** Where the last byte that is not zero lies. */
function contentEnd(path: string): number {
  let end = 0;
  edit(path, (file) => {
    const step = 1 << 20;
    for (let at = 0; at < file.size; at += step) {
      const bytes = file.read(at, step);
      const last = bytes.findLastIndex((byte) => byte !== 0);
      if (last >= 0) end = at + last + 1;
    }
  });
  return end;
}

/** A directory as SIGKILL leaves it. */
async function filledDirectory(): Promise<string> {
  const dataDir = temporaryDirectory("wal");
  const node = await NodeProcess.start({ dataDir });
  const client = new S3Client(node.s3Port);
  const body = new Random(7).bytes(3000);
  await client.expect(200, "PUT", BUCKET);
  for (let i = 0; i < OBJECTS; i++) await client.expect(200, "PUT", `${BUCKET}/${i}`, { body });
  client.close();
  // Killed, not stopped: nothing is tidied, the log alone tells what happened.
  await node.kill();
  return dataDir;
}

/**
 * A directory of which both of the newest segments are needed: large bodies, the keyspace not synced at once, and killed as soon as
 * something in a second segment was acknowledged (a segment that is only there is rightly not missed). On a slow machine the keyspace
 * may have been synced just then, and the log says so in its newest marker; that directory would start rightly without the older
 * segment, so it takes another.
 */
async function directoryOfSegments(): Promise<string> {
  const found: string[] = [];
  // Bodies beside the log would not fill it.
  const env = { ELASTICKV_FSM_SYNC_MODE: "nosync", ELASTICKV_S3_BLOB_OFFLOAD: "false" };
  for (let attempt = 1; attempt <= SEGMENT_ATTEMPTS; attempt++) {
    const dataDir = temporaryDirectory("wal");
    const node = await NodeProcess.start({ dataDir, env });
    const client = new S3Client(node.s3Port);
    await client.expect(200, "PUT", BUCKET);
    const body = new Random(7).bytes(3_000_000);
    let killed = false;
    const load = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; !killed && i < OBJECTS; i++) {
        await client.call("PUT", `${BUCKET}/${writer}-${i}`, { body }).catch(() => undefined);
      }
    });
    const directory = walDirectory(dataDir);
    for (let poll = 0; poll < 10_000 && acknowledgedSegment(directory) < 2; poll++) await Bun.sleep(2);
    await node.kill();
    killed = true;
    await Promise.all(load);
    client.close();
    const { length } = segments(directory);
    const { marker, newest, newestBegins } = logFacts(dataDir);
    const acknowledged = acknowledgedSegment(directory);
    if (length >= 2 && marker + 1 < newestBegins && acknowledged === newest) return dataDir;
    found.push(
      `${length} segments, the newest is ${newest}, from ${newestBegins}, marker ${marker}, acknowledged in ${acknowledged}`,
    );
    rmSync(dataDir, { recursive: true });
  }
  throw new Error(`no log of two needed segments in ${SEGMENT_ATTEMPTS} attempts: ${found.join("; ")}`);
}

/** The sequence number of the segment up to which the log is acknowledged; 0: none yet. */
function acknowledgedSegment(directory: string): number {
  const path = join(directory, WATERMARK_FILE);
  if (!existsSync(path)) return 0;
  const file = realDisk.open(path, "read");
  try {
    return readWatermark(file).watermark?.sequence ?? 0;
  } finally {
    file.close();
  }
}

/** What the log itself says, read by its own recovery, which changes nothing. */
function logFacts(dataDir: string): {
  readonly marker: number;
  readonly newest: number;
  readonly newestBegins: number;
} {
  const identity = JSON.parse(readFileSync(join(dataDir, "node.json"), "utf8"));
  const { clusterId, nodeId } = identity;
  const recovery = recoverLog(realDisk, walDirectory(dataDir), { clusterId, nodeId }, "unreadable");
  if (recovery === undefined) throw new Error(`no log in ${dataDir}`);
  for (const { file } of recovery.segments) file.close();
  return {
    marker: recovery.state.snapshotIndex,
    newest: recovery.segments.at(-1)?.sequence ?? 0,
    newestBegins: recovery.segments.at(-1)?.firstIndex ?? 0,
  };
}

async function countObjects(dataDir: string): Promise<{ count: number; stderr: string }> {
  const node = await NodeProcess.start({ dataDir });
  const client = new S3Client(node.s3Port);
  const count = (await client.list(BUCKET)).length;
  client.close();
  expect(await node.stop()).toBe(0);
  return { count, stderr: node.stderr };
}

async function expectRefusal(dataDir: string, ...named: (string | RegExp)[]): Promise<void> {
  const before = segments(walDirectory(dataDir));
  const node = await NodeProcess.spawn({ dataDir });
  const code = await node.exitCode(30_000);
  expect({ code, started: node.stdout.includes("ready") }).toMatchObject({ started: false });
  expect(code).not.toBe(0);
  const complaint = node.stderr.split("\n").filter((line) => line.startsWith("elastickv: "));
  expect(complaint.length === 1 ? complaint[0] : node.stderr).toStartWith("elastickv: ");
  for (const name of named) {
    if (typeof name === "string") expect(complaint[0]).toContain(name);
    else expect(complaint[0]).toMatch(name);
  }
  // Refusing changes nothing.
  expect(segments(walDirectory(dataDir))).toEqual(before);
}

test("an undamaged log after SIGKILL: everything is there", async () => {
  const dataDir = await filledDirectory();
  expect((await countObjects(dataDir)).count).toBe(OBJECTS);
});

test("a flipped bit in the middle refuses, and names file and offset", async () => {
  const dataDir = await filledDirectory();
  const [path = ""] = segments(walDirectory(dataDir)).toReversed();
  const at = contentEnd(path) >> 1;
  edit(path, (file) => file.write(at, new Uint8Array([(file.read(at, 1)[0] ?? 0) ^ 0x10])));
  await expectRefusal(dataDir, path, /offset \d+/);
});

test("a zeroed sector in the middle refuses", async () => {
  const dataDir = await filledDirectory();
  const [path = ""] = segments(walDirectory(dataDir)).toReversed();
  const at = (contentEnd(path) >> 1) & ~(SECTOR - 1);
  edit(path, (file) => file.write(at, new Uint8Array(SECTOR)));
  await expectRefusal(dataDir, path);
});

test("a tail cut off in what was acknowledged refuses: acknowledged entries are never dropped", async () => {
  const dataDir = await filledDirectory();
  const [path = ""] = segments(walDirectory(dataDir)).toReversed();
  const end = contentEnd(path);
  // Half of the log, away: no crash does that to bytes that were synced.
  const from = end >> 1;
  edit(path, (file) => file.write(from, new Uint8Array(end - from)));
  await expectRefusal(dataDir);
});

test("a torn last write is cut, kept aside and logged; what was acknowledged stays", async () => {
  const dataDir = await filledDirectory();
  const directory = walDirectory(dataDir);
  const [path = ""] = segments(directory).toReversed();
  const end = contentEnd(path);
  // As if a crash had hit while the next batch was being written: a beginning without its end.
  const at = (end + 7) & ~7;
  edit(path, (file) => file.write(at, new Random(3).bytes(1000)));
  const { count, stderr } = await countObjects(dataDir);
  expect(count).toBe(OBJECTS);
  expect(stderr).toMatch(/torn/i);
  const kept = [...readdirSync(directory), ...readdirSync(dataDir)].filter((name) =>
    /torn|tail|aside/i.test(name),
  );
  expect(kept.length).toBeGreaterThan(0);
  // And it is a complete log again.
  expect((await countObjects(dataDir)).count).toBe(OBJECTS);
});

test("a missing segment refuses: the newest, or the one before it", async () => {
  const dataDir = await directoryOfSegments();
  const all = segments(walDirectory(dataDir));
  const copy = temporaryDirectory("wal-copy");
  // A node that was killed leaves its admin socket behind, which Node's copy does not take.
  cpSync(dataDir, copy, { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
  rmSync(all.at(-1) ?? "");
  await expectRefusal(dataDir, /missing/);
  // What the keyspace has not got for certain must still be in the log: without the older segment it is not.
  rmSync(segments(walDirectory(copy)).at(-2) ?? "");
  await expectRefusal(copy, /missing/);
});

test("no segment at all, beside a keyspace, refuses", async () => {
  const dataDir = await filledDirectory();
  const directory = walDirectory(dataDir);
  rmSync(directory, { recursive: true });
  const node = await NodeProcess.spawn({ dataDir });
  expect(await node.exitCode(30_000)).toBe(78);
  expect(node.stderr).toMatch(/^elastickv: .*no write-ahead log/m);
});

test("another cluster's segments refuse", async () => {
  const mine = await filledDirectory();
  const other = await filledDirectory();
  const directory = walDirectory(mine);
  rmSync(directory, { recursive: true });
  cpSync(walDirectory(other), directory, { recursive: true });
  await expectRefusal(mine, /cluster/);
});
