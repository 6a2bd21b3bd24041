/**
 * POST Object. Pages: S3 API, "POST Object", "Browser-based uploads using POST (AWS signature version 4)", "POST
 * policy", "Authenticating requests in browser-based uploads using POST". Answers as recorded of S3 in
 * localstack/localstack, tests/aws/services/s3/test_s3.snapshot.json (TestS3PresignedPost); cases of ceph/s3-tests.
 */
import { describe, expect, test } from "bun:test";
import { startEdge } from "../../../src/http/edge.ts";
import { createS3Application } from "../../../src/s3/app.ts";
import { BlobHarness } from "../support/blob-harness.ts";
import { configuration } from "../support/cors.ts";
import { pattern } from "../support/harness.ts";
import {
  BOUNDARY,
  expectNothing,
  type Fields,
  FORM_TYPE,
  type FormOptions,
  formBody,
  KEY,
  KEY_CONDITION,
  post,
  prepared,
  signed,
} from "../support/post-form.ts";

describe("forms (RFC 7578, POST Object)", () => {
  const fields = signed(KEY, [KEY_CONDITION]);
  const whole = formBody(fields);

  test.each([
    ["no form", { "Content-Type": "text/html" }, whole, 412, "PreconditionFailed"],
    ["no boundary", { "Content-Type": "multipart/form-data" }, whole, 400, "MalformedPOSTRequest"],
    [
      "another boundary",
      { "Content-Type": "multipart/form-data; boundary=x" },
      whole,
      400,
      "MalformedPOSTRequest",
    ],
    ["nothing", FORM_TYPE, Buffer.alloc(0), 400, "MalformedPOSTRequest"],
    ["only the end", FORM_TYPE, Buffer.from(`--${BOUNDARY}--\r\n`), 400, "InvalidArgument"],
    [
      "no file",
      FORM_TYPE,
      Buffer.from(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--${BOUNDARY}--\r\n`,
      ),
      400,
      "InvalidArgument",
    ],
    [
      "a part without a name",
      FORM_TYPE,
      Buffer.from(`--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nk\r\n--${BOUNDARY}--\r\n`),
      400,
      "MalformedPOSTRequest",
    ],
    [
      "a part without headers",
      FORM_TYPE,
      Buffer.from(`--${BOUNDARY}\r\n\r\nk\r\n--${BOUNDARY}--`),
      400,
      "MalformedPOSTRequest",
    ],
    [
      "a delimiter with more behind it",
      FORM_TYPE,
      Buffer.from(`--${BOUNDARY}x\r\n\r\n`),
      400,
      "MalformedPOSTRequest",
    ],
    ["a file that does not end", FORM_TYPE, formBody(fields, { end: "" }), 400, "MalformedPOSTRequest"],
    [
      "a field that is no UTF-8",
      FORM_TYPE,
      Buffer.from(formBody([["key", "\u00ff"]]).toString("latin1"), "latin1").fill(0xff, 120, 121),
      400,
      undefined,
    ],
  ] as [string, Record<string, string>, Buffer, number, string | undefined][])(
    "%s",
    async (_, headers, body, status, code) => {
      const h = await prepared();
      const answer = await h.call("POST", "/bucket", { anonymous: true, headers, body });
      expect(answer.status).toBe(status);
      if (code !== undefined) expect(answer.tag("Code")).toBe(code);
      await expectNothing(h);
    },
  );

  test("a body that is cut off at any byte stores nothing; in any pieces it stores the file", async () => {
    const h = await prepared();
    const file = pattern(300);
    const body = formBody(fields, { file });
    const pieces = (length: number, step: number) => ({
      length: body.byteLength,
      pieces: async function* () {
        for (let at = 0; at < length; at += step) yield body.subarray(at, Math.min(at + step, length));
      },
    });
    for (let length = 0; length < body.byteLength - 4; length += 7) {
      const call = { anonymous: true, headers: FORM_TYPE, body: pieces(length, 64) };
      const answer = await h.call("POST", "/bucket", call);
      expect([length, answer.status, answer.tag("Code")]).toEqual([length, 400, "IncompleteBody"]);
    }
    await expectNothing(h);
    for (const step of [1, 2, 3, 31, 40, 64, 1000, 100_000]) {
      const call = { anonymous: true, headers: FORM_TYPE, body: pieces(body.byteLength, step) };
      expect([step, (await h.call("POST", "/bucket", call)).status]).toEqual([step, 204]);
      expect((await h.call("GET", "/bucket/user/eric/photo.jpg")).bytes.equals(file)).toBe(true);
      await h.call("DELETE", "/bucket/user/eric/photo.jpg");
    }
    await expectNothing(h);
  });

  test.each([
    [
      "what follows the file is ignored",
      {
        after: [
          ["submit", "Upload"],
          ["x-amz-meta-a", "b"],
        ],
      },
    ],
    ["a second file is ignored", { after: [["file", "other"]] }],
    ["no line end behind the last boundary", { end: `\r\n--${BOUNDARY}--` }],
    ["an epilogue", { end: `\r\n--${BOUNDARY}--\r\nmore` }],
    ["the file is not the last part", { after: [["big", "x".repeat(100_000)]] }],
  ] as [string, FormOptions][])("%s", async (_, options) => {
    const h = await prepared();
    const file = `almost a \r\n--${BOUNDARY.slice(0, -1)} boundary\r\n`;
    expect((await post(h, fields, { ...options, file })).status).toBe(204);
    const answer = await h.call("GET", "/bucket/user/eric/photo.jpg");
    expect([answer.text, answer.headers.has("x-amz-meta-a")]).toEqual([file, false]);
  });

  test("a preamble, padding and a quoted boundary", async () => {
    const h = await prepared();
    const padded = whole.toString("latin1").replaceAll(`${BOUNDARY}\r\n`, `${BOUNDARY} \t\r\n`);
    const body = Buffer.from(`preamble\r\n${padded}`, "latin1");
    const headers = { "Content-Type": `Multipart/Form-Data; charset=utf-8; Boundary="${BOUNDARY}"` };
    expect((await h.call("POST", "/bucket", { anonymous: true, headers, body })).status).toBe(204);
  });

  test.each([0, 1, 64 * 1024, 64 * 1024 + 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 1])(
    "a file of %d bytes, alone and before another part",
    async (size) => {
      const h = await prepared();
      const file = pattern(size);
      for (const after of [[], [["submit", "x".repeat(70_000)]]] as Fields[]) {
        const answer = await post(h, fields, { file, after });
        expect(answer.headers.get("etag")).toBe(
          `"${new Bun.CryptoHasher("md5").update(file).digest("hex")}"`,
        );
        const found = await h.call("GET", "/bucket/user/eric/photo.jpg");
        expect(found.bytes.equals(file)).toBe(true);
        expect(found.headers.get("content-length") ?? String(found.bytes.byteLength)).toBe(String(size));
      }
      expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
    },
  );

  test.each([1 << 20, (3 << 20) + 5])("a file of %d bytes as blobs", async (size) => {
    const b = new BlobHarness();
    await b.start();
    const file = pattern(size);
    for (const after of [[], [["submit", "x".repeat(2_000_000)]]] as Fields[]) {
      expect((await post(b.h, fields, { file, after })).status).toBe(204);
      expect((await b.get("user/eric/photo.jpg")).equals(file)).toBe(true);
    }
    await b.collect();
    expect(b.state()[2]).toBe(Math.ceil(size / (1 << 20)));
    expect(b.state().slice(3)).toEqual([0, 0, 0]);
  });

  test("admission counts the file, and nothing is read of it when there is no space", async () => {
    const h = await prepared({ admissionBytes: 1 << 20 });
    let most = 0;
    const body = formBody(fields, { file: pattern(3 << 20) });
    const stream = {
      length: body.byteLength,
      pieces: async function* () {
        for (let at = 0; at < body.byteLength; at += 65_536) {
          most = Math.max(most, h.admission.inUseBytes);
          yield body.subarray(at, at + 65_536);
        }
      },
    };
    expect(
      (await h.call("POST", "/bucket", { anonymous: true, headers: FORM_TYPE, body: stream })).status,
    ).toBe(204);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(1 << 20);
    expect(h.admission.inUseBytes).toBe(0);
  });

  test("a form without a length is refused", async () => {
    const h = await prepared();
    const answer = await h.call("POST", "/bucket", {
      anonymous: true,
      headers: FORM_TYPE,
      body: whole,
      declaredLength: 0,
    });
    expect(answer.status).toBe(400);
  });

  test("from a client's own FormData, through sockets, with a preflight before it", async () => {
    const h = await prepared();
    const rule = { AllowedOrigin: "http://page", AllowedMethod: "POST", AllowedHeader: "*" };
    await h.call("PUT", "/bucket?cors", { body: configuration(rule) });
    const edge = await startEdge({
      host: "127.0.0.1",
      port: 0,
      application: createS3Application(h.deps),
    });
    try {
      const url = `http://127.0.0.1:${edge.port}/bucket`;
      const origin = { Origin: "http://page", "Access-Control-Request-Method": "POST" };
      const allowed = await fetch(url, { method: "OPTIONS", headers: origin });
      expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([
        200,
        "http://page",
      ]);
      for (const size of [0, 10, 2 << 20]) {
        const form = new FormData();
        for (const [name, value] of fields) form.append(name, value);
        form.append("file", new Blob([pattern(size)]), "photo.jpg");
        const answer = await fetch(url, { method: "POST", headers: { Origin: "http://page" }, body: form });
        expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([
          204,
          "http://page",
        ]);
        const found = await h.call("GET", "/bucket/user/eric/photo.jpg");
        expect(found.bytes.equals(pattern(size))).toBe(true);
      }
      const form = new FormData();
      form.append("key", "anonymous");
      form.append("file", new Blob([pattern(3 << 20)]), "photo.jpg");
      const refused = await fetch(url, { method: "POST", headers: { Origin: "http://page" }, body: form });
      expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([
        403,
        "http://page",
      ]);
      expect(await refused.text()).toContain("<Code>AccessDenied</Code>");
    } finally {
      await edge.close(0);
    }
  });
});
