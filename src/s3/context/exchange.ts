import type { EdgeReply } from "../../http/types.ts";
import type { AuthResult } from "../auth/types.ts";
import type { HeaderFacts } from "../headers/check.ts";
import type { S3Error } from "../protocol/errors.ts";
import type { OperationName } from "../protocol/operations.ts";
import type { S3Request } from "../protocol/request.ts";
import type { BucketDirectory } from "../records/bucket-directory.ts";
import type { S3Deps } from "./deps.ts";

/** What the handlers share. */
export interface S3Services extends S3Deps {
  readonly buckets: BucketDirectory;
}

/** One request on its way through the application. */
export interface Exchange {
  readonly request: S3Request;
  /** The same as it was sent: headers that a presigned URL carries in its query are in `request` only. */
  readonly signed: S3Request;
  readonly operation: OperationName;
  /** Of an unsupported operation. */
  readonly unsupported: S3Error | undefined;
  readonly services: S3Services;
  /** Set by the first hook. */
  auth: AuthResult;
  /** Set by the first hook. */
  headers: HeaderFacts;
  reply: EdgeReply | undefined;
}

export type Handler = (exchange: Exchange) => Promise<EdgeReply>;

/** The bucket that the route guarantees. */
export function bucketOf(exchange: Exchange): string {
  const { bucket } = exchange.request;
  if (bucket === undefined) throw new Error(`${exchange.operation} without a bucket`);
  return bucket;
}

/** The key that the route guarantees. */
export function keyOf(exchange: Exchange): string {
  const { key } = exchange.request;
  if (key === undefined) throw new Error(`${exchange.operation} without a key`);
  return key;
}

/** Whose object it will be. */
export function ownerOf(exchange: Exchange): string {
  const { principal } = exchange.auth;
  return principal.kind === "user" ? principal.accessKey : "anonymous";
}
