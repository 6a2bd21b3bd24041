/**
 * Enumerated headers with a value that is none of theirs, and headers that a write does not know. Codes and words are S3's
 * where they are recorded: versity/versitygw, s3err/ (V); brekkylab/backlot, tests, 2026-09-29 in us-east-1 (B); issues
 * named in src/s3/headers/values.ts.
 */
import { expect, test } from "bun:test";
import { type Answer, type Harness, harness, OWNER_ID } from "../support/harness.ts";

type Target = "put" | "copy" | "create" | "get" | "list" | "delete" | "bucket" | "part" | "multi";

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "x" });
  return h;
}

async function send(h: Harness, target: Target, headers: Record<string, string>): Promise<Answer> {
  switch (target) {
    case "put":
      return h.call("PUT", "/bucket/new", { headers, body: "y" });
    case "copy":
      return h.call("PUT", "/bucket/new", { headers: { "x-amz-copy-source": "bucket/key", ...headers } });
    case "create":
      return h.call("POST", "/bucket/new?uploads", { headers });
    case "get":
      return h.call("GET", "/bucket/key", { headers });
    case "list":
      return h.call("GET", "/bucket?list-type=2", { headers });
    case "delete":
      return h.call("DELETE", "/bucket/key", { headers });
    case "bucket":
      return h.call("PUT", "/new", { headers });
    case "part": {
      const id = (await h.call("POST", "/bucket/new?uploads")).tag("UploadId");
      return h.call("PUT", `/bucket/new?partNumber=1&uploadId=${id}`, { headers, body: "y" });
    }
    case "multi": {
      const body = "<Delete><Object><Key>key</Key></Object></Delete>";
      const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
      return h.call("POST", "/bucket?delete", { headers: { "Content-MD5": md5, ...headers }, body });
    }
  }
}

