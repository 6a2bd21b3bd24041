/** The S3 application over both paths of content, with blobs in a map, the collector and the sweeper of blobs. */
import { expect } from "bun:test";
import { BlobSweeper } from "../../../src/gc/blob-sweeper.ts";
import { GarbageCollector } from "../../../src/gc/collector.ts";
import { deleteReferences } from "../../../src/gc/references.ts";
import { systemTimers } from "../../../src/platform/timers.ts";
import { type BlobContentsDeps, blobContents } from "../../../src/s3/content/blobs/blob-contents.ts";
import type { BlobSinkDeps } from "../../../src/s3/content/blobs/writer.ts";
import { BLOB_COUNTS_PREFIX, BLOB_QUEUE_PREFIX, decodeBlobCount } from "../../../src/txn/references.ts";
import { FakeBlobs } from "./fake-blobs.ts";
import { type Harness, type HarnessOptions, harness } from "./harness.ts";
import { TestKv } from "./test-kv.ts";

const tagged = (tag: string): Buffer => Buffer.from(`${tag}\0\u0001`);
const CHUNK_ROWS = tagged("c");
export const REFERENCES = tagged("r");
export const PENDING = tagged("a");

export interface BlobHarnessOptions extends HarnessOptions {
  readonly blobs?: Partial<Pick<BlobSinkDeps, "timers" | "pinMs" | "hashes" | "chunkBytes">>;
}

export class BlobHarness {
  readonly kv: TestKv;
  readonly blobs = new FakeBlobs();
  readonly h: Harness;
  unrecoverable = 0;

  constructor(options: BlobHarnessOptions = {}) {
    this.kv = options.kv ?? new TestKv();
    const { log, deps } = harness({ ...options, kv: this.kv });
    const contents: BlobContentsDeps = {
      ...log,
      hashes: deps.hashes,
      timers: systemTimers,
      blobs: this.blobs,
      onUnrecoverable: () => this.unrecoverable++,
      ...options.blobs,
    };
    const content = blobContents(contents);
    this.h = harness({
      ...options,
      kv: this.kv,
      deps: { ...options.deps, admission: log.admission, content },
    });
  }

  async start(): Promise<void> {
    await this.h.call("PUT", "/bucket");
  }

  async get(key: string, range?: string): Promise<Buffer> {
    const call = range === undefined ? {} : { headers: { Range: `bytes=${range}` } };
    const answer = await this.h.call("GET", `/bucket/${key}`, call);
    expect(answer.status).toBe(range === undefined ? 200 : 206);
    return answer.bytes;
  }

  async startUpload(key: string): Promise<string> {
    const started = await this.h.call("POST", `/bucket/${key}?uploads`);
    return started.tag("UploadId") ?? "";
  }

  async uploadPart(key: string, uploadId: string, number: number, body: Uint8Array): Promise<string> {
    const target = `/bucket/${key}?uploadId=${uploadId}&partNumber=${number}`;
    const answer = await this.h.call("PUT", target, { body });
    expect(answer.status).toBe(200);
    return `<Part><PartNumber>${number}</PartNumber><ETag>${answer.headers.get("etag")}</ETag></Part>`;
  }

  async complete(key: string, uploadId: string, parts: readonly string[]): Promise<void> {
    const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
    const done = await this.h.call("POST", `/bucket/${key}?uploadId=${uploadId}`, { body });
    expect([done.status, done.tag("Code")]).toEqual([200, undefined]);
  }

  /** Collects all garbage, and then sweeps the queue of blobs, as if every grace period were over. */
  async collect(withReferences = true): Promise<{ kept: number }> {
    let kept = 0;
    const shared = { group: this.kv, clock: this.h.clock, gracePeriodMs: 0, active: () => true };
    const collector = new GarbageCollector({
      ...shared,
      onUnreadable: () => kept++,
      ...(withReferences
        ? {
            deleteReferences: (prefix: Uint8Array, stopped: () => boolean) =>
              deleteReferences({ group: this.kv }, prefix, stopped),
          }
        : {}),
    });
    await collector.run();
    await new BlobSweeper(shared).run();
    return { kept };
  }

  /** Rows of chunks, rows of references, reachable blobs, pending writes, buffers and budget in use. */
  state(): number[] {
    return [
      ...[CHUNK_ROWS, REFERENCES].map((prefix) => this.kv.rows(prefix).length),
      this.kv.rows(BLOB_COUNTS_PREFIX).length,
      this.kv.rows(PENDING).length,
      this.kv.buffers + this.blobs.buffers,
      this.h.admission.inUseBytes,
    ];
  }

  /** Blobs that wait for their sweep. */
  queued(): number {
    return this.kv.rows(BLOB_QUEUE_PREFIX).length;
  }

  /** The sum of all counts. */
  counted(): number {
    const counts = this.kv.rows(BLOB_COUNTS_PREFIX).map(({ value }) => decodeBlobCount(value).references);
    return counts.reduce((sum, count) => sum + count, 0);
  }
}
