/** Members that keep no blobs, by their setting or by their age: uploads go through the log, and everything stays readable. */
import { expect, test } from "bun:test";
import { BlobObjects, MIB, metricsOf, nothingMissing, offloading } from "./lib/blob-objects.ts";
import { type Cluster, waitFor, withCluster } from "./lib/cluster.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";

const BUCKET = "mixed";
const ENV = { ELASTICKV_S3_CHUNKBLOB_BACKFILL_SCAN_INTERVAL: "1s" };
const WITHOUT = { ELASTICKV_S3_BLOB_OFFLOAD: "false" };
/** A compiled binary of the release before blobs. */
const OLD_BINARY = process.env["ELASTICKV_TEST_OLD_BINARY"] ?? "";

/** Objects at every node, of one chunk and of several, and by multipart. */
async function upload(cluster: Cluster, objects: BlobObjects, prefix: string): Promise<void> {
  for (const { name } of cluster.nodes) {
    const client = cluster.client(name);
    expect(await objects.put(client, `${prefix}-${name}-small`, 200_000)).toBe("stored");
    expect(await objects.put(client, `${prefix}-${name}`, 3 * MIB + 11)).toBe("stored");
    expect(await objects.multipart(client, `${prefix}-${name}-parts`, 10 * MIB)).toBe("stored");
  }
}

async function verifyEverywhere(cluster: Cluster, objects: BlobObjects): Promise<void> {
  for (const { name } of cluster.nodes) await objects.verify(cluster.client(name));
}

/** Blobs that the gateways of all nodes have stored since their starts. */
async function blobsStored(cluster: Cluster): Promise<number> {
  const all = await Promise.all(cluster.nodes.map(({ running }) => metricsOf(running)));
  return all.reduce((sum, of) => sum + of("elastickv_s3_chunkblob_store_seconds_count"), 0);
}

test("one of three keeps no blobs: uploads go through the log until it does, and again when another one does not", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  await withCluster({ env: ENV, own: { n3: { env: WITHOUT } } }, async (cluster) => {
    const throughLog = new BlobObjects(BUCKET, random.next());
    await cluster.client("n1").expect(200, "PUT", BUCKET);
    await upload(cluster, throughLog, "log");
    expect(await blobsStored(cluster)).toBe(0);
    await verifyEverywhere(cluster, throughLog);

    cluster.own.delete("n3");
    expect(await cluster.stop("n3")).toBe(0);
    await cluster.start("n3");
    await offloading(cluster, BUCKET);
    const beside = new BlobObjects(BUCKET, random.next());
    const before = await blobsStored(cluster);
    await upload(cluster, beside, "beside");
    expect(await blobsStored(cluster)).toBe(before + beside.blobs);
    await verifyEverywhere(cluster, throughLog);
    await verifyEverywhere(cluster, beside);
    // One kind takes the place of the other.
    expect(await beside.put(cluster.client("n1"), "log-n2", 2 * MIB)).toBe("stored");
    throughLog.stored.delete("log-n2");
    await nothingMissing(cluster, beside.blobs, 30_000);

    // An operator turns it off again: what is there stays readable, also at that node.
    cluster.own.set("n1", { env: WITHOUT });
    expect(await cluster.stop("n1")).toBe(0);
    await cluster.start("n1");
    let n = 0;
    await waitFor(
      async () => {
        const stored = await blobsStored(cluster);
        for (const { name } of cluster.nodes) {
          expect(await throughLog.put(cluster.client(name), `off-${n++}`, MIB + 1)).toBe("stored");
        }
        return (await blobsStored(cluster)) === stored;
      },
      30_000,
      "storing through the log again",
    );
    await upload(cluster, throughLog, "log-again");
    await verifyEverywhere(cluster, throughLog);
    await verifyEverywhere(cluster, beside);
  });
}, 120_000);

test.skipIf(OLD_BINARY === "")(
  "a member of the release before: uploads go through the log at all nodes, and beside it after the upgrade",
  async () => {
    const random = new Random(seedFromEnvironment());
    console.log(`seed ${random.seed}`);
    await withCluster({ own: { n3: { command: [OLD_BINARY] } } }, async (cluster) => {
      const objects = new BlobObjects(BUCKET, random.next());
      await cluster.client("n1").expect(200, "PUT", BUCKET);
      await upload(cluster, objects, "old");
      expect(await blobsStored(cluster)).toBe(0);
      await verifyEverywhere(cluster, objects);
      // The old one leads, too.
      const leader = await cluster.leader();
      if (leader !== "n3") {
        expect(await cluster.command(leader, "transfer-leader", "n3")).toMatchObject({ code: 0 });
      }
      await upload(cluster, objects, "old-leads");
      await verifyEverywhere(cluster, objects);
      expect(await blobsStored(cluster)).toBe(0);

      cluster.own.delete("n3");
      expect(await cluster.stop("n3")).toBe(0);
      await cluster.start("n3");
      await offloading(cluster, BUCKET);
      const beside = new BlobObjects(BUCKET, random.next());
      await upload(cluster, beside, "new");
      await verifyEverywhere(cluster, objects);
      await verifyEverywhere(cluster, beside);
      await nothingMissing(cluster, beside.blobs, 30_000);
    });
  },
  120_000,
);
