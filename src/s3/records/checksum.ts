import { elastickv as gen } from "../../gen/s3.js";
import type { HashAlgorithm } from "../../hash/types.ts";

import { RecordError } from "./record-error.ts";

export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

/** An algorithm of the `x-amz-checksum-*` family: every hash algorithm of the server. */
export type ChecksumAlgorithm = HashAlgorithm;

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  readonly value: Uint8Array;
}

const NUMBERS: Record<ChecksumAlgorithm, gen.s3.ChecksumAlgorithm> = {
  crc32: gen.s3.ChecksumAlgorithm.CRC32,
  crc32c: gen.s3.ChecksumAlgorithm.CRC32C,
  crc64nvme: gen.s3.ChecksumAlgorithm.CRC64NVME,
  sha1: gen.s3.ChecksumAlgorithm.SHA1,
  sha256: gen.s3.ChecksumAlgorithm.SHA256,
  sha512: gen.s3.ChecksumAlgorithm.SHA512,
  md5: gen.s3.ChecksumAlgorithm.MD5,
  xxhash64: gen.s3.ChecksumAlgorithm.XXHASH64,
  xxhash3: gen.s3.ChecksumAlgorithm.XXHASH3,
  xxhash128: gen.s3.ChecksumAlgorithm.XXHASH128,
};

export function algorithmNumber(algorithm: ChecksumAlgorithm | undefined): gen.s3.ChecksumAlgorithm {
  return algorithm === undefined ? gen.s3.ChecksumAlgorithm.CHECKSUM_NONE : NUMBERS[algorithm];
}

const ALGORITHMS: ReadonlyMap<number, ChecksumAlgorithm> = new Map(
  Object.entries(NUMBERS).map(([algorithm, number]) => [number, algorithm as ChecksumAlgorithm]),
);

/** @throws RecordError */
export function algorithmOf(number: gen.s3.ChecksumAlgorithm): ChecksumAlgorithm | undefined {
  if (number === gen.s3.ChecksumAlgorithm.CHECKSUM_NONE) return undefined;
  const algorithm = ALGORITHMS.get(number);
  if (algorithm === undefined) throw new RecordError(`checksum algorithm ${String(number)}`);
  return algorithm;
}

export function typeNumber(type: ChecksumType | undefined): gen.s3.ChecksumType {
  if (type === undefined) return gen.s3.ChecksumType.TYPE_NONE;
  return type === "COMPOSITE" ? gen.s3.ChecksumType.COMPOSITE : gen.s3.ChecksumType.FULL_OBJECT;
}

/** @throws RecordError */
export function typeOf(number: gen.s3.ChecksumType): ChecksumType | undefined {
  switch (number) {
    case gen.s3.ChecksumType.TYPE_NONE:
      return undefined;
    case gen.s3.ChecksumType.COMPOSITE:
      return "COMPOSITE";
    case gen.s3.ChecksumType.FULL_OBJECT:
      return "FULL_OBJECT";
    default:
      throw new RecordError(`checksum type ${String(number)}`);
  }
}

export function encodeChecksum(
  checksum: StoredChecksum | undefined,
): gen.s3.Checksum.$Properties | undefined {
  if (checksum === undefined) return undefined;
  return {
    algorithm: algorithmNumber(checksum.algorithm),
    type: typeNumber(checksum.type),
    value: checksum.value,
  };
}

/** @throws RecordError */
export function decodeChecksum(
  row: gen.s3.Checksum.$Properties | null | undefined,
): StoredChecksum | undefined {
  if (row === null || row === undefined) return undefined;
  const algorithm = algorithmOf(row.algorithm ?? 0);
  const type = typeOf(row.type ?? 0);
  if (algorithm === undefined || type === undefined || row.value === null || row.value === undefined) {
    throw new RecordError("a checksum without algorithm, type or value");
  }
  return { algorithm, type, value: row.value };
}
