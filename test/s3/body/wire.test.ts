/** Edge, authentication and checked payloads together, over real sockets: the AWS SDK, and hand-written requests. */
import { describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import { ChecksumAlgorithm, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Edge } from "../../../src/http/options.ts";
import type { EdgeReply, EdgeRequest } from "../../../src/http/types.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import { openBody } from "../../../src/s3/body/open-body.ts";
import { renderErrorXml, S3Error, toS3Error } from "../../../src/s3/protocol/errors.ts";
import { parseS3Request } from "../../../src/s3/protocol/request.ts";
import { connectTo, edgeFor, text, until } from "../../http/fixture.ts";
import { ACCESS_KEY, SECRET_KEY, withHeaders } from "../auth/fixture.ts";
import { signHeaders } from "../auth/sign.ts";
import { encodeChunked, workerPool } from "./fixture.ts";

interface Stored {
  readonly bytes: Buffer;
  readonly mode: string;
  readonly checksum: string | undefined;
}

/** A store of objects just large enough to test what stands before it. */
class TinyStore {
  readonly objects = new Map<string, Stored>();
  readonly failures: S3Error[] = [];
  readonly #authenticator = new Authenticator({
    credentials: {
      find: (accessKey) =>
        accessKey === ACCESS_KEY ? { userId: "u", accessKey, secretKey: SECRET_KEY } : undefined,
    },
    clock: systemClock,
  });

  readonly handle = async (edgeRequest: EdgeRequest): Promise<EdgeReply> => {
    try {
      return await this.#answer(edgeRequest);
    } catch (error) {
      const s3 = toS3Error(error);
      this.failures.push(s3);
      const bytes = Buffer.from(renderErrorXml(s3, { requestId: edgeRequest.requestId }));
      return {
        status: s3.status,
        headers: [["Content-Type", "application/xml"]],
        body: { kind: "bytes", bytes },
        close: s3.close,
      };
    }
  };

  async #answer(edgeRequest: EdgeRequest): Promise<EdgeReply> {
    const request = parseS3Request(edgeRequest, { domains: ["localhost"] });
    const auth = this.#authenticator.authenticate(request);
    if (auth.principal.kind === "anonymous") throw new S3Error("AccessDenied");
    const name = request.key ?? "";
    if (request.method === "GET") {
      const object = this.objects.get(name);
      if (object === undefined) throw new S3Error("NoSuchKey");
      return { status: 200, headers: [], body: { kind: "bytes", bytes: object.bytes } };
    }
    const payload = openBody(request, auth, { hashes: workerPool, digests: ["md5"] });
    const bytes = Buffer.alloc(payload.decodedLength);
    await payload.readInto(bytes);
    const { checksum } = await payload.finish();
    const mode = request.header("x-amz-content-sha256") ?? "";
    this.objects.set(name, { bytes, mode, checksum: checksum?.algorithm });
    return text(200, "");
  }
}

async function serve(): Promise<{ store: TinyStore; edge: Edge }> {
  const store = new TinyStore();
  return { store, edge: await edgeFor(store.handle) };
}

function clientFor(edge: Edge): S3Client {
  return new S3Client({
    endpoint: `http://127.0.0.1:${edge.port}`,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    maxAttempts: 1,
  });
}

const BODY = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => (i * 17) >> 3));

