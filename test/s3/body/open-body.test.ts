import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { HashPool } from "../../../src/hash/pool.ts";
import { BodyError, type BodyReader } from "../../../src/http/types.ts";
import { openBody } from "../../../src/s3/body/open-body.ts";
import { s3Request } from "../auth/fixture.ts";
import {
  bodyOf,
  drain,
  inlinePool,
  md5Base64,
  open,
  receive,
  refusal,
  sha256Hex,
  workerPool,
} from "./fixture.ts";

const DIGITS = Buffer.from("123456789");
const BIG = new Uint8Array(2_500_000).map((_, i) => (i * 13) >> 2);

/** Base64 of each algorithm's checksum of "123456789". */
const CHECKSUMS = {
  crc32: "y/Q5Jg==",
  crc32c: "4waSgw==",
  crc64nvme: "rosUhgp5mIg=",
  sha1: createHash("sha1").update(DIGITS).digest("base64"),
  sha256: createHash("sha256").update(DIGITS).digest("base64"),
} as const;
const ALGORITHMS = Object.keys(CHECKSUMS) as (keyof typeof CHECKSUMS)[];

const ANONYMOUS = {
  principal: { kind: "anonymous" },
  payload: { kind: "unsigned" },
  method: "anonymous",
} as const;

describe("plain bodies", () => {
  test.each([
    ["inline", inlinePool],
    ["in Workers", workerPool],
  ])("arrive whole and hashed, %s", async (_name, hashes) => {
    const mode = { kind: "signed", sha256: sha256Hex(BIG) } as const;
    const { payload, result } = await receive({ wire: BIG, mode, options: { hashes } });
    expect(payload.equals(BIG)).toBe(true);
    expect(Buffer.from(result.digests.md5 ?? []).toString("base64")).toBe(md5Base64(BIG));
    expect(result.checksum).toBeUndefined();
  });

  test("readInto fills its target whatever the pieces", async () => {
    for (const pieceSize of [1000, 99_999, 1_048_576, 5_000_000]) {
      const reader = open({ wire: BIG, pieceSize, options: { hashes: workerPool } });
      const filled: number[] = [];
      const parts: Uint8Array[] = [];
      for (;;) {
        const target = new Uint8Array(new SharedArrayBuffer(1_048_576));
        const n = await reader.readInto(target);
        if (n === 0) break;
        filled.push(n);
        parts.push(target.subarray(0, n));
      }
      expect(filled).toEqual([1_048_576, 1_048_576, 402_848]);
      expect(Buffer.concat(parts).equals(BIG)).toBe(true);
      const { digests } = await reader.finish();
      expect(Buffer.from(digests.md5 ?? []).toString("base64")).toBe(md5Base64(BIG));
    }
  });

  test("readAll gives small documents and refuses large ones before reading", async () => {
    expect(Buffer.from(await open({ wire: DIGITS }).readAll(9)).toString()).toBe("123456789");
    expect((await refusal(() => open({ wire: DIGITS }).readAll(8))).code).toBe("MaxMessageLengthExceeded");
    expect((await open({ wire: new Uint8Array(0) }).readAll(8)).length).toBe(0);
  });

  test("finish is idempotent and refuses unread payload", async () => {
    const reader = open({ wire: DIGITS });
    await drain(reader);
    expect(await reader.finish()).toBe(await reader.finish());
    expect((await refusal(() => open({ wire: DIGITS }).finish())).code).toBe("IncompleteBody");
  });
});

