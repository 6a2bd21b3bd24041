/**
 * How clients end an aws-chunked body with a trailer: the bytes that each was seen to send for the object `abc` (recorded
 * from the released package, or read in its source where that is said), and what is no end.
 */
import { describe, expect, test } from "bun:test";
import type { PayloadMode } from "../../../src/s3/auth/types.ts";
import { encodeChunked, receive, refusal, SIGNING } from "./fixture.ts";

const UNSIGNED: PayloadMode = { kind: "chunked", trailer: true, signing: undefined };
const SIGNED: PayloadMode = { kind: "chunked", trailer: true, signing: SIGNING };
const ABC = Buffer.from("abc");

const CRC32 = "x-amz-checksum-crc32:NSRBwg==";
const CRC32C = "x-amz-checksum-crc32c:Nks/tw==";
const CRC64 = "x-amz-checksum-crc64nvme:BeXKuz/B+us=";
const SHA512 =
  "x-amz-checksum-sha512:3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
const XXHASH3 = "x-amz-checksum-xxhash3:eK9flIkvOVA=";
const MD5 = "content-md5:kAFQmDzST7DWlj99KOF/cg==";

const nameOf = (line: string): string => line.slice(0, line.indexOf(":"));
const headersFor = (line: string): string[] => [
  "x-amz-decoded-content-length",
  "3",
  "x-amz-trailer",
  nameOf(line),
];

