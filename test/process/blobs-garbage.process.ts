/** Content that nothing needs any more leaves every node, and content that something needs stays. Timers are short. */
import { expect, test } from "bun:test";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { realDisk } from "../../src/platform/disk/real-disk.ts";
import { SqliteGenerations } from "../../src/store/generations/sqlite-generations.ts";
import { encodeKey, prefixEnd } from "../../src/store/key-encoding.ts";
import { BLIND } from "../../src/store/types.ts";
import { BLOB_COUNTS_PREFIX, BLOB_QUEUE_PREFIX, decodeBlobCount } from "../../src/txn/references.ts";
import {
  BlobObjects,
  blobDiskBytes,
  complete,
  content,
  MIB,
  metricsOf,
  offloading,
  SHORT_TIMERS,
} from "./lib/blob-objects.ts";
import { type ClusterNode, withCluster } from "./lib/cluster.ts";
import { CREDENTIALS, type NodeProcess } from "./lib/node-process.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";
import { sha256, text } from "./lib/s3-client.ts";
import { signedHeaders, UNSIGNED_PAYLOAD } from "./lib/sigv4.ts";

const BUCKET = "garbage";
/** A busy machine reads a few chunks in that time. */
const ENV = { ...SHORT_TIMERS, ELASTICKV_S3_CHUNKBLOB_GC_GRACE_PERIOD: "4s" };
/** A freed record keeps its header's block, and the newest file has reserved blocks after its end. */
const DISK_OVERHEAD_BYTES = 34 * MIB;

test("overwritten, deleted, aborted and broken off: blobs, their space and their rows leave every node", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  await withCluster({ env: ENV, proxied: false }, async (cluster) => {
    const clients = cluster.nodes.map(({ name }) => cluster.client(name));
    const [client, other] = clients;
    if (client === undefined || other === undefined) throw new Error("no clients");
    await client.expect(200, "PUT", BUCKET);
    await offloading(cluster, BUCKET);
    const objects = new BlobObjects(BUCKET, random.next());
    const pick = () => clients[random.between(0, clients.length - 1)] ?? client;
    for (let i = 0; i < 4; i++)
      expect(await objects.put(pick(), `kept-${i}`, random.between(1, 5) * MIB - 7)).toBe("stored");

    // Overwritten, deleted, and deleted with all its parts.
    const leaving = new BlobObjects(BUCKET, random.next());
    for (let i = 0; i < 4; i++) expect(await leaving.put(pick(), `over-${i}`, 12 * MIB)).toBe("stored");
    expect(await leaving.multipart(pick(), "parts", 40 * MIB)).toBe("stored");
    for (let i = 0; i < 4; i++) {
      if (i % 2 === 0) expect(await objects.put(pick(), `over-${i}`, 2 * MIB)).toBe("stored");
      else await pick().expect(204, "DELETE", `${BUCKET}/over-${i}`);
    }
    await pick().expect(204, "DELETE", `${BUCKET}/parts`);

    // Broken off in the middle of a body, and a multipart upload that is aborted.
    await Promise.all(
      [0.3, 0.7, 0.95].map((part, i) => breakOff(cluster.node("n2").running, `broken-${i}`, 80 * MIB, part)),
    );
    const query: [string, string][] = [["uploads", ""]];
    const begun = await client.expect(200, "POST", `${BUCKET}/aborted`, { query });
    const uploadId = text(begun.body.toString(), "UploadId");
    for (const number of ["1", "2", "1"]) {
      const part = {
        query: [
          ["partNumber", number],
          ["uploadId", uploadId],
        ] as const,
        body: content(random.next(), 7 * MIB),
      };
      await other.expect(200, "PUT", `${BUCKET}/aborted`, part);
    }
    await client.expect(204, "DELETE", `${BUCKET}/aborted`, { query: [["uploadId", uploadId]] });
    const grown = Math.max(...cluster.nodes.map(blobDiskBytes));

    await complete(cluster, BUCKET, objects.blobs, 60_000);
    for (const node of cluster.nodes) {
      const kept = (await metricsOf(node.running))("elastickv_s3_chunkblob_bytes");
      console.log(
        `${node.name}: ${kept >> 20} MiB of blobs, ${blobDiskBytes(node) >> 20} MiB on disk, ${grown >> 20} before`,
      );
      expect(blobDiskBytes(node)).toBeLessThan(kept + DISK_OVERHEAD_BYTES);
      await objects.verify(cluster.client(node.name));
    }
    expect(grown).toBeGreaterThan(60 * MIB);
    await cluster.converged();
    await Promise.all(cluster.nodes.map(({ name }) => cluster.stop(name)));
    for (const node of cluster.nodes)
      expect(rowsOf(node)).toEqual({ counts: objects.blobs, zeros: 0, queue: 0, references: objects.blobs });
  });
}, 120_000);

