/** The version id in the row of an object. */
import type { Random } from "../../platform/random.ts";
import { RecordError } from "./record-error.ts";

declare const opaque: unique symbol;

/**
 * `null`: the object was written while versioning was not enabled. Any other id is opaque to clients, and to a release
 * that did not write it.
 */
export type VersionId = typeof NULL_VERSION | (string & { readonly [opaque]: true });

/** The version id of every write to a bucket whose versioning is not enabled. */
export const NULL_VERSION = "null";

/** Characters that need no escape in URLs and XML: RFC 3986 section 2.3, and the further characters of base64. */
const WELL_FORMED = /^[A-Za-z0-9._~+/=-]{1,1024}$/;
/** The ids of this release: 16 hex digits of the order, inverted, so that newer ids sort first; then 32 random ones. */
const OWN = /^[0-9a-f]{48}$/;
const RANDOM_BYTES = 16;
const ORDER_MAX = 2n ** 64n - 1n;

/** @throws RecordError for text that no writer has written */
export function versionIdOf(text: string): VersionId {
  if (WELL_FORMED.test(text)) return text as VersionId;
  throw new RecordError(`manifest of version ${JSON.stringify(text.slice(0, 100))}`);
}

/** @param order greater than the order of every earlier version of the key */
export function newVersionId(order: bigint, random: Random): VersionId {
  const unguessable = Buffer.from(random.bytes(RANDOM_BYTES)).toString("hex");
  return (firstIdFrom(order) + unguessable) as VersionId;
}

/** Sorts before the id of every version of a lower order, and not before an id of a greater one. */
export function firstIdFrom(order: bigint): string {
  return (ORDER_MAX - order).toString(16).padStart(16, "0");
}

/** The version that a client names; undefined for text that is no id of any version. */
export function parseVersionId(text: string): VersionId | undefined {
  return text === NULL_VERSION || OWN.test(text) ? (text as VersionId) : undefined;
}

/**
 * The place of a version among the versions of its key: a newer version has a greater order. A version `null` from
 * before versioning has none in its row, and is older than all others.
 */
export function orderOf({
  versionId,
  order,
}: {
  readonly versionId: VersionId;
  readonly order?: bigint | undefined;
}): bigint {
  if (!OWN.test(versionId)) return order ?? 0n;
  return ORDER_MAX - BigInt(`0x${versionId.slice(0, 16)}`);
}
