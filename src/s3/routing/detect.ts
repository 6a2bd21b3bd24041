/** From a request to exactly one operation. */
import { looksPresigned } from "../auth/presigned.ts";
import { isOfPresigned } from "../auth/presigned-parameters.ts";
import { invalidArgument, S3Error } from "../errors.ts";
import type { S3Request } from "../request.ts";
import type { OperationName } from "./operations.ts";
import { type Level, REFUSED, ROUTES, type Route } from "./routes.ts";
import { isOfAnyRequest, SUB_RESOURCES } from "./sub-resources.ts";

export type Detected =
  | { readonly operation: Exclude<OperationName, "Unsupported"> }
  | { readonly operation: "Unsupported"; readonly error: S3Error };

/** `GET, PUT` of a resource: what a 405 says in Allow. */
function methodsOf(
  level: Level,
  subResource: string,
  tables: readonly ReadonlyMap<string, unknown>[],
): string {
  const methods: string[] = [];
  for (const table of tables) {
    for (const name of table.keys()) {
      const [of, method = "", at] = name.split(" ");
      if (of === level && at === subResource) methods.push(method);
    }
  }
  return methods.join(", ");
}

/** Headers that turn an operation into one that is not implemented, wherever they appear. */
const UNIMPLEMENTED_HEADERS = ["x-amz-write-offset-bytes", "x-amz-rename-source"];

/** Never throws: a refusal is an operation too, so that it is authenticated, logged and counted like the others. */
export function detectOperation(request: S3Request): Detected {
  const level = levelOf(request);
  let subResource = "";
  for (const { name } of request.query.entries) {
    if (!SUB_RESOURCES.has(name) || name === subResource) continue;
    if (subResource !== "") return unsupported(conflict(subResource, name));
    subResource = name;
  }
  const route = ROUTES.get(`${level} ${request.method} ${subResource}`);
  if (route === undefined) return unsupported(noSuchOperation(request, level, subResource));
  const stranger = unknownParameter(request, route, subResource);
  if (stranger === "partNumber") return unsupported(partWithoutUpload(request));
  if (stranger !== undefined) return unsupported(notImplemented(stranger));
  for (const header of UNIMPLEMENTED_HEADERS) {
    if (request.header(header) !== undefined) return unsupported(notImplemented(header));
  }
  return refine(request, route.operation);
}

function levelOf(request: S3Request): Level {
  if (request.bucket === undefined) return "service";
  return request.key === undefined ? "bucket" : "object";
}

/** The same method and target mean something else with certain headers or values. */
function refine(request: S3Request, operation: Exclude<OperationName, "Unsupported">): Detected {
  const copies = request.header("x-amz-copy-source") !== undefined;
  if (operation === "PutObject") return { operation: copies ? "CopyObject" : operation };
  if (operation === "UploadPart") return { operation: copies ? "UploadPartCopy" : operation };
  if (operation === "ListObjectsV2" && request.query.get("list-type") !== "2") {
    return unsupported(
      new S3Error("InvalidArgument", {
        message: "list-type must be 2.",
        extra: [
          ["ArgumentName", "list-type"],
          ["ArgumentValue", request.query.get("list-type") ?? ""],
        ],
      }),
    );
  }
  return { operation };
}

/**
 * A parameter that is not known may be a sub-resource of tomorrow. Without a value it looks like one; on a request
 * that changes something it is not worth the risk to ignore it: an `x-amz-*` one may be a header that somebody moved to
 * where only presigned URLs have it. `?x=y` on a read is ignored, as S3 does.
 */
function unknownParameter(request: S3Request, route: Route, subResource: string): string | undefined {
  if (request.query.size === 0) return undefined;
  const reads = request.method === "GET" || request.method === "HEAD";
  const presigned = looksPresigned(request.query);
  for (const { name, value } of request.query.entries) {
    if (name === subResource || route.parameters?.includes(name) === true || isOfAnyRequest(name)) continue;
    if (presigned && isOfPresigned(name)) continue;
    if (!reads || value === "") return name;
  }
  return undefined;
}

function noSuchOperation(request: S3Request, level: Level, subResource: string): S3Error {
  const { method } = request;
  if (method === "OPTIONS") return new S3Error("CORSForbidden");
  if (level === "bucket" && method === "POST" && subResource === "") return postForm(request);
  const why = REFUSED.get(`${level} ${method} ${subResource}`);
  if (why !== undefined) return notImplemented(subResource, why);
  if (subResource !== "" && methodsOf(level, subResource, [ROUTES, REFUSED]) === "") {
    return new S3Error("InvalidRequest", { message: `A ${level} has no ?${subResource} subresource.` });
  }
  return new S3Error("MethodNotAllowed", {
    extra: [
      ["Method", method],
      ["ResourceType", resourceType(level, subResource)],
    ],
    // RFC 9110 section 15.5.6.
    headers: [["Allow", methodsOf(level, subResource, [ROUTES])]],
  });
}

/** S3's names for what a method is not allowed on, as recorded on 2026-09-23: brekkylab/backlot, tests. */
function resourceType(level: Level, subResource: string): string {
  if (subResource === "") return level.toUpperCase();
  if (subResource === "delete") return "MULTI_OBJECT_DELETE";
  if (subResource === "uploadId") return "UPLOAD";
  const name = subResource.replaceAll("-", "_").toUpperCase();
  return level === "object" && (name === "TAGGING" || name === "ENCRYPTION") ? `OBJECT_${name}` : name;
}

/** As recorded there: what is no form is told so, and no client repeats that. */
function postForm(request: S3Request): S3Error {
  const type = request.header("content-type") ?? "";
  if (type.toLowerCase().startsWith("multipart/form-data"))
    return notImplemented("POST Object (form upload)");
  return new S3Error("PreconditionFailed", {
    extra: [["Condition", "Bucket POST must be of the enclosure-type multipart/form-data"]],
  });
}

function notImplemented(what: string, why?: string): S3Error {
  const reason = why === undefined ? "" : ` (${why})`;
  return new S3Error("NotImplemented", {
    message: `A header or operation you provided implies functionality that is not implemented: ${what}${reason}`,
    extra: [["Header", what]],
  });
}

/** AWS's words: versity/versitygw, s3err/invalid-argument.go. */
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

function unsupported(error: S3Error): Detected {
  return { operation: "Unsupported", error };
}