const MADE: readonly Target[] = ["put", "copy", "create"];
type Row = readonly [
  targets: readonly Target[],
  name: string,
  value: string,
  status: number,
  code: string,
  message?: string,
];
const LATER = "2099-01-01T00:00:00Z";

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  [["copy"], "x-amz-metadata-directive", "NOPE", 400, "InvalidArgument", "Unknown metadata directive."], // V
  [["copy"], "x-amz-metadata-directive", "replace", 400, "InvalidArgument", "Unknown metadata directive."],
  [["copy"], "x-amz-tagging-directive", "NOPE", 400, "InvalidArgument", "Unknown tagging directive."], // V
  [["copy"], "x-amz-object-annotation-directive", "NOPE", 400, "InvalidArgument"],
  [MADE, "x-amz-storage-class", "NOPE", 400, "InvalidStorageClass"],
  [MADE, "x-amz-acl", "nope", 400, "InvalidArgument"], // V
  [["bucket"], "x-amz-acl", "nope", 400, "InvalidArgument"],
  [MADE, "x-amz-acl", "public-read", 400, "AccessControlListNotSupported", "The bucket does not allow ACLs"],
  [MADE, "x-amz-grant-full-control", "id=1", 400, "AccessControlListNotSupported"],
  [["bucket"], "x-amz-acl", "public-read", 400, "InvalidBucketAclWithObjectOwnership"], // V
  [["bucket"], "x-amz-grant-write", "id=1", 400, "InvalidBucketAclWithObjectOwnership"],
  [["bucket"], "x-amz-object-ownership", "nope", 400, "InvalidArgument", "Invalid x-amz-object-ownership header: nope"], // V
  [["bucket"], "x-amz-object-ownership", "ObjectWriter", 501, "NotImplemented"],
  [["bucket"], "x-amz-object-ownership", "BucketOwnerPreferred", 501, "NotImplemented"],
  [["bucket"], "x-amz-bucket-object-lock-enabled", "nope", 400, "InvalidArgument"],
  [["bucket"], "x-amz-bucket-namespace", "account-regional", 501, "NotImplemented"],
  [["bucket"], "x-amz-bucket-namespace", "nope", 400, "InvalidArgument"],
  [MADE, "x-amz-server-side-encryption", "nope", 400, "InvalidArgument", "The encryption method specified is not supported"],
  [MADE, "x-amz-server-side-encryption", "AES256", 501, "NotImplemented"],
  [MADE, "x-amz-server-side-encryption", "aws:kms", 501, "NotImplemented"],
  [MADE, "x-amz-server-side-encryption-customer-algorithm", "aws:kms", 400, "InvalidEncryptionAlgorithmError"],
  [["part"], "x-amz-server-side-encryption-customer-algorithm", "AES256", 501, "NotImplemented"],
  [["part"], "x-amz-server-side-encryption", "AES256", 400, "InvalidArgument", "x-amz-server-side-encryption header is not supported for this operation."],
  [["get", "list", "delete", "multi", "part", ...MADE], "x-amz-request-payer", "nope", 400, "InvalidArgument"],
  [["get"], "x-amz-checksum-mode", "garbage", 400, "InvalidRequest", "Value for x-amz-checksum-mode header is invalid."], // B
  [["get"], "x-amz-checksum-mode", "", 400, "InvalidRequest", "Value for x-amz-checksum-mode header is invalid."], // B
  [["list"], "x-amz-optional-object-attributes", "Nope", 400, "InvalidArgument"],
  [MADE, "x-amz-object-lock-mode", "NOPE", 400, "InvalidArgument", "Unknown wormMode directive."], // V
  [MADE, "x-amz-object-lock-legal-hold", "MAYBE", 400, "InvalidArgument", "Legal Hold must be either of &apos;ON&apos; or &apos;OFF&apos;"], // V
  [MADE, "x-amz-object-lock-legal-hold", "ON", 400, "InvalidRequest", "Bucket is missing ObjectLockConfiguration"], // V #1751
  [MADE, "x-amz-object-lock-mode", "GOVERNANCE", 400, "InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied."], // V
  [MADE, "x-amz-object-lock-retain-until-date", LATER, 400, "InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied."],
  [MADE, "x-amz-object-lock-retain-until-date", "soon", 400, "InvalidArgument", "The retain until date must be provided in ISO 8601 format"], // V
  [MADE, "x-amz-object-lock-event-hold", "MAYBE", 400, "InvalidArgument"],
  [MADE, "x-amz-object-lock-event-hold-duration-days", "many", 400, "InvalidArgument"],
  [["delete", "multi"], "x-amz-bypass-governance-retention", "true", 400, "InvalidArgument", "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets."],
  [["delete", "multi"], "x-amz-bypass-governance-retention", "nope", 400, "InvalidArgument"],
  [["delete"], "x-amz-if-match-size", "much", 400, "InvalidArgument"],
  [["delete"], "x-amz-if-match-last-modified-time", "then", 400, "InvalidArgument"],
  [MADE, "x-amz-tagging", "a=b", 501, "NotImplemented"],
  [MADE, "x-amz-website-redirect-location", "/x", 501, "NotImplemented"],
  [["get", "list", "delete", "multi", "part", ...MADE], "x-amz-expected-bucket-owner", "123456789012", 403, "AccessDenied"],
  [["get", "list", "delete", "multi", "part", ...MADE], "x-amz-expected-bucket-owner", "nobody", 400, "InvalidBucketOwnerAWSAccountID"],
  [["copy"], "x-amz-source-expected-bucket-owner", "123456789012", 403, "AccessDenied"],
  // What a write does not know is never ignored.
  [["delete", "multi", "part", "bucket", ...MADE], "x-amz-of-tomorrow", "1", 501, "NotImplemented"],
  [["multi", "part", "bucket", ...MADE], "x-amz-if-match-size", "1", 501, "NotImplemented"],
  [["delete", "multi", "part", "bucket", ...MADE], "x-amz-if-match-initiated-time", "x", 501, "NotImplemented"],
  [["put", "create", "delete"], "x-amz-copy-source-if-match", "x", 400, "InvalidArgument", "You can only specify a copy source header for copy requests."], // V
  [["create", "part", "multi", "bucket"], "If-None-Match", "*", 501, "NotImplemented"],
  [["create", "part", "multi", "bucket"], "If-Match", "x", 501, "NotImplemented"],
  [["put"], "If-None-Match", '"x"', 501, "NotImplemented"], // V #2108
];

// A case that is too short would be given a callback.
const CASES = ROWS.flatMap(([targets, name, value, status, code, message = ""]) =>
  targets.map((target) => [target, name, value, status, code, message] as const),
);

