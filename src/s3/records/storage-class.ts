import { elastickv as gen } from "../../gen/s3.js";
import { RecordError } from "./record-error.ts";

/** The storage classes of this server: the classes from which S3 reads without a restore. */
export type StorageClass =
  | "STANDARD"
  | "REDUCED_REDUNDANCY"
  | "STANDARD_IA"
  | "ONEZONE_IA"
  | "INTELLIGENT_TIERING"
  | "GLACIER_IR";

const NUMBERS: Readonly<Record<StorageClass, gen.s3.StorageClass>> = {
  STANDARD: gen.s3.StorageClass.STANDARD,
  REDUCED_REDUNDANCY: gen.s3.StorageClass.REDUCED_REDUNDANCY,
  STANDARD_IA: gen.s3.StorageClass.STANDARD_IA,
  ONEZONE_IA: gen.s3.StorageClass.ONEZONE_IA,
  INTELLIGENT_TIERING: gen.s3.StorageClass.INTELLIGENT_TIERING,
  GLACIER_IR: gen.s3.StorageClass.GLACIER_IR,
};
const NAMES: readonly StorageClass[] = Object.keys(NUMBERS) as StorageClass[];
const BY_NUMBER: readonly (StorageClass | undefined)[] = NAMES.toSorted((a, b) => NUMBERS[a] - NUMBERS[b]);

export function isStorageClass(text: string): text is StorageClass {
  return Object.hasOwn(NUMBERS, text);
}

/** The storage class field of a row; absent for STANDARD, as in rows that are older than the field. */
export function encodeStorageClass(name: StorageClass): { storageClass?: gen.s3.StorageClass } {
  return name === "STANDARD" ? {} : { storageClass: NUMBERS[name] };
}

/** @throws RecordError */
export function storageClassOf(number: number): StorageClass {
  const name = BY_NUMBER[number];
  if (name === undefined) throw new RecordError(`storage class ${number}`);
  return name;
}
