/**
 * Bucket rows by name.
 *
 * Reads look up a bucket in their own view. Writes may use a remembered bucket: every write has the condition that
 * this generation of the bucket is alive and versioned as the writer knows, so a stale bucket fails at apply.
 */
import type { KvClient, ReadView } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";
import { type BucketRecord, decodeBucket } from "./bucket-record.ts";
import type { Guard } from "./guarded.ts";
import { aliveKey, type BucketRef, bucketKey } from "./keys.ts";
import { aliveState } from "./versioning.ts";

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

  /** The bucket as it is now. @throws S3Error NoSuchBucket */
  async now(name: string): Promise<Bucket> {
    return this.inView(await this.#kv.group(name).snapshot(), name);
  }

  /** The condition that every write below a bucket carries. */
  aliveGuard(bucket: Bucket): AliveGuard {
    return new AliveGuard(bucket, (known) => this.#whyGone(known));
  }

  forget(name: string): void {
    this.#known.delete(name);
  }

  /** The bucket as it is now, when only its versioning has changed; else the error for the client. */
  async #whyGone({ bucket: name, generation }: Bucket): Promise<S3Error | Bucket> {
    this.#known.delete(name);
    let found: Bucket;
    try {
      found = await this.inView(await this.#kv.group(name).snapshot(), name);
    } catch (error) {
      if (error instanceof S3Error) return error;
      throw error;
    }
    if (found.generation === generation) return found;
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

/**
 * The guard of a bucket that a write knows. When the bucket's versioning has changed, the guard takes the new state and
 * asks for another attempt: the write must decide again on `bucket`.
 */
export class AliveGuard implements Guard {
  readonly #refresh: (bucket: Bucket) => Promise<S3Error | Bucket>;
  #bucket: Bucket;
  #condition: Guard["condition"];

  constructor(bucket: Bucket, refresh: (bucket: Bucket) => Promise<S3Error | Bucket>) {
    this.#refresh = refresh;
    this.#bucket = bucket;
    this.#condition = aliveCondition(bucket);
  }

  /** The bucket whose state the condition demands. */
  get bucket(): Bucket {
    return this.#bucket;
  }

  get condition(): Guard["condition"] {
    return this.#condition;
  }

  readonly onFail = async (): Promise<S3Error | "retry"> => {
    const found = await this.#refresh(this.#bucket);
    if (found instanceof S3Error) return found;
    this.#bucket = found;
    this.#condition = aliveCondition(found);
    return "retry";
  };
}

function aliveCondition(bucket: Bucket): Guard["condition"] {
  return { kind: "must-exist", key: aliveKey(bucket, aliveState(bucket)) };
}

function noSuchBucket(name: string): S3Error {
  return new S3Error("NoSuchBucket", { extra: [["BucketName", name]] });
}
