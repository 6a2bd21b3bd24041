/** A node that joins a cluster with objects beside the log: it gets no content by snapshot, and serves before it has any. */
import { expect, test } from "bun:test";
import { BlobObjects, MIB, metricsOf, nothingMissing, offloading } from "./lib/blob-objects.ts";
import { waitFor, withCluster } from "./lib/cluster.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";

const BUCKET = "learner";
const OBJECTS = 10;
const OBJECT_BYTES = 24 * MIB;
const ENV = {
  // Keeps so little log that a new node cannot catch up with it.
  ELASTICKV_RAFT_SNAPSHOT_COUNT: "20",
  // So slow that the test sees a node without its blobs, and fast enough to see it with them.
  ELASTICKV_S3_CHUNKBLOB_FETCH_RATE_PER_PEER: "8MiB",
  ELASTICKV_S3_CHUNKBLOB_FETCH_BURST_PER_PEER: "1MiB",
  ELASTICKV_S3_CHUNKBLOB_BACKFILL_SCAN_INTERVAL: "1s",
};
/** References of all objects and the rest of the keyspace; the content has 240 MiB. */
const SNAPSHOT_BYTES_MAX = MIB;

test("a learner serves by proxy at once, is promoted when its blobs are there, and its snapshot has no content", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  await withCluster({ env: ENV }, async (cluster) => {
    const objects = new BlobObjects(BUCKET, random.next());
    const names = cluster.nodes.map(({ name }) => name);
    await cluster.client("n1").expect(200, "PUT", BUCKET);
    await offloading(cluster, BUCKET);
    for (let i = 0; i < OBJECTS; i++) {
      const client = cluster.client(names[i % names.length] ?? "");
      const bytes = OBJECT_BYTES + random.between(-9_999, 9_999);
      const upload =
        i % 3 === 0 ? objects.multipart(client, `k${i}`, bytes) : objects.put(client, `k${i}`, bytes);
      expect(await upload).toBe("stored");
    }
    const leader = await cluster.leader();
    const { running } = await cluster.addNode("n4").then(async (node) => {
      expect(await cluster.command(leader, "add-learner", node.peer)).toMatchObject({ code: 0 });
      await cluster.start("n4");
      return node;
    });
    expect(running.stderr).toMatch(/msg="snapshot received".* outcome=arrived/);
    const promote = () => cluster.command(leader, "promote", "n4");

    // What it has received of consensus: the snapshot and the entries after it. Bodies come by another lane.
    const of = await metricsOf(running);
    const received =
      of("elastickv_peer_received_bytes_total") - of("elastickv_peer_received_bytes_total", 'lane="blob');
    const bodies = of("elastickv_peer_received_bytes_total", 'lane="blob');
    console.log(`received ${received} bytes without blobs, ${bodies} of blobs`);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(SNAPSHOT_BYTES_MAX);

    const refused = await promote();
    expect(refused.code).not.toBe(0);
    expect(refused.stderr + refused.stdout).toMatch(/chunks/);
    await objects.verify(cluster.client("n4"), ["k0", "k1"]);
    const reads = (await metricsOf(running))("elastickv_s3_chunkblob_fetches_total", 'reason="read"');
    expect(reads).toBeGreaterThan(0);

    // Uploads at the learner and elsewhere go on meanwhile.
    expect(await objects.put(cluster.client("n4"), "by-learner", 5 * MIB)).toBe("stored");
    expect(await objects.put(cluster.client(leader), "meanwhile", 5 * MIB)).toBe("stored");

    await waitFor(async () => (await promote()).code === 0, 60_000, "promoted");
    // It was not promoted a moment too early.
    expect((await metricsOf(running))("elastickv_s3_chunkblob_blobs")).toBeGreaterThanOrEqual(objects.blobs);
    await nothingMissing(cluster, objects.blobs, 20_000);
    await objects.verify(cluster.client("n4"));
    const { members } = await cluster.status(await cluster.leader());
    expect(members.find(({ id }) => id === "n4")?.role).not.toBe("learner");
  });
}, 120_000);