test("the same content is stored once; a GET that began before the deletion is complete, a late one is never wrong", async () => {
  const random = new Random(seedFromEnvironment());
  console.log(`seed ${random.seed}`);
  await withCluster({ env: ENV, proxied: false }, async (cluster) => {
    const [first, second, third] = cluster.nodes.map(({ name }) => cluster.client(name));
    if (first === undefined || second === undefined || third === undefined) throw new Error("no clients");
    await first.expect(200, "PUT", BUCKET);
    await offloading(cluster, BUCKET);

    // Two keys, two nodes, one content, and a copy.
    const once = new BlobObjects(BUCKET, random.next());
    const body = content(random.next(), 9 * MIB);
    expect(await once.put(first, "one", body)).toBe("stored");
    expect(await once.put(second, "two", body)).toBe("stored");
    const copySource = { "x-amz-copy-source": `/${BUCKET}/one` };
    await third.expect(200, "PUT", `${BUCKET}/copy`, { headers: copySource });
    const saved = await Promise.all(cluster.nodes.map(({ running }) => metricsOf(running)));
    for (const of of saved) expect(of("elastickv_s3_dedup_bytes_total")).toBeGreaterThan(0);
    await second.expect(204, "DELETE", `${BUCKET}/one`);
    await third.expect(204, "DELETE", `${BUCKET}/copy`);

    // Meanwhile: readers of large objects that are deleted under them.
    const bytes = 48 * MIB;
    const raced = content(random.next(), bytes);
    const readers: Promise<void>[] = [];
    const late: PausedGet[] = [];
    for (const [i, { running }] of cluster.nodes.entries()) {
      const key = `raced-${i}`;
      await first.expect(200, "PUT", `${BUCKET}/${key}`, { body: raced });
      const early = await PausedGet.begin(running, key);
      late.push(await PausedGet.begin(running, key));
      await second.expect(204, "DELETE", `${BUCKET}/${key}`);
      await first.expect(404, "GET", `${BUCKET}/${key}`);
      readers.push(
        Bun.sleep(random.between(0, 1_000)).then(async () => {
          expect(sha256(await early.rest())).toBe(sha256(raced));
        }),
      );
    }
    await Promise.all(readers);
    await complete(cluster, BUCKET, 9, 60_000);
    for (const client of [first, second, third]) {
      expect(sha256((await client.expect(200, "GET", `${BUCKET}/two`)).body)).toBe(sha256(body));
    }
    // The grace period is over and the blobs are gone: the connection ends, and what arrived is a part of the object.
    for (const get of late) {
      const arrived = await get.rest();
      expect(arrived.length).toBeLessThan(bytes);
      expect(arrived.equals(raced.subarray(0, arrived.length))).toBe(true);
    }
    await second.expect(204, "DELETE", `${BUCKET}/two`);
    await complete(cluster, BUCKET, 0, 60_000);
  });
}, 120_000);

/** Rows of a node that does not run. */
function rowsOf({ dataDir }: ClusterNode) {
  const reader = new SqliteGenerations({
    directory: join(dataDir, "keyspace"),
    fsmSyncMode: "nosync",
    identity: { clusterId: "", nodeId: "" },
    disk: realDisk,
  }).openReader();
  try {
    const rows = (prefix: Uint8Array) =>
      reader.scanAt(prefix, prefixEnd(prefix), { limit: 100_000, readTs: BLIND });
    const counts = rows(BLOB_COUNTS_PREFIX).map(({ value }) => decodeBlobCount(value));
    return {
      counts: counts.length,
      zeros: counts.filter(({ references }) => references === 0).length,
      queue: rows(BLOB_QUEUE_PREFIX).length,
      references: rows(encodeKey(["r"])).length,
    };
  } finally {
    reader.close();
  }
}

function requestOptions(node: NodeProcess, method: string, key: string) {
  const { host, s3Port: port } = node;
  const path = `/${BUCKET}/${key}`;
  const signed = {
    method,
    host: `${host}:${port}`,
    path,
    payloadHash: UNSIGNED_PAYLOAD,
    credentials: CREDENTIALS,
  };
  return { host, port, method, path, headers: signedHeaders(signed) };
}

/** Sends that part of a body and closes the connection. */
async function breakOff(node: NodeProcess, key: string, bytes: number, part: number): Promise<void> {
  const options = requestOptions(node, "PUT", key);
  const headers = { ...options.headers, "content-length": String(bytes) };
  const request = httpRequest({ ...options, headers });
  const closed = new Promise((done) => request.once("close", done));
  request.on("error", () => {});
  const sent = content(bytes + key.length, Math.floor(bytes * part));
  await new Promise((done) => request.write(sent, done));
  await Bun.sleep(200);
  request.destroy();
  await closed;
}

/** A download that has begun, and does not go on until told. */
class PausedGet {
  readonly #response: IncomingMessage;

  private constructor(response: IncomingMessage) {
    this.#response = response;
  }

  static async begin(node: NodeProcess, key: string): Promise<PausedGet> {
    const response = await new Promise<IncomingMessage>((done, failed) => {
      httpRequest(requestOptions(node, "GET", key), done)
        .once("error", failed)
        .end();
    });
    response.pause();
    response.on("error", () => {});
    expect(response.statusCode).toBe(200);
    return new PausedGet(response);
  }

  /** What arrives until the end, or until the connection breaks. */
  async rest(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of this.#response) pieces.push(piece as Buffer);
    } catch {
      // Broken off: the pieces are what counts.
    }
    return Buffer.concat(pieces);
  }
}
