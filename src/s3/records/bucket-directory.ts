/**
 * Bucket rows by name.
 *
 * Reads look up a bucket in their own view. Writes may use a remembered bucket: every write has the condition that
 * this generation of the bucket is alive, so a stale bucket fails at apply.
 */
import type { KvClient, ReadView } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";
import { type BucketRecord, decodeBucket } from "./bucket-record.ts";
import type { Guard } from "./guarded.ts";
import { aliveKey, type BucketRef, bucketKey } from "./keys.ts";

export interface Bucket extends BucketRef, BucketRecord {}

const REMEMBERED_MAX = 1024;

export class BucketDirectory {
  readonly #kv: KvClient;
  readonly #known = new Map<string, Bucket>();

  constructor(kv: KvClient) {
    this.#kv = kv;
  }

  /** @throws S3Error NoSuchBucket */
  async inView(view: ReadView, name: string): Promise<Bucket> {
    const row = await view.getMeta(bucketKey(name));
    if (row === undefined) {
      this.#known.delete(name);
      throw noSuchBucket(name);
    }
    const bucket = { bucket: name, ...decodeBucket(row.value) };
    this.#remember(bucket);
    return bucket;
  }

  /** For a write that carries `aliveGuard`. @throws S3Error NoSuchBucket */
  async forWrite(name: string): Promise<Bucket> {
    const known = this.#known.get(name);
    return known ?? this.inView(await this.#kv.group(name).snapshot(), name);
  }

  /** The condition that every write below a bucket carries. */
  aliveGuard(ref: BucketRef): Guard {
    return {
      condition: { kind: "must-exist", key: aliveKey(ref) },
      onFail: () => this.#whyGone(ref.bucket),
    };
  }

  forget(name: string): void {
    this.#known.delete(name);
  }

  async #whyGone(name: string): Promise<S3Error> {
    this.#known.delete(name);
    try {
      await this.inView(await this.#kv.group(name).snapshot(), name);
    } catch (error) {
      if (error instanceof S3Error) return error;
      throw error;
    }
    // The bucket was deleted and created again during the request: a repeated request finds the new bucket.
    return new S3Error("ServiceUnavailable", {
      message: "The bucket was made anew while the request ran. Please try again.",
    });
  }

  #remember(bucket: Bucket): void {
    if (this.#known.size >= REMEMBERED_MAX && !this.#known.has(bucket.bucket)) {
      const oldest = this.#known.keys().next();
      if (!oldest.done) this.#known.delete(oldest.value);
    }
    this.#known.set(bucket.bucket, bucket);
  }
}

export function noSuchBucket(name: string): S3Error {
  return new S3Error("NoSuchBucket", { extra: [["BucketName", name]] });
}
