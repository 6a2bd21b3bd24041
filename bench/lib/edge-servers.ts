/**
 * The servers that bench/edge.ts compares, one per process: prints its port and serves until it is killed.
 *
 *   bare   node:http reading or sending the same bytes, nothing else
 *   edge   our edge with an application as small as the bare handler
 *   auth   edge, S3 request parsing, SigV4 and a checked payload
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HashPool } from "../../src/hash/pool.ts";
import { spawnHashWorker } from "../../src/hash/port.ts";
import { startEdge } from "../../src/http/edge.ts";
import type { EdgeApplication, EdgeBody, EdgeReply } from "../../src/http/types.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { Authenticator } from "../../src/s3/auth/authenticator.ts";
import { openBody } from "../../src/s3/body/open-body.ts";
import { parseS3Request } from "../../src/s3/protocol/request.ts";
import { BENCH_ACCESS_KEY, BENCH_SECRET_KEY } from "./signed-requests.ts";

const SMALL = new Uint8Array(4096).fill(97);
const PIECE = new Uint8Array(new SharedArrayBuffer(1024 * 1024)).fill(98);
const LARGE_BYTES = 64 * PIECE.length;

function isLarge(target: string): boolean {
  return target.startsWith("/bench/large");
}

function bareServer(): Promise<number> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.method === "PUT") {
      request.on("data", () => {});
      request.on("end", () => {
        response.writeHead(200, { "Content-Length": 0 });
        response.end();
      });
    } else if (isLarge(request.url ?? "")) {
      response.writeHead(200, { "Content-Length": LARGE_BYTES });
      sendLarge(response, LARGE_BYTES);
    } else {
      response.writeHead(200, { "Content-Length": SMALL.length });
      response.end(SMALL);
    }
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function sendLarge(response: ServerResponse, length: number): void {
  let left = length;
  while (left > 0) {
    left -= PIECE.length;
    if (!response.write(PIECE)) {
      response.once("drain", () => sendLarge(response, left));
      return;
    }
  }
  response.end();
}

async function* largeBody(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < LARGE_BYTES; sent += PIECE.length) yield PIECE;
}

const NO_BODY: EdgeBody = { kind: "none" };
const SMALL_BODY: EdgeBody = { kind: "bytes", bytes: SMALL };
const HEADERS: EdgeReply["headers"] = [["Content-Type", "binary/octet-stream"]];

function answer(method: string, target: string): EdgeReply {
  if (method === "PUT") return { status: 200, headers: HEADERS, body: NO_BODY };
  if (!isLarge(target)) return { status: 200, headers: HEADERS, body: SMALL_BODY };
  return {
    status: 200,
    headers: HEADERS,
    body: { kind: "stream", length: LARGE_BYTES, chunks: largeBody() },
  };
}

const edgeApplication: EdgeApplication = async (request) => {
  if (request.method === "PUT") while ((await request.body.read()) !== undefined);
  return answer(request.method, request.rawTarget);
};

function authApplication(): EdgeApplication {
  const hashes = new HashPool({ spawn: spawnHashWorker(), workers: 2 });
  const credential = { userId: "bench", accessKey: BENCH_ACCESS_KEY, secretKey: BENCH_SECRET_KEY };
  const authenticator = new Authenticator({
    credentials: { find: (accessKey) => (accessKey === credential.accessKey ? credential : undefined) },
    clock: systemClock,
  });
  const options = { domains: [] };
  return async (edgeRequest) => {
    const request = parseS3Request(edgeRequest, options);
    const auth = authenticator.authenticate(request);
    if (request.method === "PUT") {
      const payload = openBody(request, auth, { hashes, digests: ["md5"] });
      while (
        (await payload.readInto(
          new Uint8Array(new SharedArrayBuffer(Math.min(1 << 20, payload.decodedLength || 1))),
        )) > 0
      );
      await payload.finish();
    }
    return answer(request.method, edgeRequest.rawTarget);
  };
}

async function edgeServer(application: EdgeApplication): Promise<number> {
  const edge = await startEdge({ host: "127.0.0.1", port: 0, application });
  return edge.port;
}

async function main(kind: string | undefined): Promise<void> {
  switch (kind) {
    case "bare":
      console.log(await bareServer());
      return;
    case "edge":
      console.log(await edgeServer(edgeApplication));
      return;
    case "auth":
      console.log(await edgeServer(authApplication()));
      return;
    default:
      throw new Error(`unknown server '${kind}'`);
  }
}

if (import.meta.main) await main(process.argv[2]);