describe("@aws-sdk/client-s3", () => {
  test("keys of every kind", async () => {
    const { store, edge } = await serve();
    const client = clientFor(edge);
    const keys = [
      "plain",
      "a/../b",
      "./x",
      "a//b",
      "/lead",
      "a b+c%é~(1)*'!",
      "😀",
      "a%2Fb",
      "dir/",
      "q?x=1&y",
      "#h",
      "back\\slash",
      "..",
      "k".repeat(1024),
    ];
    for (const Key of keys) {
      await client.send(
        new PutObjectCommand({
          Bucket: "bucket",
          Key,
          Body: BODY.subarray(0, 100),
          Metadata: { a: "x   y" },
        }),
      );
      const got = await client.send(new GetObjectCommand({ Bucket: "bucket", Key }));
      expect(await got.Body?.transformToByteArray()).toEqual(new Uint8Array(BODY.subarray(0, 100)));
    }
    expect([...store.objects.keys()]).toEqual(keys);
    expect(store.failures).toEqual([]);
    client.destroy();
  });

  test.each([ChecksumAlgorithm.CRC32, ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256])(
    "%s of a buffer and of a stream",
    async (algorithm) => {
      const { store, edge } = await serve();
      const client = clientFor(edge);
      const common = { Bucket: "bucket", ChecksumAlgorithm: algorithm, ContentLength: BODY.length };
      await client.send(new PutObjectCommand({ ...common, Key: "buffer", Body: BODY }));
      const stream = Readable.from([BODY.subarray(0, 70_000), BODY.subarray(70_000)]);
      await client.send(new PutObjectCommand({ ...common, Key: "stream", Body: stream }));
      for (const object of store.objects.values()) {
        expect(object.bytes.equals(BODY)).toBe(true);
        expect(object.checksum).toBe(algorithm.toLowerCase() as string);
      }
      expect(store.objects.get("stream")?.mode).toBe("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
      expect(store.failures).toEqual([]);
      client.destroy();
    },
  );
});

describe("refusals on the wire", () => {
  async function put(
    edge: Edge,
    headers: Record<string, string>,
    body: Uint8Array,
    edits: Record<string, string | undefined> = {},
  ) {
    const sha256 = headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD";
    const signed = await signHeaders({ method: "PUT", path: "/bucket/key", headers, sha256 }, Date.now());
    const raw = withHeaders(signed.headers, edits);
    const lines: string[] = [];
    for (let i = 0; i < raw.length; i += 2) lines.push(`${raw[i]}: ${raw[i + 1]}`);
    const client = await connectTo(edge);
    await client.send(`PUT ${signed.target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    await client.send(body);
    return client;
  }

  test.each<[string, Record<string, string>, string]>([
    ["wrong Content-MD5", { "content-length": "5", "content-md5": "AAAAAAAAAAAAAAAAAAAAAA==" }, "BadDigest"],
    ["malformed Content-MD5", { "content-length": "5", "content-md5": "abc" }, "InvalidDigest"],
    ["wrong checksum", { "content-length": "5", "x-amz-checksum-crc32": "AAAAAA==" }, "BadDigest"],
    [
      "wrong payload hash",
      { "content-length": "5", "x-amz-content-sha256": "0".repeat(64) },
      "XAmzContentSHA256Mismatch",
    ],
    ["no length", {}, "MissingContentLength"],
  ])("%s; the connection lives on", async (_name, headers, code) => {
    const { store, edge } = await serve();
    const client = await put(
      edge,
      headers,
      Buffer.from(headers["content-length"] === undefined ? "" : "hello"),
    );
    const response = await client.response();
    expect(response.body.toString()).toContain(`<Code>${code}</Code>`);
    expect(store.objects.size).toBe(0);
    const get = await signHeaders({ method: "GET", path: "/bucket/key" }, Date.now());
    const lines = get.headers.flatMap((text, i) => (i % 2 === 0 ? [`${text}: ${get.headers[i + 1]}`] : []));
    await client.send(`GET ${get.target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    expect((await client.response()).body.toString()).toContain("<Code>NoSuchKey</Code>");
  });

  test("a wrong signature is refused before the body is asked for", async () => {
    const { store, edge } = await serve();
    const headers = { "content-length": "10000000", expect: "100-Continue" };
    const client = await put(edge, headers, new Uint8Array(0), { "x-amz-content-sha256": "0".repeat(64) });
    const response = await client.response();
    expect([response.status, response.headers.get("connection")]).toEqual([403, "close"]);
    expect(response.body.toString()).toContain("<Code>SignatureDoesNotMatch</Code>");
    await client.closed();
    expect(store.objects.size).toBe(0);
  });

  test("a client gone mid-body leaves nothing", async () => {
    const { store, edge } = await serve();
    const client = await put(edge, { "content-length": "1000000" }, BODY);
    await until(() => edge.inFlight === 1);
    client.destroy();
    await until(() => edge.inFlight === 0 && edge.connections === 0);
    expect(store.failures.map((error) => error.code)).toEqual(["IncompleteBody"]);
    expect(store.objects.size).toBe(0);
  });

  test("chunks that hold less than they announce are refused, with the connection closed", async () => {
    const { store, edge } = await serve();
    const wire = encodeChunked(BODY, { chunkSize: 65_536, trailers: {} });
    const headers = {
      "content-length": String(wire.length),
      "x-amz-decoded-content-length": String(BODY.length + 1),
      "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    };
    const response = await (await put(edge, headers, wire)).response();
    expect(response.body.toString()).toContain("<Code>IncompleteBody</Code>");
    expect(response.headers.get("connection")).toBe("close");
    expect(store.objects.size).toBe(0);
  });

  test("aws-chunked inside HTTP chunks", async () => {
    const { store, edge } = await serve();
    const wire = encodeChunked(BODY, { chunkSize: 65_536, trailers: {} });
    const headers = {
      "transfer-encoding": "chunked",
      "x-amz-decoded-content-length": String(BODY.length),
      "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    };
    const http = Buffer.concat([
      Buffer.from(`${wire.length.toString(16)}\r\n`),
      wire,
      Buffer.from("\r\n0\r\n\r\n"),
    ]);
    expect((await (await put(edge, headers, http)).response()).status).toBe(200);
    expect(store.objects.get("key")?.bytes.equals(BODY)).toBe(true);
  });

  test("a 2 KiB key and a bad escape", async () => {
    const { edge } = await serve();
    const client = await connectTo(edge);
    await client.send(`GET /bucket/${"k".repeat(2048)} HTTP/1.1\r\nHost: h\r\n\r\n`);
    expect((await client.response()).body.toString()).toContain("<Code>KeyTooLongError</Code>");
    await client.send("GET /bucket/%zz HTTP/1.1\r\nHost: h\r\n\r\n");
    expect((await client.response()).body.toString()).toContain("<Code>InvalidURI</Code>");
  });
});
