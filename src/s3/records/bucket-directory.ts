/**
 * Bucket rows by name.
 *
 * A request opens its bucket once, before it is authorised, and works on that bucket until its end: a bucket of the
 * same name that is made meanwhile may belong to another user. Every write has the condition that the opened
 * generation of the bucket is alive, so a write to a deleted bucket fails at apply.
 */
import type { KvClient, ReadView } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";
import { type BucketRecord, decodeBucket } from "./bucket-record.ts";
import type { Guard } from "./guarded.ts";
import { aliveKey, type BucketRef, bucketKey } from "./keys.ts";

export interface Bucket extends BucketRef, BucketRecord {}

/** A bucket, and the view in which it was found. A read that looks further uses the same view. */
export interface OpenedBucket {
  readonly bucket: Bucket;
  readonly view: ReadView;
}

export class BucketDirectory {
  readonly #kv: KvClient;

  constructor(kv: KvClient) {
    this.#kv = kv;
  }

  /** @throws S3Error NoSuchBucket; KvError */
  async open(name: string): Promise<OpenedBucket> {
    const view = await this.#kv.group(name).snapshot();
    const row = await view.getMeta(bucketKey(name));
    if (row === undefined) throw noSuchBucket(name);
    return { bucket: { bucket: name, ...decodeBucket(row.value) }, view };
  }

  /** The condition that every write below a bucket carries. */
  aliveGuard(ref: BucketRef): Guard {
    return {
      condition: { kind: "must-exist", key: aliveKey(ref) },
      onFail: () => this.#whyGone(ref.bucket),
    };
  }

  async #whyGone(name: string): Promise<S3Error> {
    try {
      await this.open(name);
    } catch (error) {
      if (error instanceof S3Error) return error;
      throw error;
    }
    // The bucket was deleted and created again during the request: a repeated request finds the new bucket.
    return new S3Error("ServiceUnavailable", {
      message: "The bucket was made anew while the request ran. Please try again.",
    });
  }
}

export function noSuchBucket(name: string): S3Error {
  return new S3Error("NoSuchBucket", { extra: [["BucketName", name]] });
}
