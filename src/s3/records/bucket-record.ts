import { elastickv as gen } from "../../gen/s3.js";
import { decodeTimestamp, encodeTimestamp } from "../../store/timestamp.ts";
import { decodeOwner, encodeOwner, type RowOwner } from "./owner.ts";
import { decodeWith, safeCount } from "./record-error.ts";
import { encodeVersioning, type Versioning, versioningOf } from "./versioning.ts";

export interface BucketRecord {
  /** The read timestamp at which the creation was decided: unique among all buckets of one name. */
  readonly generation: bigint;
  readonly createdMs: number;
  readonly region: string;
  /** The creator. */
  readonly owner: RowOwner;
  readonly versioning: Versioning;
  /** Versions can be locked. Versioning is enabled then, and stays so. */
  readonly objectLock: boolean;
}

export function encodeBucket(record: BucketRecord): Uint8Array {
  safeCount(record.createdMs, "bucket createdMs");
  return gen.s3.Bucket.encode({
    generation: encodeTimestamp(record.generation),
    createdMs: record.createdMs,
    region: record.region,
    ...encodeOwner(record.owner),
    ...encodeVersioning(record.versioning),
    ...(record.objectLock ? { objectLock: true } : {}),
  }).finish();
}

/** @throws RecordError */
export function decodeBucket(value: Uint8Array): BucketRecord {
  return decodeWith("bucket", () => {
    const row = gen.s3.Bucket.decode(value);
    return {
      generation: decodeTimestamp(row.generation),
      createdMs: safeCount(row.createdMs, "bucket createdMs"),
      region: row.region,
      owner: decodeOwner(row),
      versioning: versioningOf(row.versioning),
      objectLock: row.objectLock,
    };
  });
}