describe("unsigned", () => {
  test.each<[client: string, line: string, tail: string]>([
    ["aws-sdk-go-v2 s3 1.114.10 over TLS; rclone and others on it", CRC32C, `${CRC32C}\r\n\r\n`],
    ["the same, SHA512", SHA512, `${SHA512}\r\n\r\n`],
    ["@aws-sdk/client-s3 3.1175.0 with a stream", CRC32, `${CRC32}\r\n\r\n`],
    ["the same, MD5", MD5, `${MD5}\r\n\r\n`],
    [
      "botocore 1.44.8 over TLS (AwsChunkedWrapper); aiobotocore, s3fs, s3-tests of Ceph",
      CRC32,
      `${CRC32}\r\n\r\n`,
    ],
    ["the same with awscrt 0.38.1", XXHASH3, `${XXHASH3}\r\n\r\n`],
    ["aws-sdk-cpp, .NET, Ruby, smithy-rs, Java v2 over TLS (sources)", CRC32, `${CRC32}\r\n\r\n`],
    ["minio-go 7.4.1 over TLS with TrailingHeaders", CRC64, `${CRC64}\n\r\n\r\n`],
    ["LF alone, without the second blank line", CRC64, `${CRC64}\n\r\n`],
    ["blanks around the value", CRC32, `${CRC32.replace(":", ": ")} \r\n\r\n`],
  ])("%s", async (_client, line, tail) => {
    for (const wire of [`3\r\nabc\r\n0\r\n${tail}`, `1\r\na\r\n2\r\nbc\r\n0\r\n${tail}`]) {
      for (const pieceSize of [1, 5, 1000]) {
        const upload = { wire: Buffer.from(wire), mode: UNSIGNED, headers: headersFor(line), pieceSize };
        const { payload, result } = await receive(upload);
        expect(payload.toString()).toBe("abc");
        const value = Buffer.from(result.checksum?.value ?? []).toString("base64");
        expect(line.endsWith(`:${value}`)).toBe(true);
      }
    }
  });

  test("without any trailer, as botocore, aws-sdk-cpp and minio-go when there is no checksum", async () => {
    const wire = Buffer.from("3\r\nabc\r\n0\r\n\r\n");
    const headers = ["x-amz-decoded-content-length", "3"];
    expect((await receive({ wire, mode: UNSIGNED, headers })).payload.toString()).toBe("abc");
  });

  test.each<[what: string, tail: string, code: string]>([
    ["a byte after the end", `${CRC32}\r\n\r\nx`, "InvalidRequest"],
    ["a blank line too many", `${CRC32}\r\n\r\n\r\n`, "InvalidRequest"],
    ["two blank lines too many", `${CRC32}\n\r\n\r\n\r\n`, "InvalidRequest"],
    ["a byte after the end that minio-go sends", `${CRC32}\n\r\n\r\nx`, "InvalidRequest"],
    ["a byte in place of its second blank line", `${CRC32}\n\r\nx`, "InvalidRequest"],
    ["half of its second blank line", `${CRC32}\n\r\n\r`, "InvalidRequest"],
    ["a second trailer behind it", `${CRC32}\n\r\n${CRC32}\n\r\n`, "InvalidRequest"],
    ["another object behind it", `${CRC32}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, "InvalidRequest"],
    ["no blank line", `${CRC32}\r\n`, "IncompleteBody"],
    ["no end of line", CRC32, "IncompleteBody"],
    ["nothing at all", "", "IncompleteBody"],
    ["no trailing header", "\r\n", "MalformedTrailerError"],
    ["another one than announced", `${CRC32C}\r\n\r\n`, "MalformedTrailerError"],
    ["another one beside it", `${CRC32}\r\n${CRC32C}\r\n\r\n`, "MalformedTrailerError"],
    ["the same twice", `${CRC32}\r\n${CRC32}\r\n\r\n`, "MalformedTrailerError"],
    ["Content-MD5, unannounced", `${CRC32}\r\n${MD5}\r\n\r\n`, "MalformedTrailerError"],
    ["a checksum of another body", `${CRC32.replace("NSRB", "NSRC")}\r\n\r\n`, "BadDigest"],
    ["a checksum that is none", "x-amz-checksum-crc32:NSRB\r\n\r\n", "InvalidRequest"],
  ])("%s is refused", async (_what, tail, code) => {
    const wire = Buffer.from(`3\r\nabc\r\n0\r\n${tail}`);
    for (const pieceSize of [1, 1000]) {
      const work = (): Promise<unknown> =>
        receive({ wire, mode: UNSIGNED, headers: headersFor(CRC32), pieceSize });
      expect((await refusal(work)).code).toBe(code as never);
    }
  });
});

describe("signed", () => {
  const crlf = encodeChunked(ABC, {
    chunkSize: 3,
    signing: SIGNING,
    trailers: { "x-amz-checksum-crc32": "NSRBwg==" },
  }).toString("latin1");
  const edited = (edit: (text: string) => string): Buffer => Buffer.from(edit(crlf), "latin1");

  test.each<[client: string, edit: (text: string) => string]>([
    ["aws-sdk-java 2.33.0", (t) => t],
    ["minio-go 7.4.1", (t) => t.replace(`${CRC32}\r\n`, `${CRC32}\n\r\n`)],
    ["LF alone", (t) => t.replace(`${CRC32}\r\n`, `${CRC32}\n`)],
  ])("%s", async (_client, edit) => {
    for (const pieceSize of [1, 1000]) {
      const upload = { wire: edited(edit), mode: SIGNED, headers: headersFor(CRC32), pieceSize };
      expect((await receive(upload)).payload.toString()).toBe("abc");
    }
  });

  test.each<[what: string, edit: (text: string) => string, code: string]>([
    ["a byte after the end", (t) => `${t}x`, "InvalidRequest"],
    ["a blank line too many", (t) => `${t}\r\n`, "InvalidRequest"],
    ["no last blank line", (t) => t.slice(0, -2), "IncompleteBody"],
    ["no signature", (t) => t.replace(/x-amz-trailer-signature:.*\r\n/, ""), "IncompleteBody"],
    [
      "the end of an unsigned one",
      (t) => t.replace(/\r\nx-amz-trailer-signature:.*\r\n/, "\n\r\n"),
      "IncompleteBody",
    ],
    ["a header after the signature", (t) => `${t.slice(0, -2)}a:b\r\n\r\n`, "MalformedTrailerError"],
  ])("%s is refused", async (_what, edit, code) => {
    const work = (): Promise<unknown> =>
      receive({ wire: edited(edit), mode: SIGNED, headers: headersFor(CRC32), pieceSize: 9 });
    expect((await refusal(work)).code).toBe(code as never);
  });
});