describe("promises of the headers", () => {
  test.each(ALGORITHMS)("x-amz-checksum-%s", async (algorithm) => {
    const headers = [`X-Amz-Checksum-${algorithm}`, CHECKSUMS[algorithm]];
    const sdk = ["x-amz-sdk-checksum-algorithm", algorithm.toUpperCase()];
    const { result } = await receive({ wire: DIGITS, headers: [...headers, ...sdk] });
    expect(result.checksum?.algorithm).toBe(algorithm);
    expect(Buffer.from(result.checksum?.value ?? []).toString("base64")).toBe(CHECKSUMS[algorithm]);
    const wrong = await refusal(() => receive({ wire: Buffer.from("123456788"), headers }));
    expect(wrong.code).toBe("BadDigest");
    expect(wrong.message).toContain(algorithm.toUpperCase());
  });

  test("Content-MD5", async () => {
    const headers = ["Content-MD5", md5Base64(DIGITS)];
    expect((await receive({ wire: DIGITS, headers, options: { digests: [] } })).payload.length).toBe(9);
    expect((await refusal(() => receive({ wire: Buffer.from("x"), headers }))).code).toBe("BadDigest");
    for (const bad of ["", "abc", "!!!", md5Base64(DIGITS).slice(0, -2), `${md5Base64(DIGITS)}AAAA`]) {
      expect((await refusal(() => open({ wire: DIGITS, headers: ["Content-MD5", bad] }))).code).toBe(
        "InvalidDigest",
      );
    }
  });

  test("x-amz-content-sha256", async () => {
    const mode = { kind: "signed", sha256: sha256Hex("another") } as const;
    const error = await refusal(() => receive({ wire: DIGITS, mode }));
    expect(error.code).toBe("XAmzContentSHA256Mismatch");
    expect(Object.fromEntries(error.extra)).toEqual({
      ClientComputedContentSHA256: sha256Hex("another"),
      S3ComputedContentSHA256: sha256Hex(DIGITS),
    });
  });

  test.each<[string, string[]]>([
    ["two checksums", ["x-amz-checksum-crc32", "y/Q5Jg==", "x-amz-checksum-sha1", CHECKSUMS.sha1]],
    ["one checksum twice", ["x-amz-checksum-crc32", "y/Q5Jg==", "x-amz-checksum-crc32", "y/Q5Jg=="]],
    ["a checksum of another length", ["x-amz-checksum-crc32", CHECKSUMS.sha1]],
    ["a checksum that is not base64", ["x-amz-checksum-crc32", "????????"]],
    ["an unknown checksum", ["x-amz-checksum-adler32", "AAAA"]],
    ["an SDK algorithm that is none", ["x-amz-sdk-checksum-algorithm", "MD4"]],
    ["an SDK algorithm without its checksum", ["x-amz-sdk-checksum-algorithm", "CRC32"]],
    [
      "an SDK algorithm that is another one",
      ["x-amz-sdk-checksum-algorithm", "SHA1", "x-amz-checksum-crc32", "y/Q5Jg=="],
    ],
    ["a trailer that cannot come", ["x-amz-trailer", "x-amz-checksum-crc32"]],
  ])("%s is InvalidRequest", async (_name, headers) => {
    expect((await refusal(() => open({ wire: DIGITS, headers }))).code).toBe("InvalidRequest");
  });

  test("headers of the same prefix that are not checksums", async () => {
    const headers = [
      "x-amz-checksum-algorithm",
      "CRC32",
      "x-amz-checksum-mode",
      "ENABLED",
      "x-amz-checksum-type",
      "FULL_OBJECT",
    ];
    expect((await receive({ wire: DIGITS, headers })).result.checksum).toBeUndefined();
  });

  test("a checksum nobody sent is computed when it is wanted", async () => {
    const { result } = await receive({ wire: DIGITS, options: { defaultChecksum: "crc64nvme" } });
    expect(Buffer.from(result.checksum?.value ?? []).toString("base64")).toBe(CHECKSUMS.crc64nvme);
    const headers = ["x-amz-checksum-crc32", "y/Q5Jg=="];
    const sent = await receive({ wire: DIGITS, headers, options: { defaultChecksum: "crc64nvme" } });
    expect(sent.result.checksum?.algorithm).toBe("crc32");
  });
});

