import type { EdgeReply } from "../../http/types.ts";
import type { Permissions } from "../auth/permissions.ts";
import type { AuthResult } from "../auth/types.ts";
import type { Written } from "../auth/written.ts";
import type { HeaderFacts, HeaderRules } from "../headers/check.ts";
import type { S3Error } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import type { TagSet } from "../protocol/tags.ts";
import type { BucketDirectory, OpenedBucket } from "../records/bucket-directory.ts";
import type { NewRows } from "../records/new-rows.ts";
import type { KeyTurns } from "../versions/turns.ts";
import type { S3Deps } from "./deps.ts";

/** The services that all handlers share. */
export interface S3Services extends S3Deps {
  readonly buckets: BucketDirectory;
  readonly turns: KeyTurns;
  readonly newRows: NewRows;
}

/** The resource that a request's path names. */
export type Level = "service" | "bucket" | "object";

/** One request while the application processes the request. */
interface AnyExchange {
  readonly request: S3Request;
  /** The request as sent: only `request` has the headers that a presigned URL carries in its query. */
  readonly signed: S3Request;
  readonly services: S3Services;
  /** Set by the first hook. */
  auth: AuthResult;
  /** Set by the first hook. */
  headers: HeaderFacts;
  /** The request's bucket, set before the request is authorised. undefined: the request needs no existing bucket. */
  opened: OpenedBucket | undefined;
  /** Tags of the request's object, set before the request is authorised when a policy asks for them. */
  objectTags?: TagSet | undefined;
  /** Set once the body, or the source of a copy, says what is written beside the content (`authorizeWritten`). */
  written?: Written | undefined;
  reply: EdgeReply | undefined;
}

export interface ServiceExchange extends AnyExchange {
  readonly level: "service";
  readonly operation: Operation<"service">;
}

export interface BucketExchange extends AnyExchange {
  readonly level: "bucket";
  readonly operation: Operation<"bucket">;
  readonly bucket: string;
}

export interface ObjectExchange extends AnyExchange {
  readonly level: "object";
  readonly operation: Operation<"object">;
  readonly bucket: string;
  readonly key: string;
}

/**
 * A request that is refused for every sender: the request is authenticated, logged and counted like other requests.
 */
export interface RefusedExchange extends AnyExchange {
  readonly level: "refused";
  readonly operation: Pick<OperationRow, "name" | "permissions">;
  readonly refusal: S3Error;
}

export type Exchange = ServiceExchange | BucketExchange | ObjectExchange | RefusedExchange;

interface Exchanges {
  readonly service: ServiceExchange;
  readonly bucket: BucketExchange;
  readonly object: ObjectExchange;
}

export type Handler<L extends Level> = (exchange: Exchanges[L]) => Promise<EdgeReply>;

/** A row of the table of operations (src/s3/routing/operations), without its handler. */
export interface OperationRow {
  /** Name of the operation in the API reference. */
  readonly name: string;
  readonly method: string;
  /** The query parameter that chooses the operation; "" when there is none. */
  readonly subResource: string;
  /** The only value that the sub-resource may have. */
  readonly subResourceValue?: string;
  /** The header that chooses between two operations with the same method and sub-resource. */
  readonly chosenBy?: string;
  /** Query parameters that the operation knows beside its sub-resource. */
  readonly parameters: readonly string[];
  readonly headers: HeaderRules;
  readonly permissions: Permissions;
  /** The signature is in the form that the body holds: the handler checks it, and asks for the permissions. */
  readonly signedIn?: "form";
}

export interface Operation<L extends Level> extends OperationRow {
  readonly handler: Handler<L>;
}

/** The bucket of the request, and the view in which the request found it. */
export function openedBucket({ opened, operation }: Exchange): OpenedBucket {
  if (opened === undefined) throw new Error(`${operation.name} looks at a bucket that was not opened`);
  return opened;
}
