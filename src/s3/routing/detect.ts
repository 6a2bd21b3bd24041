/** Finds exactly one operation for a request. */
import { looksPresigned } from "../auth/presigned.ts";
import { isOfPresigned } from "../auth/presigned-parameters.ts";
import type {
  BucketExchange,
  Level,
  ObjectExchange,
  Operation,
  OperationRow,
  RefusedExchange,
  ServiceExchange,
} from "../context/exchange.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import type { RefusedOperation } from "./operations/row.ts";
import { type LevelTable, OPERATIONS, SUB_RESOURCES } from "./operations/table.ts";

/** The part of an exchange that the request's method, target and headers decide. */
export type Detected =
  | Pick<ServiceExchange, "level" | "operation">
  | Pick<BucketExchange, "level" | "operation" | "bucket">
  | Pick<ObjectExchange, "level" | "operation" | "bucket" | "key">
  | Pick<RefusedExchange, "level" | "operation" | "refusal">;

type Refused = Extract<Detected, { level: "refused" }>;

/** Refused requests are counted under this name. */
export const UNSUPPORTED = "Unsupported";
/**
 * Permissions of a request that is no operation of S3: no policy names the action, so only a policy that allows every
 * action allows the request.
 */
const NOTHING: RefusedExchange["operation"]["permissions"] = { actions: [""] };

/** Headers that turn every operation into an unimplemented operation. */
const UNIMPLEMENTED_HEADERS = ["x-amz-write-offset-bytes", "x-amz-rename-source"];

/** Parameters of SigV2, which has its own error, and parameters that SDKs add to any request. */
const OF_ANY_REQUEST: ReadonlySet<string> = new Set(["AWSAccessKeyId", "Expires", "Signature", "x-id"]);

/** The operations of one level by `METHOD sub-resource`. */
interface Index<L extends Level> extends LevelTable<L> {
  readonly byTarget: ReadonlyMap<string, { plain: Operation<L>; chosen: Operation<L> | undefined }>;
  readonly refusedByTarget: ReadonlyMap<string, RefusedOperation>;
}

const SERVICE = indexOf(OPERATIONS.service);
const BUCKET = indexOf(OPERATIONS.bucket);
const OBJECT = indexOf(OPERATIONS.object);

/** @throws Error when two rows have one target */
function indexOf<L extends Level>(table: LevelTable<L>): Index<L> {
  const byTarget = new Map<string, { plain: Operation<L>; chosen: Operation<L> | undefined }>();
  const refusedByTarget = new Map<string, RefusedOperation>();
  for (const operation of table.operations) {
    const target = targetOf(operation);
    const found = byTarget.get(target);
    if (operation.chosenBy === undefined && found === undefined) {
      byTarget.set(target, { plain: operation, chosen: undefined });
    } else if (operation.chosenBy !== undefined && found !== undefined && found.chosen === undefined) {
      found.chosen = operation;
    } else throw new Error(`two operations at ${table.level} ${target}`);
  }
  for (const refused of table.refused) {
    const target = targetOf(refused);
    if (byTarget.has(target) || refusedByTarget.has(target)) {
      throw new Error(`two operations at ${table.level} ${target}`);
    }
    refusedByTarget.set(target, refused);
  }
  return { ...table, byTarget, refusedByTarget };
}

function targetOf({ method, subResource }: Pick<RefusedOperation, "method" | "subResource">): string {
  return `${method} ${subResource}`;
}

/** The methods of a resource, such as `GET, PUT`: the value of Allow in a 405. */
function methodsOf(
  rows: readonly Pick<RefusedOperation, "method" | "subResource">[],
  subResource: string,
): string {
  const methods = rows.flatMap((row) => (row.subResource === subResource ? [row.method] : []));
  return [...new Set(methods)].join(", ");
}

/**
 * Never throws: a refusal is an operation too, so that a refused request is authenticated, logged and counted like
 * other requests.
 */
export function detectOperation(request: S3Request): Detected {
  const { bucket, key } = request;
  if (bucket === undefined) {
    const operation = find(SERVICE, request);
    return "refusal" in operation ? operation : { level: "service", operation };
  }
  if (key === undefined) {
    const operation = find(BUCKET, request);
    return "refusal" in operation ? operation : { level: "bucket", operation, bucket };
  }
  const operation = find(OBJECT, request);
  return "refusal" in operation ? operation : { level: "object", operation, bucket, key };
}

