import { describe, expect, test } from "bun:test";
import type { PayloadMode } from "../../../src/s3/auth/types.ts";
import type { S3ErrorCode } from "../../../src/s3/protocol/errors.ts";
import { authenticate } from "../auth/fixture.ts";
import {
  encodeChunked,
  md5Base64,
  open,
  receive,
  refusal,
  SIGNING,
  type Upload,
  workerPool,
} from "./fixture.ts";

const A = new Uint8Array(66_560).fill(97);
const SIGNED: PayloadMode = { kind: "chunked", trailer: false, signing: SIGNING };
const UNSIGNED_TRAILER: PayloadMode = { kind: "chunked", trailer: true, signing: undefined };
const SIGNED_TRAILER: PayloadMode = { kind: "chunked", trailer: true, signing: SIGNING };

function decoded(length: number): string[] {
  return ["x-amz-decoded-content-length", String(length)];
}

describe("the AWS examples", () => {
  const credential = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
  const chunk = (size: string, signature: string, data = ""): string =>
    `${size};chunk-signature=${signature}\r\n${data}\r\n`;

  test("66560 bytes in signed chunks, from the seed signature on", async () => {
    const headers = [
      ...[
        "Host",
        "s3.amazonaws.com",
        "x-amz-date",
        "20130524T000000Z",
        "x-amz-storage-class",
        "REDUCED_REDUNDANCY",
      ],
      "Authorization",
      `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9`,
      ...["x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "Content-Encoding", "aws-chunked"],
      ...["x-amz-decoded-content-length", "66560", "Content-Length", "66824"],
    ];
    const { payload: mode } = authenticate({
      method: "PUT",
      target: "/examplebucket/chunkObject.txt",
      headers,
    });
    const wire = Buffer.from(
      chunk("10000", "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", "a".repeat(65_536)) +
        chunk("400", "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", "a".repeat(1024)) +
        chunk("0", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    );
    expect(wire.length).toBe(66_824);
    const { payload, result } = await receive({ wire, mode, headers: decoded(66_560) });
    expect(payload.equals(A)).toBe(true);
    expect(Buffer.from(result.digests.md5 ?? []).toString("base64")).toBe(md5Base64(A));
  });

  test("the same with a signed CRC-32C trailer", async () => {
    const headers = [
      ...[
        "Host",
        "s3.amazonaws.com",
        "x-amz-date",
        "20130524T000000Z",
        "x-amz-storage-class",
        "REDUCED_REDUNDANCY",
      ],
      "Authorization",
      `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e`,
      ...[
        "x-amz-content-sha256",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "Content-Encoding",
        "aws-chunked",
      ],
      ...["x-amz-decoded-content-length", "66560", "x-amz-trailer", "x-amz-checksum-crc32c"],
    ];
    const { payload: mode } = authenticate({
      method: "PUT",
      target: "/examplebucket/chunkObject.txt",
      headers,
    });
    const wire = Buffer.from(
      chunk("10000", "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2", "a".repeat(65_536)) +
        chunk("400", "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7", "a".repeat(1024)) +
        "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
        "x-amz-checksum-crc32c:sOO8/Q==\n\r\n" +
        "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
    );
    const { payload, result } = await receive({
      wire,
      mode,
      headers: [...decoded(66_560), "x-amz-trailer", "x-amz-checksum-crc32c"],
    });
    expect(payload.equals(A)).toBe(true);
    expect(Buffer.from(result.checksum?.value ?? []).toString("base64")).toBe("sOO8/Q==");
  });
});

const CRC64 = { "x-amz-checksum-crc64nvme": "rosUhgp5mIg=" };
const CRC64_HEADERS = ["x-amz-trailer", "x-amz-checksum-crc64nvme"];
const DIGITS = Buffer.from("123456789");

describe("every framing", () => {
  const framings: [string, PayloadMode, string[], Parameters<typeof encodeChunked>[1]][] = [
    ["signed", SIGNED, [], { chunkSize: 4, signing: SIGNING }],
    ["unsigned with trailer", UNSIGNED_TRAILER, CRC64_HEADERS, { chunkSize: 4, trailers: CRC64 }],
    [
      "signed with trailer",
      SIGNED_TRAILER,
      CRC64_HEADERS,
      { chunkSize: 4, signing: SIGNING, trailers: CRC64 },
    ],
  ];

  test.each(framings)("%s, cut anywhere by the network", async (_name, mode, headers, encoding) => {
    const wire = encodeChunked(DIGITS, encoding);
    for (const pieceSize of [1, 2, 3, 7, 64, 10_000]) {
      const { payload } = await receive({ wire, mode, pieceSize, headers: [...decoded(9), ...headers] });
      expect(payload.toString()).toBe("123456789");
    }
  });

  test.each(framings)("%s, cut off at every byte, is refused", async (_name, mode, headers, encoding) => {
    const wire = encodeChunked(DIGITS, encoding);
    for (let length = 0; length < wire.length; length++) {
      const cut = wire.subarray(0, length);
      const error = await refusal(() =>
        receive({ wire: cut, mode, pieceSize: 50, headers: [...decoded(9), ...headers] }),
      );
      expect([
        "IncompleteBody",
        "InvalidRequest",
        "SignatureDoesNotMatch",
        "MalformedTrailerError",
      ]).toContain(error.code);
    }
  });

  test.each(framings)("%s, an empty payload", async (_name, mode, headers, encoding) => {
    const trailers =
      encoding.trailers === undefined ? {} : { trailers: { "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" } };
    const wire = encodeChunked(new Uint8Array(0), { ...encoding, ...trailers });
    expect((await receive({ wire, mode, headers: [...decoded(0), ...headers] })).payload.length).toBe(0);
  });

  test("megabytes through Workers into fixed buffers", async () => {
    const payload = new Uint8Array(3_000_001).map((_, i) => (i * 31) >> 3);
    const wire = encodeChunked(payload, { chunkSize: 65_537, signing: SIGNING });
    const reader = open({
      wire,
      mode: SIGNED,
      headers: decoded(payload.length),
      options: { hashes: workerPool },
    });
    const target = new Uint8Array(new SharedArrayBuffer(1_000_000));
    const filled: number[] = [];
    const got: Buffer[] = [];
    for (;;) {
      const n = await reader.readInto(target);
      if (n === 0) break;
      filled.push(n);
      got.push(Buffer.from(target.slice(0, n)));
      await reader.settled();
      target.fill(0);
    }
    const { digests } = await reader.finish();
    expect(filled).toEqual([1_000_000, 1_000_000, 1_000_000, 1]);
    expect(Buffer.concat(got).equals(payload)).toBe(true);
    expect(Buffer.from(digests.md5 ?? []).toString("base64")).toBe(md5Base64(payload));
  });
});

describe("what is refused", () => {
  const wire = encodeChunked(A, { chunkSize: 8192, signing: SIGNING });
  const upload = (bytes: Uint8Array, more: Partial<Upload> = {}): Promise<unknown> =>
    receive({ wire: bytes, mode: SIGNED, headers: decoded(A.length), ...more });
  const edited = (edit: (text: string) => string): Buffer =>
    Buffer.from(edit(wire.toString("latin1")), "latin1");

  test("a changed byte, a changed signature, chunks in another order, a dropped chunk", async () => {
    const flipped = Buffer.from(wire);
    flipped[20_000] = (flipped[20_000] ?? 0) ^ 1;
    expect((await refusal(() => upload(flipped))).code).toBe("SignatureDoesNotMatch");
    const resigned = edited((text) => text.replace(/chunk-signature=./, "chunk-signature=g"));
    expect((await refusal(() => upload(resigned))).code).toBe("SignatureDoesNotMatch");
    const header = 4 + ";chunk-signature=".length + 64 + 2;
    const size = header + 8192 + 2;
    const swapped = Buffer.concat([
      wire.subarray(size, 2 * size),
      wire.subarray(0, size),
      wire.subarray(2 * size),
    ]);
    expect((await refusal(() => upload(swapped))).code).toBe("SignatureDoesNotMatch");
    const dropped = Buffer.concat([wire.subarray(0, size), wire.subarray(2 * size)]);
    expect((await refusal(() => upload(dropped))).code).toBe("SignatureDoesNotMatch");
    expect((await refusal(() => upload(dropped, { headers: decoded(A.length - 8192) }))).code).toBe(
      "SignatureDoesNotMatch",
    );
    const late = await refusal(() => upload(dropped, { options: { hashes: workerPool } }));
    // The Worker's verdict may come after the lengths were found wrong.
    expect(["IncompleteBody", "SignatureDoesNotMatch"]).toContain(late.code);
    expect((await refusal(() => upload(flipped, { options: { hashes: workerPool } }))).code).toBe(
      "SignatureDoesNotMatch",
    );
  });

  test.each<[string, (text: string) => string, S3ErrorCode]>([
    ["a size that is none", (t) => t.replace("2000;", "zz;"), "InvalidRequest"],
    ["a negative size", (t) => t.replace("2000;", "-2000;"), "InvalidRequest"],
    ["a size beyond numbers", (t) => t.replace("2000;", "ffffffffffffffff;"), "InvalidRequest"],
    ["a size beyond the announced length", (t) => t.replace("2000;", "fffff;"), "IncompleteBody"],
    ["a chunk longer than its size", (t) => t.replace("2000;", "1fff;"), "InvalidRequest"],
    ["no signature", (t) => t.replace(/;chunk-signature=[0-9a-f]+/, ""), "InvalidRequest"],
    ["an endless header", (t) => t.replace("2000;", `2000;${"x".repeat(5000)};`), "InvalidRequest"],
    ["bytes after the end", (t) => `${t}more`, "InvalidRequest"],
    ["a trailer where none belongs", (t) => `${t.slice(0, -2)}x-amz-meta-a:b\r\n\r\n`, "InvalidRequest"],
  ])("%s", async (_name, edit, code) => {
    expect((await refusal(() => upload(edited(edit)))).code).toBe(code);
  });

  test("lengths that do not agree", async () => {
    expect((await refusal(() => upload(wire, { headers: decoded(A.length + 1) }))).code).toBe(
      "IncompleteBody",
    );
    expect((await refusal(() => upload(wire, { headers: decoded(A.length - 1) }))).code).toBe(
      "IncompleteBody",
    );
    expect((await refusal(() => upload(wire, { headers: [] }))).code).toBe("MissingContentLength");
    expect(
      (await refusal(() => upload(wire, { headers: ["x-amz-decoded-content-length", "-1"] }))).code,
    ).toBe("InvalidArgument");
    const huge = { headers: decoded(6 * 1024 ** 3) };
    expect((await refusal(() => upload(wire, huge))).code).toBe("EntityTooLarge");
  });

  test("trailers: wrong checksum, wrong signature, missing, unannounced, twice, too long", async () => {
    const of = async (
      trailers: Record<string, string>,
      edit: (text: string) => string = (text) => text,
      mode: PayloadMode = SIGNED_TRAILER,
      headers: string[] = CRC64_HEADERS,
    ): Promise<string> => {
      const signing = mode.kind === "chunked" && mode.signing !== undefined ? { signing: mode.signing } : {};
      const bytes = encodeChunked(DIGITS, { chunkSize: 9, trailers, ...signing });
      const wire = Buffer.from(edit(bytes.toString("latin1")), "latin1");
      return (await refusal(() => receive({ wire, mode, headers: [...decoded(9), ...headers] }))).code;
    };
    const wrong = { "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" };
    expect(await of(wrong)).toBe("BadDigest");
    expect(await of(wrong, undefined, UNSIGNED_TRAILER)).toBe("BadDigest");
    expect(await of({ "x-amz-checksum-crc64nvme": "AAA=" })).toBe("InvalidRequest");
    expect(await of(CRC64, (t) => t.replace("rosU", "rosV"))).toBe("SignatureDoesNotMatch");
    expect(await of(CRC64, (t) => t.replace(/x-amz-trailer-signature:./, "x-amz-trailer-signature:x"))).toBe(
      "SignatureDoesNotMatch",
    );
    expect(await of(CRC64, (t) => t.replace(/x-amz-trailer-signature:[0-9a-f]+\r\n/, ""))).toBe(
      "IncompleteBody",
    );
    expect(await of({})).toBe("MalformedTrailerError");
    expect(await of({}, undefined, UNSIGNED_TRAILER)).toBe("MalformedTrailerError");
    expect(await of(CRC64, undefined, UNSIGNED_TRAILER, [])).toBe("MalformedTrailerError");
    expect(await of(CRC64, (t) => t.replace(/(x-amz-checksum-.*\r\n)/, "$1$1"), UNSIGNED_TRAILER)).toBe(
      "MalformedTrailerError",
    );
    expect(
      await of(
        CRC64,
        (t) => t.replace("x-amz-checksum", "no colon here\r\nx-amz-checksum"),
        UNSIGNED_TRAILER,
      ),
    ).toBe("MalformedTrailerError");
    const long = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`x-amz-meta-${i}`, "v".repeat(50)]),
    );
    expect(await of(long, undefined, UNSIGNED_TRAILER)).toBe("MalformedTrailerError");
  });
});
