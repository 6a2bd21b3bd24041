import { expect, test } from "bun:test";
import { type Detected, detectOperation } from "../../../src/s3/routing/detect.ts";
import { OPERATION_NAMES, OPERATIONS, SUB_RESOURCES } from "../../../src/s3/routing/operations/table.ts";
import { s3Request } from "./support/request.ts";

function detect(method: string, target: string, headers: Record<string, string> = {}): string {
  const detected = detectedOf(method, target, headers);
  return detected.level === "refused" ? detected.refusal.code : detected.operation.name;
}

function detectedOf(method: string, target: string, headers: Record<string, string> = {}): Detected {
  return detectOperation(s3Request(method, target, headers));
}

test.each([
  ["GET", "/", "ListBuckets"],
  ["GET", "/?x-id=ListBuckets", "ListBuckets"],
  ["HEAD", "/", "MethodNotAllowed"],
  ["PUT", "/", "MethodNotAllowed"],
  ["PUT", "/b", "CreateBucket"],
  ["PUT", "/b/", "CreateBucket"],
  ["HEAD", "/b", "HeadBucket"],
  ["DELETE", "/b", "DeleteBucket"],
  ["GET", "/b", "ListObjects"],
  ["GET", "/b?prefix=&marker=&delimiter=&max-keys=&encoding-type=", "ListObjects"],
  ["GET", "/b?list-type=2", "ListObjectsV2"],
  ["GET", "/b?list-type=3", "InvalidArgument"],
  ["GET", "/b?versions", "ListObjectVersions"],
  ["GET", "/b?uploads", "ListMultipartUploads"],
  ["GET", "/b?location", "GetBucketLocation"],
  ["GET", "/b?location=", "GetBucketLocation"],
  ["POST", "/b?delete", "DeleteObjects"],
  ["POST", "/b", "PostObject"],
  ["GET", "/b/k", "GetObject"],
  ["GET", "/b/k?x-id=GetObject", "GetObject"],
  ["GET", "/b/k?cachebuster=1", "GetObject"],
  ["GET", "/b/k?X-Amz-Signature=x&X-Amz-Expires=1", "GetObject"],
  ["GET", "/b/k?partNumber=1", "GetObject"],
  ["HEAD", "/b/k", "HeadObject"],
  ["PUT", "/b/k", "PutObject"],
  ["PUT", "/b/k?x-id=PutObject", "PutObject"],
  ["DELETE", "/b/k", "DeleteObject"],
  ["POST", "/b/k", "MethodNotAllowed"],
  ["POST", "/b/k?uploads", "CreateMultipartUpload"],
  ["PUT", "/b/k?partNumber=1&uploadId=x", "UploadPart"],
  ["PUT", "/b/k?uploadId=x", "UploadPart"],
  ["GET", "/b/k?uploadId=x", "ListParts"],
  ["POST", "/b/k?uploadId=x", "CompleteMultipartUpload"],
  ["DELETE", "/b/k?uploadId=x", "AbortMultipartUpload"],
  ["PATCH", "/b/k", "MethodNotAllowed"],
  ["GET", "/b?acl&policy", "InvalidArgument"],
  ["PUT", "/b/k?partNumber=1", "InvalidArgument"],
  ["PUT", "/b/k?X-Amz-Signature=x&X-Amz-Expires=1&x-amz-content-sha256=UNSIGNED-PAYLOAD", "PutObject"],
  ["PUT", "/b/k?X-Amz-Signature=x&x-amz-signature=y", "NotImplemented"],
  ["PUT", "/b/k?X-Amz-Signature=x&x-amz-unknown=1", "NotImplemented"],
  ["PUT", "/b/k?x-amz-copy-source=b%2Fx", "NotImplemented"],
  ["DELETE", "/b/k?x-amz-mfa=1", "NotImplemented"],
  ["GET", "/b/k?x-amz-checksum-mode=ENABLED", "GetObject"],
  ["PUT", "/b/k?whatever", "NotImplemented"],
  ["PUT", "/b/k?whatever=1", "NotImplemented"],
  ["DELETE", "/b/k?whatever=1", "NotImplemented"],
  ["GET", "/b/k?whatever", "NotImplemented"],
  ["HEAD", "/b?acl", "MethodNotAllowed"],
  ["GET", "/?acl", "InvalidRequest"],
  ["DELETE", "/b?uploads", "MethodNotAllowed"],
])("%s %s is %s", (method, target, expected) => {
  expect(detect(method, target)).toBe(expected);
});

test.each([
  ["PUT", "/", "GET"],
  ["HEAD", "/", "GET"],
  ["PATCH", "/b", "PUT, HEAD, DELETE, GET, POST"],
  ["POST", "/b/k", "GET, HEAD, PUT, DELETE"],
])("405 for %s %s says which methods there are", (method, target, allowed) => {
  const detected = detectedOf(method, target);
  if (detected.level !== "refused") throw new Error(`${method} ${target} is supported`);
  expect([detected.refusal.code, detected.refusal.headers]).toEqual([
    "MethodNotAllowed",
    [["Allow", allowed]],
  ]);
  for (const one of allowed.split(", ")) expect(detect(one, target)).not.toBe("MethodNotAllowed");
});

test("headers choose too", () => {
  expect(detect("PUT", "/b/k", { "x-amz-copy-source": "/b/x" })).toBe("CopyObject");
  expect(detect("PUT", "/b/k?partNumber=1&uploadId=x", { "x-amz-copy-source": "/b/x" })).toBe(
    "UploadPartCopy",
  );
  expect(detect("PUT", "/b/k", { "x-amz-write-offset-bytes": "5" })).toBe("NotImplemented");
});

test("a sub-resource never gets the answer of the plain operation", () => {
  const plain = [
    "PutObject",
    "GetObject",
    "HeadObject",
    "DeleteObject",
    "CreateBucket",
    "DeleteBucket",
    "HeadBucket",
    "ListObjects",
    "ListBuckets",
  ];
  for (const name of SUB_RESOURCES) {
    for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE"]) {
      for (const path of ["/", "/b", "/b/k"]) {
        expect(plain).not.toContain(detect(method, `${path}?${name}`));
        expect(plain).not.toContain(detect(method, `${path}?${name}=x`));
      }
    }
  }
});

test("every operation has a handler", () => {
  for (const { operations } of Object.values(OPERATIONS)) {
    for (const { handler } of operations) expect(typeof handler).toBe("function");
  }
});

test("no operation stands twice in the table", () => {
  expect(new Set(OPERATION_NAMES).size).toBe(OPERATION_NAMES.length);
});
