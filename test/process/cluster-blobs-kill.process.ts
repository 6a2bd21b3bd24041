/** Nodes that die while they take uploads whose content lies beside the log: what was acknowledged is on the survivors. */
import { expect, test } from "bun:test";
import {
  BlobObjects,
  complete,
  MIB,
  nothingMissing,
  offloading,
  SHORT_TIMERS,
  type UploadEnd,
} from "./lib/blob-objects.ts";
import { type Cluster, waitFor, withCluster } from "./lib/cluster.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";

const BUCKET = "kill";
const ROUNDS = 3;
/** Most uploads are small, so that many end between two kills. */
const SIZES: readonly (readonly [number, number])[] = [
  [1, 8],
  [3, 6],
  [12, 4],
  [20, 2],
  [64, 1],
];

/** Uploads one object after the other at this node until told to stop, or until the node is gone. */
async function uploader(
  cluster: Cluster,
  objects: BlobObjects,
  name: string,
  prefix: string,
  random: Random,
  isOver: () => boolean,
): Promise<void> {
  const client = cluster.client(name, 4);
  for (let n = 0; !isOver(); n++) {
    // Not a whole number of chunks.
    const bytes = random.weighted(SIZES) * MIB + random.between(-5_000, 5_000);
    const key = `${prefix}-${n}`;
    const upload = random.chance(0.4)
      ? objects.multipart(client, key, bytes)
      : objects.put(client, key, bytes);
    if ((await upload) === "unknown") return;
    // Two cores run three nodes and this client.
    await Bun.sleep(20);
  }
}

test("SIGKILL of the ingesting node, leader and follower, and of all: acknowledged objects are complete on the survivors at once", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  await withCluster({ env: SHORT_TIMERS }, async (cluster) => {
    await cluster.client("n1").expect(200, "PUT", BUCKET);
    await offloading(cluster, BUCKET);
    const objects = new BlobObjects(BUCKET, random.next());
    /** Uploads everywhere, twice at the first of these, until these are killed. Returns what was stored meanwhile. */
    const killUnderLoad = async (targets: readonly string[], prefix: string): Promise<string[]> => {
      // A node that was just started may not know yet that all members store blobs.
      await offloading(cluster, BUCKET);
      const before = new Set(objects.stored.keys());
      let isOver = false;
      const ingesting = [targets[0] ?? "", ...cluster.nodes.map(({ name }) => name)];
      const uploads = ingesting.map((name, i) =>
        uploader(cluster, objects, name, `${prefix}-${i}`, random, () => isOver),
      );
      await waitFor(() => objects.stored.size >= before.size + 3, 30_000, "storing");
      await Bun.sleep(random.between(0, 1_000));
      await Promise.all(targets.map((name) => cluster.kill(name)));
      isOver = true;
      await Promise.all(uploads);
      return [...objects.stored.keys()].filter((key) => !before.has(key));
    };
    for (let round = 0; round < ROUNDS; round++) {
      const leader = await cluster.leader();
      const target = round % 2 === 0 ? leader : (cluster.others(leader)[random.between(0, 1)]?.name ?? "");
      const fresh = await killUnderLoad([target], `r${round}`);
      const survivors = cluster.others(target).map(({ name }) => name);
      await cluster.leader(survivors);
      for (const name of survivors) await objects.verify(cluster.client(name), fresh);
      await cluster.start(target);
      await objects.verify(cluster.client(target), fresh);
      console.log(`round ${round}: ${target === leader ? "leader" : "follower"}, ${fresh.length} stored`);
    }
    const names = cluster.nodes.map(({ name }) => name);
    const last = await killUnderLoad(names, "all");
    await Promise.all(names.map((name) => cluster.spawn(name)));
    await cluster.ready();
    await objects.verify(cluster.client(names[random.between(0, 2)] ?? ""), last);
    console.log(`all three: ${last.length} stored`);
    const client = cluster.client(await cluster.leader());
    await objects.settle(client);
    const aborted = await objects.abortUploads(client);
    console.log(
      `${objects.stored.size} objects, ${objects.blobs} blobs, ${aborted} uploads aborted, refused:`,
      Object.fromEntries(objects.refusals),
    );
    expect(objects.stored.size).toBeGreaterThanOrEqual(3 * (ROUNDS + 1));
    await complete(cluster, BUCKET, objects.blobs, 60_000);
    for (const { name } of cluster.nodes) await objects.verify(cluster.client(name));
  });
}, 180_000);

/** As a client does it that wants its object stored. */
async function persist(upload: () => Promise<UploadEnd>): Promise<number> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    if ((await upload()) === "stored") return attempt;
    await Bun.sleep(500);
  }
  throw new Error("not stored, tried again and again");
}

test("SIGKILL in the middle of uploads of 256 MiB: one at a survivor goes on, and clients get the other done elsewhere", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  const env = { ELASTICKV_S3_CHUNKBLOB_BACKFILL_SCAN_INTERVAL: "1s" };
  await withCluster({ env }, async (cluster) => {
    await cluster.client("n1").expect(200, "PUT", BUCKET);
    await offloading(cluster, BUCKET);
    const objects = new BlobObjects(BUCKET, random.next());
    const leader = await cluster.leader();
    const survivors = cluster.others(leader).map(({ name }) => name);
    const [first = "", second = ""] = survivors;
    const doomed = objects.put(cluster.client(leader), "doomed", 256 * MIB);
    const elsewhere = objects.multipart(cluster.client(first), "elsewhere", 96 * MIB);
    await Bun.sleep(random.between(300, 1_200));
    await cluster.kill(leader);
    console.log("at the killed leader:", await doomed, "- at a follower meanwhile:", await elsewhere);
    await cluster.leader(survivors);
    const attempts = await persist(() => objects.put(cluster.client(second), "again", 256 * MIB));
    console.log(
      `stored without the node in ${attempts} attempts; refused:`,
      Object.fromEntries(objects.refusals),
    );
    await objects.verify(cluster.client(first));
    await cluster.start(leader);
    await objects.verify(cluster.client(leader));
    await objects.settle(cluster.client(first));
    await nothingMissing(cluster, objects.blobs, 60_000);
  });
}, 180_000);
