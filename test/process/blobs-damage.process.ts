/** Blobs whose files were damaged or lost: peers heal them, and no client ever gets a wrong byte. */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BlobRecord, blobRecords, flipBit, flipPayloadBit, isIntact } from "./lib/blob-files.ts";
import {
  BlobObjects,
  blobDirectory,
  MIB,
  metricsOf,
  nothingMissing,
  offloading,
  offloadingAt,
} from "./lib/blob-objects.ts";
import { type Cluster, waitFor, withCluster } from "./lib/cluster.ts";
import { isConnectionLost } from "./lib/load.ts";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";
import { type Answer, S3Client, sha256 } from "./lib/s3-client.ts";

const BUCKET = "damage";
const OBJECTS = 12;
const FLIPS = 5;
/** Only what a client or a start meets is found, and a repair that failed is tried again soon. */
const ENV = { ELASTICKV_S3_CHUNKBLOB_SCRUB_RATE: "0", ELASTICKV_S3_CHUNKBLOB_BACKFILL_SCAN_INTERVAL: "1s" };

async function upload(objects: BlobObjects, client: S3Client, random: Random): Promise<void> {
  for (let i = 0; i < OBJECTS; i++) {
    const bytes = random.between(1, 4) * MIB + random.between(-70_000, 70_000);
    expect(await objects.put(client, `k${i}`, bytes)).toBe("stored");
  }
}

/** Different ones. */
function choose(records: BlobRecord[], count: number, random: Random): BlobRecord[] {
  const left = [...records];
  return Array.from({ length: count }, () => left.splice(random.between(0, left.length - 1), 1)[0]).filter(
    (record) => record !== undefined,
  );
}

/** Every blob of that node is on its disk, in a place that verifies. */
function allIntact(cluster: Cluster, name: string, blobs: number): boolean {
  const intact = blobRecords(blobDirectory(cluster.node(name))).filter(isIntact);
  return new Set(intact.map((record) => record.sha256)).size >= blobs;
}

test("three nodes: flipped bits, lost blobs and a lost index of one of them are healed from the others", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  await withCluster({ env: ENV, proxied: false }, async (cluster) => {
    const objects = new BlobObjects(BUCKET, random.next());
    await cluster.client("n1").expect(200, "PUT", BUCKET);
    await offloading(cluster, BUCKET);
    await upload(objects, cluster.client("n1"), random);
    await nothingMissing(cluster, objects.blobs, 30_000);
    const target = `n${random.between(1, 3)}`;
    const node = cluster.node(target);
    const client = cluster.client(target);
    const directory = blobDirectory(node);
    const fetches = async () => (await metricsOf(node.running))("elastickv_s3_chunkblob_fetches_total");
    /** Each is found and healed; afterwards nothing has to be fetched for clients. */
    const healed = async (flips: number): Promise<void> => {
      await waitFor(
        async () => {
          const of = await metricsOf(node.running);
          const found = of("elastickv_s3_chunkblob_damage_total", 'event="found"');
          const mended = of("elastickv_s3_chunkblob_damage_total", 'event="healed"');
          if (found === flips && mended === flips && of("elastickv_s3_chunkblob_damaged") === 0) return true;
          throw new Error(`${flips} flipped, ${found} found, ${mended} healed`);
        },
        30_000,
        `healed at ${target}`,
      );
      expect(allIntact(cluster, target, objects.blobs)).toBe(true);
      const before = await fetches();
      await objects.verify(client);
      expect(await fetches()).toBe(before);
    };
    // Probes were deleted, but wait for their sweep: only what objects need is read.
    const needed = () => recordsOf(objects, directory);

    // While the node runs.
    for (const record of choose(needed(), FLIPS, random)) flipPayloadBit(record, random.next());
    await objects.verify(client);
    await healed(FLIPS);

    // While the node is stopped: payloads and headers.
    expect(await cluster.stop(target)).toBe(0);
    const [first, second, ...rest] = choose(needed(), FLIPS, random);
    if (first !== undefined) flipBit(first, 24 + random.between(0, 55));
    if (second !== undefined) flipBit(second, random.between(0, 7));
    for (const record of rest) flipPayloadBit(record, random.next());
    await cluster.start(target);
    await objects.verify(client);
    await healed(FLIPS);

    // Killed, so that the start looks at what came last.
    await cluster.kill(target);
    for (const record of choose(needed().filter(isIntact), FLIPS, random))
      flipPayloadBit(record, random.next());
    await cluster.start(target);
    await objects.verify(client);
    await nothingMissing(cluster, objects.blobs, 30_000);
    expect(allIntact(cluster, target, objects.blobs)).toBe(true);

    // Without any blob: by proxy at once, and full again later.
    expect(await cluster.stop(target)).toBe(0);
    rmSync(directory, { recursive: true });
    await cluster.start(target);
    await objects.verify(client);
    const reads = (await metricsOf(node.running))("elastickv_s3_chunkblob_fetches_total", 'reason="read"');
    const backfills = (await metricsOf(node.running))(
      "elastickv_s3_chunkblob_fetches_total",
      'reason="backfill"',
    );
    console.log(`${target} without blobs: ${reads} fetched for clients, ${backfills} by the backfill`);
    expect(reads + backfills).toBeGreaterThan(0);
    await nothingMissing(cluster, objects.blobs, 30_000);
    expect(allIntact(cluster, target, objects.blobs)).toBe(true);
  });
}, 120_000);

