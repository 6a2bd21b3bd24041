import { describe, expect, test } from "bun:test";
import { XMLParser } from "fast-xml-parser";
import { BodyError } from "../../src/http/types.ts";
import { KvError } from "../../src/kv/types.ts";
import { S3_ERRORS, type S3ErrorCode } from "../../src/s3/error-catalogue.ts";
import { escapeXml, invalidArgument, renderErrorXml, S3Error, toS3Error } from "../../src/s3/errors.ts";

test("the document: code, message, extras, resource, request id, all escaped", () => {
  const error = invalidArgument("max-keys", "<1&2>", 'Not an "integer"');
  const xml = renderErrorXml(error, { requestId: "ID1", resource: "/b/a<b>\u0001", hostId: "h" });
  const document = new XMLParser({ parseTagValue: false }).parse(xml) as { Error: Record<string, string> };
  expect(document.Error).toMatchObject({
    Code: "InvalidArgument",
    Message: 'Not an "integer"',
    ArgumentName: "max-keys",
    ArgumentValue: "<1&2>",
    RequestId: "ID1",
    HostId: "h",
  });
  expect(xml).toStartWith('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>');
  expect(xml).toContain("<Resource>/b/a&lt;b&gt;&#x1;</Resource>");
});

test("an error's own resource wins", () => {
  const xml = renderErrorXml(new S3Error("NoSuchKey", { resource: "/x" }), {
    requestId: "1",
    resource: "/y",
  });
  expect(xml).toContain("<Resource>/x</Resource>");
});

test("escapeXml", () => {
  expect(escapeXml("plain é 😀")).toBe("plain é 😀");
  expect(escapeXml("a\tb\r\n\u007f\u0085")).toBe("a&#x9;b&#xD;&#xA;&#x7F;&#x85;");
  expect(escapeXml("\u0000\uffff")).toBe("\ufffd\ufffd");
  expect(escapeXml(`<>&"'`)).toBe("&lt;&gt;&amp;&quot;&apos;");
});

test("the catalogue holds statuses that HTTP has, and a message each", () => {
  for (const [code, [status, message]] of Object.entries(S3_ERRORS)) {
    expect([301, 304, 307, 400, 403, 404, 405, 409, 411, 412, 416, 500, 501, 503, 507]).toContain(status);
    expect(message.length).toBeGreaterThan(5);
    expect(new S3Error(code as S3ErrorCode).status).toBe(status);
  }
});

describe("other errors in S3's words", () => {
  const mappings: [unknown, S3ErrorCode, number][] = [
    [new BodyError("TRUNCATED", "x"), "IncompleteBody", 400],
    [new BodyError("TIMEOUT", "x"), "RequestTimeout", 400],
    [new BodyError("TOO_LONG", "x"), "EntityTooLarge", 400],
    [new BodyError("MALFORMED", "x"), "InvalidRequest", 400],
    [new KvError("UNAVAILABLE", "x"), "SlowDown", 503],
    [new KvError("TIMEOUT", "x"), "ServiceUnavailable", 503],
    [new KvError("CLOSED", "x"), "ServiceUnavailable", 503],
    [new KvError("DISK_FULL", "x"), "StorageFull", 507],
    [new KvError("TOO_LARGE", "x"), "InternalError", 500],
    [new Error("with a secret"), "InternalError", 500],
    ["thrown text", "InternalError", 500],
  ];
  test.each(mappings.map(([cause, ...rest]) => [String(cause), cause, ...rest] as const))(
    "%s",
    (_name, cause, code, status) => {
      const error = toS3Error(cause);
      expect([error.code, error.status]).toEqual([code, status]);
      expect(error.message).not.toContain("secret");
      expect(error.cause).toBe(cause);
    },
  );

  test("an S3Error stays what it is", () => {
    const error = new S3Error("NoSuchKey");
    expect(toS3Error(error)).toBe(error);
  });
});
