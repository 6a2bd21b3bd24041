/** Memory is a contract: it does not grow with the number or size of uploads. Prints what it measured. */
import { expect, test } from "bun:test";
import { metricsOf, nothingMissing, offloading } from "./lib/blob-objects.ts";
import { withCluster } from "./lib/cluster.ts";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { residentMebibytes } from "./lib/proc.ts";
import { S3Client, sha256 } from "./lib/s3-client.ts";
import { upload } from "./lib/streamed-upload.ts";

const UPLOADS = 64;
const UPLOAD_BYTES = 64 << 20;
const LIMIT_MIB = 400;
const CLUSTER_UPLOADS = 64;
const CLUSTER_UPLOAD_BYTES = 16 << 20;
const CLUSTER_LIMIT_MIB = 512;
const PAUSE_MS = 10_000;

test(`RSS under ${UPLOADS} concurrent uploads of ${UPLOAD_BYTES >> 20} MiB`, async () => {
  const node = await NodeProcess.start({ dataDir: temporaryDirectory("memory") });
  const client = new S3Client(node.s3Port);
  await client.expect(200, "PUT", "memory");
  const idle = residentMebibytes(node.pid);
  let peak = idle;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMebibytes(node.pid));
  }, 50);
  const begin = performance.now();
  const sent = await Promise.all(
    Array.from({ length: UPLOADS }, (_, i) => upload(node.s3Port, `/memory/${i}`, i, UPLOAD_BYTES)),
  );
  const statuses = sent.map(({ status }) => status);
  clearInterval(watch);
  const seconds = (performance.now() - begin) / 1000;
  const stored = statuses.filter((status) => status === 200).length;
  const busy = statuses.filter((status) => status === 503).length;
  console.log(
    `RSS idle ${idle.toFixed(0)} MiB, peak ${peak.toFixed(0)} MiB; ${stored} stored, ${busy} SlowDown, ` +
      `${((stored * UPLOAD_BYTES) / seconds / 1e6).toFixed(0)} MB/s`,
  );
  expect(stored + busy).toBe(UPLOADS);
  expect(stored).toBeGreaterThan(0);
  expect(peak).toBeLessThan(LIMIT_MIB);
  expect((await client.list("memory")).length).toBe(stored);
  client.close();
  expect(await node.stop()).toBe(0);
}, 600_000);

test(`RSS of three nodes under ${CLUSTER_UPLOADS} concurrent uploads of ${CLUSTER_UPLOAD_BYTES >> 20} MiB, with a follower that stands still`, async () => {
  await withCluster({ proxied: false }, async (cluster) => {
    const leader = await cluster.leader();
    const [ingesting, stopped] = cluster.others(leader);
    if (ingesting === undefined || stopped === undefined) throw new Error("no followers");
    const client = cluster.client(ingesting.name);
    await client.expect(200, "PUT", "memory");
    await offloading(cluster, "memory");
    const peaks = new Map<string, number>();
    const watch = setInterval(() => {
      for (const { name, running } of cluster.nodes) {
        peaks.set(name, Math.max(peaks.get(name) ?? 0, residentMebibytes(running.pid)));
      }
    }, 50);
    const uploads = Promise.all(
      Array.from({ length: CLUSTER_UPLOADS }, (_, i) =>
        upload(ingesting.s3Port, `/memory/${i}`, 1_000 + i, CLUSTER_UPLOAD_BYTES),
      ),
    );
    await Bun.sleep(300);
    cluster.pause(stopped.name);
    await Bun.sleep(PAUSE_MS);
    cluster.resume(stopped.name);
    const sent = await uploads;
    const stored = sent.flatMap(({ status, sha256 }, i) => (status === 200 ? [{ key: `${i}`, sha256 }] : []));
    const refused = sent.filter(({ status }) => status === 503).length;
    const lost = sent.filter(({ status }) => status === 0).length;
    // Nobody is left behind, and what the one that stood still fetches later costs no memory either.
    await nothingMissing(cluster, stored.length * (CLUSTER_UPLOAD_BYTES >> 20), 60_000);
    clearInterval(watch);
    const counted = (await metricsOf(ingesting.running))("elastickv_s3_put_admission_rejections_total");
    console.log(
      `RSS peak ${[...peaks].map(([name, mebibytes]) => `${name} ${mebibytes.toFixed(0)}`).join(", ")} MiB; ${stored.length} stored, ` +
        `${refused} refused, ${lost} closed; ${counted} refusals counted`,
    );
    expect(stored.length + refused + lost).toBe(CLUSTER_UPLOADS);
    expect(stored.length).toBeGreaterThan(0);
    expect(refused).toBeLessThanOrEqual(counted);
    // A refusal closes the connection under a body that is being sent: a client may not see the answer.
    expect(lost).toBeLessThanOrEqual(counted - refused);
    for (const peak of peaks.values()) expect(peak).toBeLessThanOrEqual(CLUSTER_LIMIT_MIB);
    for (const { key, sha256: expected } of stored) {
      expect(sha256((await client.expect(200, "GET", `memory/${key}`)).body)).toBe(expected);
    }
  });
}, 300_000);
