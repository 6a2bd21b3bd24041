/** From a request to exactly one operation. */
import { looksPresigned } from "../auth/presigned.ts";
import { isOfPresigned } from "../auth/presigned-parameters.ts";
import { S3Error } from "../errors.ts";
import type { S3Request } from "../request.ts";
import type { OperationName } from "./operations.ts";
import { isOfAnyRequest, SUB_RESOURCES } from "./sub-resources.ts";

export type Detected =
  | { readonly operation: Exclude<OperationName, "Unsupported"> }
  | { readonly operation: "Unsupported"; readonly error: S3Error };

interface Route {
  readonly operation: Exclude<OperationName, "Unsupported">;
  /** Parameters it knows beside its sub-resource. */
  readonly parameters?: readonly string[];
}

type Level = "service" | "bucket" | "object";

const RESPONSE_OVERRIDES = [
  "response-cache-control",
  "response-content-disposition",
  "response-content-encoding",
  "response-content-language",
  "response-content-type",
  "response-expires",
];
const LIST_COMMON = ["delimiter", "encoding-type", "max-keys", "prefix"];

/** `LEVEL METHOD sub-resource`; a route without sub-resource ends with a blank. */
const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    "service GET ",
    {
      operation: "ListBuckets",
      parameters: ["bucket-region", "continuation-token", "max-buckets", "prefix"],
    },
  ],

  ["bucket PUT ", { operation: "CreateBucket" }],
  ["bucket HEAD ", { operation: "HeadBucket" }],
  ["bucket DELETE ", { operation: "DeleteBucket" }],
  ["bucket GET ", { operation: "ListObjects", parameters: [...LIST_COMMON, "marker"] }],
  [
    "bucket GET list-type",
    {
      operation: "ListObjectsV2",
      parameters: [...LIST_COMMON, "continuation-token", "fetch-owner", "start-after"],
    },
  ],
  [
    "bucket GET versions",
    { operation: "ListObjectVersions", parameters: [...LIST_COMMON, "key-marker", "version-id-marker"] },
  ],
  [
    "bucket GET uploads",
    {
      operation: "ListMultipartUploads",
      parameters: ["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"],
    },
  ],
  ["bucket POST delete", { operation: "DeleteObjects" }],
  ["bucket GET location", { operation: "GetBucketLocation" }],
  ["bucket GET versioning", { operation: "GetBucketVersioning" }],
  ["bucket GET acl", { operation: "GetBucketAcl" }],
  ["bucket GET policy", { operation: "GetBucketPolicy" }],
  ["bucket GET policyStatus", { operation: "GetBucketPolicyStatus" }],
  ["bucket GET cors", { operation: "GetBucketCors" }],
  ["bucket GET lifecycle", { operation: "GetBucketLifecycleConfiguration" }],
  ["bucket GET tagging", { operation: "GetBucketTagging" }],
  ["bucket GET website", { operation: "GetBucketWebsite" }],
  ["bucket GET encryption", { operation: "GetBucketEncryption" }],
  ["bucket GET object-lock", { operation: "GetObjectLockConfiguration" }],
  ["bucket GET replication", { operation: "GetBucketReplication" }],
  ["bucket GET logging", { operation: "GetBucketLogging" }],
  ["bucket GET notification", { operation: "GetBucketNotificationConfiguration" }],
  ["bucket GET requestPayment", { operation: "GetBucketRequestPayment" }],
  ["bucket GET accelerate", { operation: "GetBucketAccelerateConfiguration" }],
  ["bucket GET ownershipControls", { operation: "GetBucketOwnershipControls" }],
  ["bucket GET publicAccessBlock", { operation: "GetPublicAccessBlock" }],

  ["object GET ", { operation: "GetObject", parameters: ["partNumber", "versionId", ...RESPONSE_OVERRIDES] }],
  [
    "object HEAD ",
    { operation: "HeadObject", parameters: ["partNumber", "versionId", ...RESPONSE_OVERRIDES] },
  ],
  ["object PUT ", { operation: "PutObject" }],
  ["object DELETE ", { operation: "DeleteObject", parameters: ["versionId"] }],
  ["object GET acl", { operation: "GetObjectAcl", parameters: ["versionId"] }],
  ["object GET tagging", { operation: "GetObjectTagging", parameters: ["versionId"] }],
  ["object GET attributes", { operation: "GetObjectAttributes", parameters: ["versionId"] }],
  [
    "object GET uploadId",
    { operation: "ListParts", parameters: ["encoding-type", "max-parts", "part-number-marker"] },
  ],
  ["object POST uploads", { operation: "CreateMultipartUpload" }],
  ["object PUT uploadId", { operation: "UploadPart", parameters: ["partNumber"] }],
  ["object POST uploadId", { operation: "CompleteMultipartUpload" }],
  ["object DELETE uploadId", { operation: "AbortMultipartUpload" }],
]);

/** `GET, PUT` of the plain resource: a method that is refused with 405 never comes with a sub-resource. */
function methodsOf(level: Level): string {
  const methods: string[] = [];
  for (const name of ROUTES.keys()) {
    const [of, method = "", subResource] = name.split(" ");
    if (of === level && subResource === "") methods.push(method);
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
  if (request.method === "OPTIONS") return new S3Error("CORSForbidden");
  if (subResource !== "") return notImplemented(subResource);
  if (level === "bucket" && request.method === "POST") return notImplemented("POST Object (form upload)");
  return new S3Error("MethodNotAllowed", {
    extra: [
      ["Method", request.method],
      ["ResourceType", level.toUpperCase()],
    ],
    // RFC 9110 section 15.5.6.
    headers: [["Allow", methodsOf(level)]],
  });
}

function notImplemented(what: string): S3Error {
  return new S3Error("NotImplemented", {
    message: `A header or operation you provided implies functionality that is not implemented: ${what}`,
    extra: [["Header", what]],
  });
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
