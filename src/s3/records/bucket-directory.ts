/**
 * Bucket rows by name.
 *
 * A request opens its bucket once, before it is authorised, and works on that bucket until its end: a bucket of the
 * same name that is made meanwhile may belong to another user. Every write has the condition that the opened
 * generation of the bucket is alive and versioned as the writer knows, so a write to a deleted bucket fails at apply.
 */
import type { KvClient, ReadView } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";
import { BucketPolicies, type BucketPolicy } from "./bucket-policy.ts";
import { type BucketRecord, decodeBucket } from "./bucket-record.ts";
import type { Guard } from "./guarded.ts";
import { aliveKey, type BucketRef, bucketKey } from "./keys.ts";
import { aliveState } from "./versioning.ts";

export interface Bucket extends BucketRef, BucketRecord {}

/** A bucket, and the view in which it was found. A read that looks further uses the same view. */
export interface OpenedBucket {
  readonly bucket: Bucket;
  readonly view: ReadView;
  /** The policy of the bucket, as it is in the view. */
  readonly policy: BucketPolicy | undefined;
}

export class BucketDirectory {
  readonly #kv: KvClient;
  readonly #policies = new BucketPolicies();
  /** By the value of the row, which the row cache gives out again while the row stays the same. */
  readonly #decoded = new WeakMap<Uint8Array, Bucket>();

  constructor(kv: KvClient) {
    this.#kv = kv;
  }

  /** @throws S3Error NoSuchBucket; KvError */
  async open(name: string): Promise<OpenedBucket> {
    const view = await this.#kv.group(name).snapshot();
    const row = await view.getMeta(bucketKey(name));
    if (row === undefined) throw noSuchBucket(name);
    const bucket = this.#decode(name, row.value);
    return { bucket, view, policy: await this.#policies.read(view, bucket) };
  }

  #decode(name: string, value: Uint8Array): Bucket {
    let bucket = this.#decoded.get(value);
    if (bucket === undefined) {
      bucket = { bucket: name, ...decodeBucket(value) };
      this.#decoded.set(value, bucket);
    }
    return bucket;
  }

  /** The condition that every write below a bucket carries. */
  aliveGuard(bucket: Bucket): AliveGuard {
    return new AliveGuard(bucket, (known) => this.#whyGone(known));
  }

  /** The bucket as it is now, when only its versioning has changed; else the error for the client. */
  async #whyGone({ bucket: name, generation }: Bucket): Promise<S3Error | Bucket> {
    let found: Bucket;
    try {
      found = (await this.open(name)).bucket;
    } catch (error) {
      if (error instanceof S3Error) return error;
      throw error;
    }
    if (found.generation === generation) return found;
    return madeAnew();
  }
}

/** The bucket was deleted and created again during the request: a repeated request finds the new bucket. */
export function madeAnew(): S3Error {
  return new S3Error("ServiceUnavailable", {
    message: "The bucket was made anew while the request ran. Please try again.",
  });
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