/** Records that a client can meet: the newest of each blob of these objects. */
function recordsOf(objects: BlobObjects, directory: string): BlobRecord[] {
  const newest = new Map(blobRecords(directory).map((record) => [record.sha256, record]));
  return [...newest.values()].filter((record) => objects.names.has(record.sha256));
}

test("one node: a flipped bit is an error and never a wrong byte; a lost or spoiled index is made again", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  const dataDir = temporaryDirectory("damage");
  const objects = new BlobObjects(BUCKET, random.next());
  const directory = blobDirectory({ dataDir });
  let node = await NodeProcess.start({ dataDir, env: ENV });
  let client = new S3Client(node.s3Port);
  const again = async (): Promise<void> => {
    client.close();
    node = await NodeProcess.start({ dataDir, env: ENV });
    client = new S3Client(node.s3Port);
  };
  await client.expect(200, "PUT", BUCKET);
  await offloadingAt(node, client, BUCKET, "n1");
  await upload(objects, client, random);
  expect(recordsOf(objects, directory).length).toBe(objects.blobs);

  for (const spoil of ["deleted", "garbage", "cut"] as const) {
    if (random.chance(0.5)) await node.kill();
    else expect(await node.stop()).toBe(0);
    const index = join(directory, "index.db");
    if (spoil === "garbage") writeFileSync(index, random.bytes(random.between(1, 200_000)));
    else if (spoil === "cut") writeFileSync(index, "");
    else for (const suffix of ["", "-wal", "-shm"]) rmSync(index + suffix, { force: true });
    await again();
    await objects.verify(client);
  }

  const flipped = choose(recordsOf(objects, directory), FLIPS, random);
  for (const record of flipped) flipPayloadBit(record, random.next());
  const failed = await failures(objects, client);
  expect(failed.size).toBeGreaterThan(0);
  expect(failed.size).toBeLessThanOrEqual(FLIPS);
  // It stays an error: the copy is not forgotten, and not taken for good.
  expect(await failures(objects, client)).toEqual(failed);
  await node.kill();
  await again();
  expect(await failures(objects, client)).toEqual(failed);
  // The same bytes uploaded again mend every copy that is known to be damaged: a download finds one after the other.
  const [key = ""] = failed;
  const body = objects.bodyOf(key);
  for (let attempt = 0; attempt < FLIPS && (await failures(objects, client)).has(key); attempt++) {
    await client.expect(200, "PUT", `${BUCKET}/${key}`, { body });
  }
  expect(sha256((await client.expect(200, "GET", `${BUCKET}/${key}`)).body)).toBe(sha256(body));
  client.close();
  expect(await node.stop()).toBe(0);
}, 120_000);

/** Keys that cannot be read. @throws Error when one has wrong bytes */
async function failures(objects: BlobObjects, client: S3Client): Promise<Set<string>> {
  const failed = new Set<string>();
  for (const [key, expected] of objects.stored) {
    const answer: Answer | undefined = await client
      .call("GET", `${BUCKET}/${key}`)
      .catch((error: unknown) => {
        // The first chunks were sent already: the connection is closed before the declared end.
        if (isConnectionLost(error) || /ended after/.test(String(error))) return undefined;
        throw error;
      });
    // Just after the start no other member is known yet, and the answer says "try again".
    if (answer === undefined || answer.status === 500 || answer.status === 503) failed.add(key);
    else {
      expect(answer.status).toBe(200);
      expect(sha256(answer.body)).toBe(expected.sha256);
    }
  }
  return failed;
}