function find<L extends Level>(index: Index<L>, request: S3Request): Operation<L> | Refused {
  let subResource = "";
  for (const { name } of request.query.entries) {
    if (!SUB_RESOURCES.has(name) || name === subResource) continue;
    if (subResource !== "") return refuse(conflict(subResource, name));
    subResource = name;
  }
  const target = `${request.method} ${subResource}`;
  const route = index.byTarget.get(target);
  if (route === undefined) {
    const row = index.refusedByTarget.get(target);
    return refuse(noSuchOperation(request, index, subResource, row), row);
  }
  const { plain, chosen } = route;
  const operation =
    chosen?.chosenBy !== undefined && request.header(chosen.chosenBy) !== undefined ? chosen : plain;
  const refusal = refusalOf(request, operation);
  return refusal === undefined ? operation : refuse(refusal, operation);
}

/** The refusal of a request whose operation was found; undefined when there is none. */
function refusalOf(request: S3Request, operation: OperationRow): S3Error | undefined {
  const { subResource, subResourceValue } = operation;
  const unknown = unknownParameter(request, operation);
  if (unknown === "partNumber") return partWithoutUpload(request);
  if (unknown !== undefined) return notImplemented(unknown);
  for (const header of UNIMPLEMENTED_HEADERS) {
    if (request.header(header) !== undefined) return notImplemented(header);
  }
  if (subResourceValue === undefined) return undefined;
  const value = request.query.get(subResource) ?? "";
  if (value === subResourceValue) return undefined;
  return invalidArgument(subResource, value, `${subResource} must be ${subResourceValue}.`);
}

function refuse(refusal: S3Error, row?: Pick<RefusedOperation, "permissions">): Refused {
  const permissions = row?.permissions ?? NOTHING;
  return { level: "refused", operation: { name: UNSUPPORTED, permissions }, refusal };
}

/**
 * An unknown parameter may be a sub-resource of a later version of S3. A parameter without a value looks like a
 * sub-resource. On a request that writes, every unknown parameter is refused, because ignoring the parameter is a
 * risk: an `x-amz-*` parameter may be a header that the client moved to the query, where only presigned URLs have
 * headers. `?x=y` on a read is ignored, as S3 does.
 */
function unknownParameter(request: S3Request, { parameters, subResource }: OperationRow): string | undefined {
  if (request.query.size === 0) return undefined;
  const reads = request.method === "GET" || request.method === "HEAD";
  const presigned = looksPresigned(request.query);
  for (const { name, value } of request.query.entries) {
    if (name === subResource || parameters.includes(name) || OF_ANY_REQUEST.has(name)) continue;
    if (presigned && isOfPresigned(name)) continue;
    if (!reads || value === "") return name;
  }
  return undefined;
}

function noSuchOperation<L extends Level>(
  request: S3Request,
  { level, operations, refused }: LevelTable<L>,
  subResource: string,
  row: RefusedOperation | undefined,
): S3Error {
  const { method } = request;
  if (row !== undefined) return notImplemented(subResource, row.why);
  if (subResource !== "" && methodsOf([...operations, ...refused], subResource) === "") {
    return new S3Error("InvalidRequest", { message: `A ${level} has no ?${subResource} subresource.` });
  }
  return new S3Error("MethodNotAllowed", {
    extra: [
      ["Method", method],
      ["ResourceType", resourceType(level, subResource)],
    ],
    // RFC 9110 section 15.5.6.
    headers: [["Allow", methodsOf(operations, subResource)]],
  });
}

/** S3's names for the resource of a 405, as recorded on 2026-09-23: brekkylab/backlot, tests. */
function resourceType(level: Level, subResource: string): string {
  if (subResource === "") return level.toUpperCase();
  if (subResource === "delete") return "MULTI_OBJECT_DELETE";
  if (subResource === "uploadId") return "UPLOAD";
  const name = subResource.replaceAll("-", "_").toUpperCase();
  return level === "object" && (name === "TAGGING" || name === "ENCRYPTION") ? `OBJECT_${name}` : name;
}

function notImplemented(what: string, why?: string): S3Error {
  const reason = why === undefined ? "" : ` (${why})`;
  return new S3Error("NotImplemented", {
    message: `A header or operation you provided implies functionality that is not implemented: ${what}${reason}`,
    extra: [["Header", what]],
  });
}

/** The message of AWS: versity/versitygw, s3err/invalid-argument.go. */
function partWithoutUpload(request: S3Request): S3Error {
  return invalidArgument(
    "partNumber",
    request.query.get("partNumber") ?? "",
    "This operation does not accept partNumber without uploadId",
  );
}

function conflict(a: string, b: string): S3Error {
  return new S3Error("InvalidArgument", {
    message: "Conflicting query string parameters.",
    extra: [
      ["ArgumentName", "ResourceType"],
      ["ArgumentValue", `${a}, ${b}`],
    ],
  });
}
