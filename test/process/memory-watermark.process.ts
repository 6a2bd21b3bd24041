/**
 * The memory watermark, with the real binary in a cgroup of its own with 512 MiB: the kernel kills a process that reaches its limit. Ballast is
 * a file on tmpfs, written from inside of the cgroup: it is counted there, cannot be taken back, and belongs to no process that the kernel
 * could kill in the node's place. Prints what it measured.
 */
import { afterAll, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { MemoryCgroup } from "../platform/support/memory-cgroup.ts";
import { needs } from "../platform/support/needs.ts";
import { metricsOf } from "./lib/blob-objects.ts";
import { waitFor } from "./lib/cluster.ts";
import { expectIntact, Flood } from "./lib/flood.ts";
import { cleanUp, LOOPBACK, NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";
import { type Answer, S3Client, text } from "./lib/s3-client.ts";
import { signedHead } from "./lib/signed-head.ts";

const MIB = 1 << 20;
const LIMIT_BYTES = 512 * MIB;
/** As the product has them: a node does not end earlier, and gives garbage collection some time. */
const AGE_MIN_MS = 30_000;
const PATIENCE_MS = 3_000;
const MEMORY_EXIT_CODE = 75;
const BALLAST_STEP_BYTES = 16 * MIB;

/** One of the three cases that take a minute each; ELASTICKV_TEST_SEED chooses it. */
const { seed } = new Random(seedFromEnvironment());
const picked = seed % 3;
console.log(`seed ${seed}: case ${picked + 1} of three long ones`);

const groups: MemoryCgroup[] = [];
const ballasts: string[] = [];
afterAll(async () => {
  cleanUp();
  for (const directory of ballasts) rmSync(directory, { recursive: true, force: true });
  for (const group of groups) await group.remove();
});

function limitedTo(bytes: number, name: string): MemoryCgroup {
  const group = MemoryCgroup.make(`elastickv-test-${name}`, bytes);
  groups.push(group);
  return group;
}

class Ballast {
  readonly #group: MemoryCgroup;
  readonly #directory = mkdtempSync("/dev/shm/elastickv-ballast-");
  #pieces = 0;
  #bytes = 0;

  constructor(group: MemoryCgroup) {
    this.#group = group;
    ballasts.push(this.#directory);
  }

  get mebibytes(): number {
    return this.#bytes / MIB;
  }

  async add(bytes = BALLAST_STEP_BYTES): Promise<void> {
    this.#bytes += bytes;
    const file = Bun.file(join(this.#directory, `${this.#pieces++}`));
    const command = [...this.#group.wrapper, "head", "-c", String(bytes), "/dev/zero"];
    const child = Bun.spawn(command, { stdout: file, stderr: "inherit", stdin: "ignore" });
    expect(await child.exited).toBe(0);
  }

  drop(): void {
    rmSync(this.#directory, { recursive: true });
  }
}

/** An upload that has sent half of its body, and sends no more. */
async function stuckUpload(port: number, path: string): Promise<Socket> {
  const socket = connect(port, LOOPBACK);
  // The node ends before it has answered.
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(signedHead(port, "PUT", path, 1000));
  socket.write("x".repeat(500));
  return socket;
}

const refusedAs = (answer: Answer): unknown[] => [
  answer.status,
  text(answer.body.toString(), "Code"),
  Number(answer.headers["retry-after"]) > 0,
];

test.if(needs("memory-cgroup"))(
  "with 512 MiB, an upload budget of 4 GiB and a flood: refused near the limit, taken again below it, never killed, nothing lost",
  async () => {
    const group = limitedTo(LIMIT_BYTES, "flood");
    const node = await NodeProcess.start({
      dataDir: temporaryDirectory("watermark"),
      wrapper: group.wrapper,
      args: ["--s3-put-admission-max-inflight-bytes", "4GiB"],
    });
    const client = new S3Client(node.s3Port, 4);
    await client.expect(200, "PUT", "flood");
    await client.expect(200, "PUT", "flood/before", { body: "before" });
    const flood = new Flood(node, "flood");
    await Bun.sleep(8_000);
    const ballast = new Ballast(group);
    await waitFor(
      async () => {
        if (flood.shortOfMemory.length > 0) return true;
        await ballast.add();
        await Bun.sleep(300);
        return false;
      },
      60_000,
      "uploads that are refused for want of memory",
    );
    // The flood's own memory comes and goes; so long as it is high, everybody is refused, and reads go on.
    let refused: Answer | undefined;
    await waitFor(
      async () => {
        const answer = await client.call("PUT", "flood/probe", { body: "probe" });
        if (answer.status === 503) refused = answer;
        else await ballast.add();
        return refused !== undefined;
      },
      60_000,
      "a refused probe",
    );
    expect(refused === undefined ? [] : refusedAs(refused)).toEqual([503, "SlowDown", true]);
    expect((await client.expect(200, "GET", "flood/before")).body.toString()).toBe("before");
    await client.expect(200, "GET", "flood", { query: [["list-type", "2"]] });
    const metrics = await metricsOf(node);
    expect(metrics("elastickv_memory_limit_bytes")).toBe(LIMIT_BYTES);
    expect(metrics("elastickv_s3_put_admission_rejections_total", 'stage="memory"')).toBeGreaterThan(0);
    expect(metrics("elastickv_memory_watermarks_total", 'mark="lower"')).toBeGreaterThan(0);
    console.log(`short of memory with ${ballast.mebibytes} MiB of ballast: ${flood}`);
    ballast.drop();
    await waitFor(
      async () => (await client.call("PUT", "flood/after", { body: "after" })).status === 200,
      60_000,
      "uploads that are taken again",
    );
    await flood.stop();
    console.log(`at the end: ${flood}; killed ${group.kills} times`);
    expect([group.kills, node.exited]).toEqual([0, false]);
    for (const line of [
      "short of memory: new uploads are refused",
      "enough memory again: uploads are taken",
    ]) {
      expect(node.stderr).toContain(line);
    }
    await expectIntact(client, "flood", flood.stored);
    client.close();
    expect(await node.stop()).toBe(0);
  },
  300_000,
);

test.if(picked === 0 && needs("memory-cgroup"))(
  "above the upper mark it drains and exits with 75; what was acknowledged is there after the next start",
  async () => {
    const group = limitedTo(LIMIT_BYTES, "upper");
    const options = { dataDir: temporaryDirectory("watermark-upper"), wrapper: group.wrapper };
    // Every upload is taken; the flood alone goes far above the mark.
    const marks = ["--memory-watermark", "off", "--memory-exit-watermark", "150MiB"];
    const node = await NodeProcess.start({ ...options, args: marks });
    const servesSince = performance.now();
    const client = new S3Client(node.s3Port, 4);
    await client.expect(200, "PUT", "flood");
    client.close();
    const flood = new Flood(node, "flood");
    const code = await node.exitCode(120_000);
    const seconds = (performance.now() - servesSince) / 1000;
    await flood.stop();
    console.log(`ended after ${seconds.toFixed(0)} s: ${flood}`);
    expect([code, group.kills]).toEqual([MEMORY_EXIT_CODE, 0]);
    expect(seconds).toBeGreaterThan((AGE_MIN_MS + PATIENCE_MS) / 1000 - 5);
    expect(node.stderr).toContain("this node stops, to be started again");
    expect(node.stderr).toContain("msg=stopped");
    expect(node.stderr.trimEnd().split("\n").at(-1)).toMatch(/^elastickv: out of memory: \d+ of 512 MiB$/);
    expect(flood.stored.size).toBeGreaterThan(0);
    const again = await NodeProcess.start(options);
    const reader = new S3Client(again.s3Port, 4);
    await expectIntact(reader, "flood", flood.stored);
    reader.close();
    expect(await again.stop()).toBe(0);
  },
  300_000,
);

test.if(picked === 1 && needs("memory-cgroup"))(
  "at the default marks of 512 MiB it stops before the kernel kills; when memory runs out before it has stopped, it ends at once",
  async () => {
    const group = limitedTo(LIMIT_BYTES, "overdue");
    const options = { dataDir: temporaryDirectory("watermark-overdue"), wrapper: group.wrapper };
    // The upload below never ends, and the stop would wait for it.
    const node = await NodeProcess.start({ ...options, args: ["--shutdown-grace", "10m"] });
    const client = new S3Client(node.s3Port, 4);
    await client.expect(200, "PUT", "bucket");
    await client.expect(200, "PUT", "bucket/key", { body: "acknowledged" });
    const stuck = await stuckUpload(node.s3Port, "/bucket/stuck");
    await Bun.sleep(AGE_MIN_MS);
    const ballast = new Ballast(group);
    const usedMebibytes = async (): Promise<number> =>
      (await metricsOf(node))("elastickv_memory_used_bytes") / MIB;
    const growTo = async (mebibytes: number): Promise<void> => {
      for (let used = await usedMebibytes(); used < mebibytes; used = await usedMebibytes()) {
        await ballast.add(Math.min(16, Math.max(2, mebibytes - used)) * MIB);
        // The node looks four times a second.
        await Bun.sleep(300);
      }
    };
    await growTo(418);
    expect((await client.call("PUT", "bucket/refused", { body: "x" })).status).toBe(503);
    await growTo(474);
    await waitFor(() => node.stderr.includes("msg=stopping"), 30_000, "the stop to begin");
    await Bun.sleep(2_000);
    expect(node.exited).toBe(false);
    // Half of what is left above the mark is used up at some point; the other half is 20 MiB.
    while (!node.exited) {
      await ballast.add(2 * MIB);
      await Bun.sleep(200);
    }
    expect([await node.exitCode(), group.kills]).toEqual([MEMORY_EXIT_CODE, 0]);
    expect(node.stderr).toContain("memory runs out before the node has stopped");
    expect(node.stderr).not.toContain("msg=stopped");
    stuck.destroy();
    client.close();
    ballast.drop();
    const again = await NodeProcess.start(options);
    const reader = new S3Client(again.s3Port, 2);
    expect((await reader.expect(200, "GET", "bucket/key")).body.toString()).toBe("acknowledged");
    reader.close();
    expect(await again.stop()).toBe(0);
  },
  180_000,
);

test.if(picked === 2)(
  "a node that needs more than the mark at rest serves reads, refuses uploads, and does not end: it would do so forever",
  async () => {
    const node = await NodeProcess.start({
      dataDir: temporaryDirectory("watermark-small"),
      args: ["--memory-exit-watermark", "16MiB"],
    });
    const client = new S3Client(node.s3Port, 2);
    await client.expect(200, "PUT", "bucket");
    await client.expect(200, "PUT", "bucket/empty");
    await Bun.sleep(AGE_MIN_MS + PATIENCE_MS + 2_000);
    expect(node.exited).toBe(false);
    expect(refusedAs(await client.call("PUT", "bucket/key", { body: "x" }))).toEqual([503, "SlowDown", true]);
    await client.expect(200, "GET", "bucket/empty");
    expect(node.stderr).toContain("another start would not help; the limit is too small");
    client.close();
    expect(await node.stop()).toBe(0);
  },
  120_000,
);