test.each(CASES)("%s with %s: %s is %d %s", async (target, name, value, status, code, message) => {
  const h = await prepared();
  const answer = await send(h, target, { [name]: value });
  expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
  if (message !== "") expect(answer.tag("Message")).toBe(message.replaceAll("'", "&apos;"));
  // Of two that belong together the one that is missing is named.
  const other = "x-amz-object-lock-mode x-amz-object-lock-retain-until-date".replace(name, "").trim();
  const named = message.endsWith("must both be supplied.") ? other : name;
  if (code === "InvalidArgument") expect(answer.tag("ArgumentName")).toBe(named);
  // Nothing was stored, and nothing deleted.
  expect((await h.call("GET", "/bucket")).tags("Key")).toEqual(["key"]);
  expect((await h.call("HEAD", "/new")).status).toBe(404);
});

test("both of a retention: the bucket has no lock configuration, if there is a bucket", async () => {
  const h = await prepared();
  const headers = { "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": LATER };
  for (const target of MADE) {
    const answer = await send(h, target, headers);
    expect([answer.status, answer.tag("Code")]).toEqual([400, "InvalidRequest"]);
  }
  expect((await h.call("PUT", "/nowhere/key", { headers, body: "x" })).tag("Code")).toBe("NoSuchBucket");
});

// biome-ignore format: a table
const TAKEN: readonly (readonly [readonly Target[], string, string])[] = [
  [["copy"], "x-amz-metadata-directive", "COPY"],
  [["copy"], "x-amz-tagging-directive", "REPLACE"],
  [["copy"], "x-amz-object-annotation-directive", "EXCLUDE"],
  [MADE, "x-amz-acl", "private"],
  [MADE, "x-amz-acl", "bucket-owner-full-control"],
  [MADE, "x-amz-tagging", ""],
  [["bucket"], "x-amz-acl", "private"],
  [["bucket"], "x-amz-bucket-namespace", "global"],
  [["bucket"], "x-amz-bucket-object-lock-enabled", "false"],
  [["get", "list", "delete", "multi", "part", ...MADE], "x-amz-request-payer", "requester"],
  [["get", "list", "delete", "multi", "part", ...MADE], "x-amz-expected-bucket-owner", OWNER_ID],
  [["get"], "x-amz-checksum-mode", "enabled"], // B
  [["list"], "x-amz-optional-object-attributes", "RestoreStatus"],
  [["delete", "multi"], "x-amz-bypass-governance-retention", "false"],
  [["delete", "multi"], "x-amz-mfa", "20899872 301749"],
  // Of another operation, and S3 ignores them here.
  [["part", "delete", "multi"], "x-amz-acl", "public-read"],
  [["part", "delete", "multi"], "x-amz-storage-class", "GLACIER"],
  [["part", "delete"], "x-amz-meta-colour", "blue"],
  [["put"], "x-amz-metadata-directive", "REPLACE"],
  [["delete", "put"], "x-amz-cf-id", "of CloudFront"],
  [["put"], "x-amzn-trace-id", "Root=1-x"],
  // Reads ignore what they do not know.
  [["get", "list"], "x-amz-of-tomorrow", "1"],
  [["get"], "x-amz-acl", "nope"],
];

test.each(TAKEN.flatMap(([targets, ...rest]) => targets.map((target) => [target, ...rest] as const)))(
  "%s with %s: %s is taken",
  async (target, name, value) => {
    const answer = await send(await prepared(), target, { [name]: value });
    expect([answer.status < 300, answer.tag("Code")]).toEqual([true, undefined]);
  },
);

test("an ETag in If-None-Match of a write, in S3's words", async () => {
  const h = await prepared();
  const one = await send(h, "put", { "If-None-Match": '"x"' });
  expect([one.tag("Header"), one.tag("additionalMessage")]).toEqual([
    "If-None-Match",
    "We don&apos;t accept the provided value of If-None-Match header for this API",
  ]);
  const both = await send(h, "put", { "If-None-Match": "*", "If-Match": '"x"' });
  expect([both.status, both.tag("Header"), both.tag("additionalMessage")]).toEqual([
    501,
    "If-Match,If-None-Match",
    "Multiple conditional request headers present in the request",
  ]);
});
