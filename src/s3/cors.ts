/**
 * Cross-origin requests of browsers: preflights, and the headers of other answers. A request without the header
 * Origin costs one look at its headers, and reads nothing.
 */
import type { EdgeReply } from "../http/types.ts";
import { KvError } from "../txn/types.ts";
import type { Exchange, S3Services } from "./context/exchange.ts";
import { CORS_METHODS, corsHeaders, type PreparedRule, prepareCors } from "./protocol/cors.ts";
import { S3Error } from "./protocol/errors.ts";
import { emptyReply } from "./protocol/replies.ts";
import type { S3Request } from "./protocol/request.ts";
import { readConfiguration } from "./records/bucket-configuration.ts";
import { decodeCors } from "./records/cors.ts";

const NOT_ALLOWED =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
/** A token of RFC 9110; a requested name is sent in the answer again. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * Answers OPTIONS. The key is not looked up, as in S3. Errors as recorded of S3: localstack/localstack,
 * tests/aws/services/s3/test_s3_cors.snapshot.json. @throws S3Error BadRequest, AccessForbidden; KvError
 */
export async function preflight({ request, services }: Exchange): Promise<EdgeReply> {
  const origin = request.header("origin") ?? "";
  if (origin === "") {
    throw new S3Error("BadRequest", {
      message: "Insufficient information. Origin request header needed.",
    });
  }
  const method = request.header("access-control-request-method");
  const rules = request.bucket === undefined ? undefined : await rulesOf(services, request.bucket);
  if (rules === undefined) throw forbidden("CORSResponse: Bucket not found", method, "BUCKET");
  if (rules.length === 0) {
    throw forbidden("CORSResponse: CORS is not enabled for this bucket.", method, "BUCKET");
  }
  if (method === undefined || !CORS_METHODS.includes(method)) {
    throw new S3Error("BadRequest", {
      message: `Invalid Access-Control-Request-Method: ${method?.slice(0, 200) ?? "null"}`,
    });
  }
  const headers = requestedHeaders(request);
  const found = headers === undefined ? undefined : corsHeaders(rules, { origin, method, headers });
  if (found !== undefined) return emptyReply(200, found);
  throw forbidden(NOT_ALLOWED, method, request.key === undefined ? "BUCKET" : "OBJECT");
}

function forbidden(message: string, method: string | undefined, resource: "BUCKET" | "OBJECT"): S3Error {
  return new S3Error("AccessForbidden", {
    message,
    extra: [
      ["Method", method?.slice(0, 200) ?? "OPTIONS"],
      ["ResourceType", resource],
    ],
  });
}

/**
 * Adds the headers of the first rule that allows the request, to an error too. S3 serves a request that no rule
 * allows, without these headers: the browser then keeps the answer from the page.
 */
export async function withCors({ request, services }: Exchange, reply: EdgeReply): Promise<EdgeReply> {
  const origin = request.header("origin");
  if (origin === undefined || origin === "" || request.bucket === undefined) return reply;
  const headers = requestedHeaders(request);
  // While there is no leader the rules cannot be read, and the reply says so.
  if (headers === undefined || !services.hold.isOpen) return reply;
  const rules = await rulesFor(services, request);
  // As recorded of S3, the requested method decides here too.
  const method = request.header("access-control-request-method") ?? request.method;
  const found = corsHeaders(rules, { origin, method, headers });
  return found === undefined ? reply : { ...reply, headers: [...reply.headers, ...found] };
}

/** An answer is worth more than its CORS headers: it is sent without them when the rules cannot be read. */
async function rulesFor(services: S3Services, request: S3Request): Promise<readonly PreparedRule[]> {
  try {
    return (await rulesOf(services, request.bucket ?? "")) ?? [];
  } catch (error) {
    if (!(error instanceof KvError)) services.onInternalError(error, request.requestId);
    return [];
  }
}

/** Names in lower case; undefined: the header holds something else. */
function requestedHeaders(request: S3Request): readonly string[] | undefined {
  const text = request.header("access-control-request-headers");
  if (text === undefined) return [];
  const names = text.split(",").map((name) => name.trim().toLowerCase());
  const present = names.filter((name) => name !== "");
  return present.every((name) => FIELD_NAME.test(name)) ? present : undefined;
}

/** Rules of this many buckets stay prepared: at most half a MiB each. */
const PREPARED_MAX = 256;
/**
 * By the value of the row, which the row cache gives out again while the row stays the same; the least recently used
 * first.
 */
const preparedRules = new Map<Uint8Array, readonly PreparedRule[]>();

/** @throws RecordError */
function preparedOf(value: Uint8Array): readonly PreparedRule[] {
  const rules = preparedRules.get(value) ?? prepareCors(decodeCors(value));
  preparedRules.delete(value);
  preparedRules.set(value, rules);
  for (const oldest of preparedRules.keys()) {
    if (preparedRules.size <= PREPARED_MAX) break;
    preparedRules.delete(oldest);
  }
  return rules;
}

/** Empty: the bucket has no configuration; undefined: there is no such bucket. @throws KvError, RecordError */
async function rulesOf({ buckets }: S3Services, name: string): Promise<readonly PreparedRule[] | undefined> {
  try {
    const { bucket, view } = await buckets.open(name);
    const value = await readConfiguration(view, bucket, "cors");
    return value === undefined ? [] : preparedOf(value);
  } catch (error) {
    if (error instanceof S3Error && error.code === "NoSuchBucket") return undefined;
    throw error;
  }
}
