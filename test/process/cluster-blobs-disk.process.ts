/** Too little space, or too few nodes, for the blobs of an upload: it goes on with the others, or is refused as a whole. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { needs } from "../platform/support/needs.ts";
import { BlobObjects, MIB, nothingMissing, offloading } from "./lib/blob-objects.ts";
import { waitFor, withCluster } from "./lib/cluster.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";
import { text } from "./lib/s3-client.ts";
import { withSmallDisk } from "./lib/small-disk.ts";

const BUCKET = "disk";
const ENV = { ELASTICKV_S3_CHUNKBLOB_BACKFILL_SCAN_INTERVAL: "1s" };
const DISK_MIB = 600;
const RESERVE_MIB = 64;

test.if(needs("mount"))(
  "the disk of one node is full: uploads go on with the two others, nothing acknowledged is lost, and it fills up later",
  async () => {
    const random = new Random(seedFromEnvironment());
    console.log(`seed ${random.seed}`);
    await withSmallDisk(DISK_MIB, async (disk) => {
      const args = ["--disk-reserve", `${RESERVE_MIB}MiB`];
      const dataDirs = { n3: join(disk.directory, "n3") };
      await withCluster({ env: ENV, args, dataDirs }, async (cluster) => {
        const objects = new BlobObjects(BUCKET, random.next());
        const clients = cluster.nodes.map(({ name }) => cluster.client(name));
        const [first] = clients;
        await first?.expect(200, "PUT", BUCKET);
        await offloading(cluster, BUCKET);
        const { running } = cluster.node("n3");
        for (const leader of ["n1", "n3"]) {
          const now = await cluster.leader();
          if (now !== leader) {
            expect(await cluster.command(now, "transfer-leader", leader)).toMatchObject({ code: 0 });
          }
          // Full in the middle of uploads, at every node.
          const before = objects.stored.size;
          const uploads = clients.map(async (client, at) => {
            for (let i = 0; i < 5; i++) {
              const key = `${leader}-n${at + 1}-${i}`;
              const bytes = random.between(1, 9) * MIB;
              if (i % 2 === 0) await objects.put(client, key, bytes);
              else await objects.multipart(client, key, bytes);
            }
          });
          await Bun.sleep(300);
          disk.fill(4 * MIB);
          await Promise.all(uploads);
          await waitFor(
            async () => (await running.admin("/readyz")).text.includes("disk-full"),
            20_000,
            "disk-full on n3",
          );
          // The two others go on. An election is no reason to give up.
          for (const [at, client] of clients.slice(0, 2).entries()) {
            const stored = async (i: number) =>
              (await objects.put(client, `${leader}-full-n${at + 1}-${i}`, 3 * MIB)) === "stored";
            for (let i = 0; i < 3; i++)
              await waitFor(() => stored(i), 20_000, "an upload beside the full disk");
          }
          // The third cannot apply what is new, and says so to whoever reads there.
          for (const client of clients.slice(0, 2)) await objects.verify(client);
          expect(running.exited).toBe(false);
          disk.free();
          await waitFor(async () => (await running.admin("/readyz")).status === 200, 20_000, "ready on n3");
          await nothingMissing(cluster, objects.blobs, 40_000);
          for (const client of clients) await objects.verify(client);
          console.log(
            `${leader} leads: ${objects.stored.size - before} stored, refused:`,
            Object.fromEntries(objects.refusals),
          );
        }
        expect(objects.unknown.size).toBe(0);
        for (const what of objects.refusals.keys())
          expect(what).toMatch(/^(503 (SlowDown|ServiceUnavailable)|507 StorageFull)$/);
      });
    });
  },
  120_000,
);

test("three copies are asked for and one node is down: uploads are refused, nothing is visible, and it goes on when it is back", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  const env = { ...ENV, ELASTICKV_S3_CHUNKBLOB_MIN_REPLICAS: "3" };
  await withCluster({ env }, async (cluster) => {
    const objects = new BlobObjects(BUCKET, random.next());
    await cluster.client("n1").expect(200, "PUT", BUCKET);
    await offloading(cluster, BUCKET);
    expect(await objects.put(cluster.client("n2"), "before", 5 * MIB)).toBe("stored");
    const down = `n${random.between(1, 3)}`;
    const [one, other] = cluster.others(down).map(({ name }) => cluster.client(name));
    if (one === undefined || other === undefined) throw new Error("no clients");
    await cluster.kill(down);
    await cluster.leader();
    for (const [i, client] of [one, other, one].entries()) {
      // The connection may be closed before the answer to a body that is refused is read.
      expect(await objects.put(client, `refused-${i}`, (i + 1) * 3 * MIB)).not.toBe("stored");
      expect(await objects.put(client, "before", 2 * MIB)).not.toBe("stored");
      expect(await objects.multipart(client, `refused-parts-${i}`, 9 * MIB)).not.toBe("stored");
    }
    console.log(`${objects.unknown.size} lost, refused:`, Object.fromEntries(objects.refusals));
    expect([...objects.refusals.keys()]).toEqual(["503 SlowDown"]);
    for (const client of [one, other]) {
      expect((await client.list(BUCKET)).map(({ key }) => key)).toEqual(["before"]);
      await objects.verify(client);
    }
    const answer = await one.call("PUT", `${BUCKET}/refused`, { body: new Uint8Array(MIB) });
    expect([answer.status, text(answer.body.toString(), "Code")]).toEqual([503, "SlowDown"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    await cluster.start(down);
    await waitFor(
      async () => (await objects.put(one, "after", 5 * MIB)) === "stored",
      20_000,
      "stored again",
    );
    for (const { name } of cluster.nodes) await objects.verify(cluster.client(name));
  });
}, 120_000);
