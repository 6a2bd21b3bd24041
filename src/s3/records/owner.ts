/** The owner of a bucket, an object or an upload. */
import type { UserId } from "../../iam/types.ts";
import { hexOf } from "../../platform/bytes.ts";
import { RecordError } from "./record-error.ts";

const USER_ID_BYTES = 32;

/** The owner in a row. Rows older than user ids name the access key of the request; only root had an access key. */
export type RowOwner =
  | { readonly kind: "user"; readonly id: Uint8Array }
  | { readonly kind: "root"; readonly accessKey: string };

/** @throws RecordError when `id` is no user id */
export function rowOwner(id: UserId): RowOwner {
  const bytes = Buffer.from(id, "hex");
  if (bytes.byteLength !== USER_ID_BYTES) throw new RecordError("an owner that is no user id");
  return { kind: "user", id: bytes };
}

/** @param root id of the root user */
export function userOf(owner: RowOwner, root: UserId): UserId {
  if (owner.kind === "root") return root;
  const { id } = owner;
  return hexOf(id);
}

/** The owner fields of a row; exactly one field is written. */
export function encodeOwner(owner: RowOwner): { ownerId: Uint8Array } | { owner: string } {
  return owner.kind === "user" ? { ownerId: owner.id } : { owner: owner.accessKey };
}

/** @throws RecordError */
export function decodeOwner(row: { readonly owner: string; readonly ownerId: Uint8Array }): RowOwner {
  const { owner, ownerId } = row;
  if (ownerId.byteLength === 0) return { kind: "root", accessKey: owner };
  if (ownerId.byteLength !== USER_ID_BYTES) throw new RecordError(`an owner of ${ownerId.byteLength} bytes`);
  return { kind: "user", id: ownerId };
}
