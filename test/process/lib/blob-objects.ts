/** Objects whose content lies beside the log: uploads that remember what was acknowledged, and what nodes say of their blobs. */
import { createCipheriv } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Cluster, type ClusterNode, waitFor } from "./cluster.ts";
import { isConnectionLost } from "./load.ts";
import type { NodeProcess } from "./node-process.ts";
import { type Answer, type S3Client, sha256, text } from "./s3-client.ts";

export const MIB = 1 << 20;
/** Bytes of every chunk but the last: the default of the server. */
const CHUNK_BYTES = MIB;
const PART_BYTES = 8 * MIB;
/** A part of at most so many bytes goes through the log: the default of the server. */
const INLINE_BYTES_MAX = 64 << 10;
const VERIFY_AT_ONCE = 4;

/** Everything that takes minutes or hours otherwise. */
export const SHORT_TIMERS = {
  ELASTICKV_S3_CHUNKBLOB_GC_GRACE_PERIOD: "2s",
  ELASTICKV_S3_CHUNKBLOB_GC_INTERVAL: "200ms",
  ELASTICKV_S3_CHUNKBLOB_ORPHAN_SCAN_INTERVAL: "1s",
  ELASTICKV_S3_CHUNKBLOB_BACKFILL_SCAN_INTERVAL: "1s",
  ELASTICKV_S3_CHUNKBLOB_PIN: "3s",
} as const;

/** Random bytes that nobody has to keep: the same seed gives the same. */
export function content(seed: number, bytes: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed >>> 0);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

interface Expected {
  readonly sha256: string;
  readonly blobs: number;
  /** For `bodyOf`. */
  readonly body: () => Uint8Array;
}

/** How an upload ended. `unknown`: the connection was lost, and the object may be there. */
export type UploadEnd = "stored" | "refused" | "unknown";

/** Objects of one bucket, with random content, so that no two share a blob. Every key is written once. */
export class BlobObjects {
  readonly bucket: string;
  readonly stored = new Map<string, Expected>();
  readonly unknown = new Map<string, Expected>();
  /** Status and code of uploads that were refused, by how often. */
  readonly refusals = new Map<string, number>();
  /** SHA-256 of every blob that was uploaded, hexadecimal. */
  readonly names = new Set<string>();
  #seed: number;

  constructor(bucket: string, seed: number) {
    this.bucket = bucket;
    this.#seed = seed >>> 0;
  }

  /** Blobs of everything that is stored. */
  get blobs(): number {
    return [...this.stored.values()].reduce((sum, { blobs }) => sum + blobs, 0);
  }

  /** PutObject of random bytes, or of these. */
  async put(client: S3Client, key: string, bytes: number | Uint8Array): Promise<UploadEnd> {
    const seed = this.#seed++;
    const body = typeof bytes === "number" ? content(seed, bytes) : bytes;
    const expected = {
      sha256: sha256(body),
      blobs: chunksOf(body.byteLength),
      body: typeof bytes === "number" ? () => content(seed, bytes) : () => bytes,
    };
    this.#name(body);
    return this.#end(key, expected, () => client.call("PUT", `${this.bucket}/${key}`, { body }));
  }

  /** A multipart upload of random bytes in parts of 8 MiB, two at a time. */
  async multipart(client: S3Client, key: string, bytes: number): Promise<UploadEnd> {
    const seed = this.#seed++;
    const body = content(seed, bytes);
    const parts = Array.from({ length: Math.ceil(bytes / PART_BYTES) }, (_, i) =>
      body.subarray(i * PART_BYTES, (i + 1) * PART_BYTES),
    );
    const expected = {
      sha256: sha256(body),
      blobs: parts.reduce(
        (sum, { byteLength }) => sum + (byteLength > INLINE_BYTES_MAX ? chunksOf(byteLength) : 0),
        0,
      ),
      body: () => content(seed, bytes),
    };
    for (const part of parts) this.#name(part);
    const target = `${this.bucket}/${key}`;
    return this.#end(key, expected, async () => {
      const begun = await client.call("POST", target, { query: [["uploads", ""]] });
      if (begun.status !== 200) return begun;
      const upload = text(begun.body.toString(), "UploadId");
      const answers: Answer[] = [];
      for (let i = 0; i < parts.length; i += 2) {
        const pair = parts.slice(i, i + 2).map((part, n) =>
          client.call("PUT", target, {
            query: [
              ["partNumber", `${i + n + 1}`],
              ["uploadId", upload],
            ],
            body: part,
          }),
        );
        answers.push(...(await Promise.all(pair)));
      }
      const refused = answers.find(({ status }) => status !== 200);
      if (refused !== undefined) return refused;
      const list = answers
        .map(({ headers }, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${headers.etag}</ETag></Part>`)
        .join("");
      const body = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`;
      return client.call("POST", target, { query: [["uploadId", upload]], body });
    });
  }

  /** @throws Error when nothing was stored under this key */
  bodyOf(key: string): Uint8Array {
    const expected = this.stored.get(key);
    if (expected === undefined) throw new Error(`no ${key}`);
    return expected.body();
  }