describe("lengths and broken bodies", () => {
  const openWith = (body: BodyReader, headers: string[], method = "PUT", target = "/b/k") =>
    openBody(s3Request({ method, target, headers: ["Host", "h", ...headers], body }), ANONYMOUS, {
      hashes: inlinePool,
    });

  test("an object needs a length, a bucket does not", async () => {
    const silent = await refusal(() => openWith(bodyOf([], 0), []));
    expect([silent.code, silent.status]).toEqual(["MissingContentLength", 411]);
    expect(openWith(bodyOf([], 0), ["Content-Length", "0"]).decodedLength).toBe(0);
    expect(openWith(bodyOf([], 0), [], "PUT", "/b").decodedLength).toBe(0);
  });

  // The answer of S3 as Automattic/knox#43 and chilts/awssum#30 show it.
  test.each(["PUT", "POST"])(
    "a transfer coding is no length: %s is NotImplemented and names the header",
    async (method) => {
      const error = await refusal(() => openWith(bodyOf([]), ["Transfer-Encoding", "chunked"], method));
      expect([error.code, error.status]).toEqual(["NotImplemented", 501]);
      expect(error.extra).toEqual([["Header", "Transfer-Encoding"]]);
      const bucket = await refusal(() =>
        openWith(bodyOf([]), ["Transfer-Encoding", "chunked"], method, "/b"),
      );
      expect(bucket.code).toBe("NotImplemented");
    },
  );

  test("too large is refused before it is read", async () => {
    const max = 5 * 1024 ** 3;
    expect(openWith(bodyOf([], max), ["Content-Length", String(max)]).decodedLength).toBe(max);
    const error = await refusal(() => openWith(bodyOf([], max + 1), ["Content-Length", String(max + 1)]));
    expect([error.code, Object.fromEntries(error.extra)["ProposedSize"]]).toEqual([
      "EntityTooLarge",
      String(max + 1),
    ]);
    const small = await refusal(() => open({ wire: DIGITS, options: { maxLength: 8 } }));
    expect(small.code).toBe("EntityTooLarge");
  });

  test.each([
    ["TRUNCATED", "IncompleteBody"],
    ["TIMEOUT", "RequestTimeout"],
    ["TOO_LONG", "EntityTooLarge"],
    ["MALFORMED", "InvalidRequest"],
  ] as const)("%s of the edge is %s and closes", async (code, s3Code) => {
    const body: BodyReader = {
      declaredLength: 10,
      received: 5,
      read: () => Promise.reject(new BodyError(code, "test")),
      readInto: () => Promise.reject(new BodyError(code, "test")),
    };
    const error = await refusal(() => openWith(body, ["Content-Length", "10"]).readAll(10));
    expect([error.code, error.close]).toEqual([s3Code, true]);
  });

  test("a body that ends early without saying so", async () => {
    const reader = openWith(bodyOf([DIGITS], 10), ["Content-Length", "10"]);
    await drain(reader);
    expect((await refusal(() => reader.finish())).code).toBe("IncompleteBody");
  });

  test("abort lets the hash stream go, at any time", async () => {
    let events: { onDeath(reason: string): void } | undefined;
    const open: number[] = [];
    const pool = new HashPool({
      workers: 1,
      spawn: (given) => {
        events = given;
        return {
          post: (order) => {
            if (order.kind === "open") open.push(order.stream);
            if (order.kind === "abort") open.splice(open.indexOf(order.stream), 1);
          },
          close: () => {},
        };
      },
    });
    const request = s3Request({
      method: "PUT",
      target: "/b/k",
      headers: ["Host", "h", "Content-Length", "100000"],
      body: bodyOf([], 100_000),
    });
    const reader = openBody(request, ANONYMOUS, { hashes: pool, digests: ["md5"] });
    expect(open).toEqual([1]);
    reader.abort();
    reader.abort();
    expect(open).toEqual([]);
    const lost = openBody(request, ANONYMOUS, { hashes: pool, digests: ["md5"] });
    events?.onDeath("test");
    expect(lost.settled()).rejects.toThrow("test");
  });
});
