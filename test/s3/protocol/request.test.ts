import { describe, expect, test } from "bun:test";
import { KEY_BYTES_MAX } from "../../../src/s3/protocol/limits.ts";
import { refusalOf, s3Request } from "../auth/fixture.ts";

function parsed(target: string, host = "127.0.0.1:9000", domains: string[] = []) {
  const request = s3Request({ target, headers: ["Host", host], domains });
  return [request.style, request.bucket, request.key] as const;
}

describe("path style", () => {
  test.each<[string, string | undefined, string | undefined]>([
    ["/", undefined, undefined],
    ["/?x-id=ListBuckets", undefined, undefined],
    ["/b", "b", undefined],
    ["/b/", "b", undefined],
    ["/b?list-type=2", "b", undefined],
    ["/b/k", "b", "k"],
    ["/b/a/../c", "b", "a/../c"],
    ["/b/%2e%2e/x", "b", "../x"],
    ["/b/./x/../y", "b", "./x/../y"],
    ["/b/..", "b", ".."],
    ["/b//lead", "b", "/lead"],
    ["/b///", "b", "//"],
    ["/b/dir/", "b", "dir/"],
    ["/b/a%2Fb", "b", "a/b"],
    ["/b/a+b", "b", "a+b"],
    ["/b/a%2Bb%20c", "b", "a+b c"],
    ["/b/%252F", "b", "%2F"],
    ["/b/%E2%82%AC", "b", "€"],
    ["/b/%F0%9F%98%80", "b", "😀"],
    ["/b/%EF%BB%BFbom", "b", "\ufeffbom"],
    ["/b/e%CC%81", "b", "e\u0301"],
    ["/b/%00%01", "b", "\u0000\u0001"],
    ["/b/a\\c#d", "b", "a\\c#d"],
    ["/b/\u00c3\u00a9", "b", "é"],
    ["/b/k?versionId=x/y", "b", "k"],
    ["/B%41d/k", "BAd", "k"],
    ["http://127.0.0.1:9000/b/../k?x", "b", "../k"],
    ["http://127.0.0.1:9000", undefined, undefined],
    ["HTTP://127.0.0.1:9000?x", undefined, undefined],
  ])("%s", (target, bucket, key) => {
    expect(parsed(target)).toEqual(["path", bucket, key]);
  });

  test.each<[string, string]>([
    ["/b/%zz", "InvalidURI"],
    ["/b/%", "InvalidURI"],
    ["/b/%e9", "InvalidURI"],
    ["/b/%C0%AF", "InvalidURI"],
    ["/b/%ED%A0%80", "InvalidURI"],
    ["/b/\u00e9", "InvalidURI"],
    ["/b?prefix=%zz", "InvalidURI"],
    ["/b?%ff=1", "InvalidURI"],
    ["*", "InvalidURI"],
    ["b/k", "InvalidURI"],
    ["ftp://127.0.0.1:9000/b/k", "InvalidURI"],
    ["http://other:9000/b/k", "InvalidURI"],
    ["//", "InvalidBucketName"],
    ["//k", "InvalidBucketName"],
  ])("%s is %s", (target, code) => {
    expect(refusalOf(() => parsed(target)).code as string).toBe(code);
  });

  test("keys up to 1024 bytes of UTF-8", () => {
    for (const key of [
      "k".repeat(1024),
      encodeURIComponent("€".repeat(341)),
      encodeURIComponent("😀".repeat(256)),
    ]) {
      expect(parsed(`/b/${key}`)[2]).toBe(decodeURIComponent(key));
    }
    for (const key of ["k".repeat(1025), encodeURIComponent("€".repeat(342)), "k".repeat(2048)]) {
      const error = refusalOf(() => parsed(`/b/${key}`));
      expect([error.code, error.status]).toEqual(["KeyTooLongError", 400]);
      expect(Object.fromEntries(error.extra)["MaxSizeAllowed"]).toBe(String(KEY_BYTES_MAX));
    }
  });
});

describe("virtual-host style", () => {
  const domains = ["s3.local", "eu.s3.local", "localhost"];
  test.each<[string, string, "path" | "virtual-host", string | undefined, string | undefined]>([
    ["b.s3.local", "/k", "virtual-host", "b", "k"],
    ["B.S3.Local:9000", "/", "virtual-host", "b", undefined],
    ["my.bucket.s3.local", "/a//../b", "virtual-host", "my.bucket", "a//../b"],
    ["b.s3.local", "//k", "virtual-host", "b", "/k"],
    ["b.eu.s3.local", "/k", "virtual-host", "b", "k"],
    ["eu.s3.local", "/b/k", "path", "b", "k"],
    ["s3.local:80", "/b/k", "path", "b", "k"],
    ["b.localhost:9000", "/k", "virtual-host", "b", "k"],
    ["xs3.local", "/b/k", "path", "b", "k"],
    [".s3.local", "/b/k", "path", "b", "k"],
    ["127.0.0.1:9000", "/b/k", "path", "b", "k"],
    ["[::1]:9000", "/b/k", "path", "b", "k"],
    ["a", "/bc/admin/x", "path", "bc", "admin/x"],
  ])("%s %s", (host, target, style, bucket, key) => {
    expect(parsed(target, host, domains)).toEqual([style, bucket, key]);
  });

  test("without domains every host is path style", () => {
    expect(parsed("/b/k", "x.s3.local")).toEqual(["path", "b", "k"]);
  });
});

describe("the query", () => {
  test("is an ordered list, decoded once, with lookup", () => {
    const { query, rawQuery } = s3Request({ target: "/b?uploads&prefix=a+b%2Bc%252F&&x=1&x=2&=v&y==&%78=3" });
    expect(query.entries.map(({ name, value }) => [name, value])).toEqual([
      ["uploads", ""],
      ["prefix", "a b+c%2F"],
      ["x", "1"],
      ["x", "2"],
      ["", "v"],
      ["y", "="],
      ["x", "3"],
    ]);
    expect([query.get("x"), query.get("none"), query.has("uploads"), query.has("Uploads")]).toEqual([
      "1",
      undefined,
      true,
      false,
    ]);
    expect(rawQuery).toBe("uploads&prefix=a+b%2Bc%252F&&x=1&x=2&=v&y==&%78=3");
  });

  test("empty ones are empty", () => {
    for (const target of ["/b", "/b?", "/b?&&"]) expect(s3Request({ target }).query.size).toBe(0);
  });

  test("only the first question mark counts", () => {
    const request = s3Request({ target: "/b/k??a" });
    expect([request.key, request.query.has("?a")]).toEqual(["k", true]);
  });
});

test("resource and host for error documents", () => {
  expect(s3Request({ target: "/b/a%20b" }).resource).toBe("/b/a b");
  expect(s3Request({ target: "/b" }).resource).toBe("/b");
  expect(s3Request({ target: "/" }).resource).toBe("/");
  expect(s3Request({ target: "/", headers: ["Host", "EXAMPLE.org:80"] }).host).toBe("example.org");
});