  #name(body: Uint8Array): void {
    for (let at = 0; at < body.byteLength; at += CHUNK_BYTES) {
      this.names.add(sha256(body.subarray(at, at + CHUNK_BYTES)));
    }
  }

  async #end(key: string, expected: Expected, upload: () => Promise<Answer>): Promise<UploadEnd> {
    try {
      const { status, body } = await upload();
      // CompleteMultipartUpload may answer 200 and tell of an error in its body.
      const code = text(body.toString("latin1", 0, 2_000), "Code");
      if (status === 200 && code === "") {
        this.stored.set(key, expected);
        return "stored";
      }
      const what = `${status} ${code}`;
      this.refusals.set(what, (this.refusals.get(what) ?? 0) + 1);
      return "refused";
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      this.unknown.set(key, expected);
      return "unknown";
    }
  }

  /** Everything acknowledged is complete and right at this node. @param keys default: all @throws Error */
  async verify(client: S3Client, keys: Iterable<string> = this.stored.keys()): Promise<void> {
    const left = [...keys];
    const reader = async (): Promise<void> => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) {
        const answer = await client.expect(200, "GET", `${this.bucket}/${key}`);
        if (sha256(answer.body) !== this.stored.get(key)?.sha256) throw new Error(`${key}: wrong bytes`);
      }
    };
    await Promise.all(Array.from({ length: VERIFY_AT_ONCE }, reader));
  }

  /** Asks what became of uploads whose connection was lost: each is there and right, or not there. @throws Error */
  async settle(client: S3Client): Promise<void> {
    for (const [key, expected] of this.unknown) {
      const answer = await client.expect([200, 404], "GET", `${this.bucket}/${key}`);
      if (answer.status === 404) continue;
      if (sha256(answer.body) !== expected.sha256) throw new Error(`${key}: wrong bytes`);
      this.stored.set(key, expected);
    }
    this.unknown.clear();
  }

  /** Multipart uploads that nobody will complete. */
  async abortUploads(client: S3Client): Promise<number> {
    const xml = (await client.expect(200, "GET", this.bucket, { query: [["uploads", ""]] })).body.toString();
    const found = [...xml.matchAll(/<Upload>(.*?)<\/Upload>/gs)].map(([, upload = ""]) => upload);
    for (const upload of found) {
      const query: [string, string][] = [["uploadId", text(upload, "UploadId")]];
      await client.expect(204, "DELETE", `${this.bucket}/${text(upload, "Key")}`, { query });
    }
    return found.length;
  }
}

function chunksOf(bytes: number): number {
  return Math.ceil(bytes / CHUNK_BYTES);
}

/** A node's metrics. The value sums all series of that name whose labels contain this text, `result="stored"`. */
export type Metrics = (name: string, label?: string) => number;

export async function metricsOf(node: NodeProcess): Promise<Metrics> {
  const { text: page } = await node.admin("/metrics");
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return (name, label = "") =>
    lines
      .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(label))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

export function blobDirectory({ dataDir }: Pick<ClusterNode, "dataDir">): string {
  return join(dataDir, "blobs");
}

/** Bytes that the file system has given to this node's blobs, without the index. */
export function blobDiskBytes(node: Pick<ClusterNode, "dataDir">): number {
  const directory = blobDirectory(node);
  return readdirSync(directory)
    .filter((name) => name.endsWith(".seg"))
    .reduce((sum, name) => sum + statSync(join(directory, name)).blocks * 512, 0);
}

/** Uploads at each of the nodes take the path of blobs from now on. */
export async function offloading(cluster: Cluster, bucket: string): Promise<void> {
  await Promise.all(
    cluster.nodes.map(({ name, running }) => offloadingAt(running, cluster.client(name, 1), bucket, name)),
  );
}

/** The same of one node. A node that has just started may not know yet that all members store blobs. */
export async function offloadingAt(
  node: NodeProcess,
  client: S3Client,
  bucket: string,
  name: string,
): Promise<void> {
  let probes = 0;
  await waitFor(
    async () => {
      const before = (await metricsOf(node))("elastickv_s3_chunkblob_store_seconds_count");
      const body = content(Math.floor(Math.random() * 2 ** 32), 128 << 10);
      await client.expect(200, "PUT", `${bucket}/probe-${name}-${probes++}`, { body });
      return (await metricsOf(node))("elastickv_s3_chunkblob_store_seconds_count") > before;
    },
    30_000,
    `storing blobs at ${name}`,
  );
  for (let i = 0; i < probes; i++) await client.expect(204, "DELETE", `${bucket}/probe-${name}-${i}`);
}

/** Every node holds every blob, and no other. Writes a little meanwhile: pins end by the time of the log.
 *  @throws Error saying what each node has */
export async function complete(
  cluster: Cluster,
  bucket: string,
  blobs: number,
  timeoutMs: number,
): Promise<void> {
  const clients = cluster.nodes.map(({ name }) => cluster.client(name, 1));
  const isComplete = async (): Promise<boolean> => {
    await clients[0]?.expect(200, "PUT", `${bucket}/tick`, { body: "tick" });
    const all = await Promise.all(cluster.nodes.map(({ running }) => metricsOf(running)));
    const counts = all.map((of) => ({
      blobs: of("elastickv_s3_chunkblob_blobs"),
      missing: of("elastickv_s3_chunkblob_missing"),
    }));
    if (counts.every((count) => count.blobs === blobs && count.missing === 0)) return true;
    await Bun.sleep(200);
    throw new Error(`${JSON.stringify(counts)}, not ${blobs}`);
  };
  await waitFor(isComplete, timeoutMs, "every blob at every node, and no other");
}

/** Every node holds at least as many blobs as this, and lacks none that it knows of. */
export async function nothingMissing(cluster: Cluster, blobs: number, timeoutMs: number): Promise<void> {
  await waitFor(
    async () => {
      const all = await Promise.all(cluster.nodes.map(({ running }) => metricsOf(running)));
      const counts = all.map((of) => ({
        blobs: of("elastickv_s3_chunkblob_blobs"),
        missing: of("elastickv_s3_chunkblob_missing"),
      }));
      // A node that has not looked yet says that it lacks nothing.
      if (counts.every((count) => count.blobs >= blobs && count.missing === 0)) return true;
      await Bun.sleep(100);
      throw new Error(`${JSON.stringify(counts)}, not ${blobs}`);
    },
    timeoutMs,
    "all blobs at every node",
  );
}
