/** Memory is a contract: it does not grow with the number or size of uploads. Prints what it measured. */
import { expect, test } from "bun:test";
import { request as httpRequest } from "node:http";
import { CREDENTIALS, NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { residentMebibytes } from "./lib/proc.ts";
import { S3Client } from "./lib/s3-client.ts";
import { signedHeaders, UNSIGNED_PAYLOAD } from "./lib/sigv4.ts";

const UPLOADS = 64;
const UPLOAD_BYTES = 64 << 20;
const PIECE = new Uint8Array(256 << 10).fill(7);
const LIMIT_MIB = 400;

/** Sends from one small buffer, so that the client's memory is no part of the story. */
function upload(port: number, path: string): Promise<number> {
  const headers = signedHeaders({
    method: "PUT",
    host: `127.0.0.1:${port}`,
    path,
    payloadHash: UNSIGNED_PAYLOAD,
    credentials: CREDENTIALS,
  });
  return new Promise((done) => {
    const request = httpRequest(
      {
        host: "127.0.0.1",
        port,
        method: "PUT",
        path,
        headers: { ...headers, "content-length": UPLOAD_BYTES },
      },
      (response) => {
        response.resume();
        response.on("end", () => done(response.statusCode ?? 0));
        response.on("error", () => done(0));
      },
    );
    request.on("error", () => done(0));
    let left = UPLOAD_BYTES;
    const pump = (): void => {
      while (left > 0) {
        left -= PIECE.length;
        if (!request.write(PIECE)) return void request.once("drain", pump);
      }
      request.end();
    };
    pump();
  });
}

test(`RSS under ${UPLOADS} concurrent uploads of ${UPLOAD_BYTES >> 20} MiB`, async () => {
  const node = await NodeProcess.start({ dataDir: temporaryDirectory("memory") });
  const client = new S3Client(node.s3Port);
  await client.expect(200, "PUT", "memory");
  const idle = residentMebibytes(node.pid);
  let peak = idle;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMebibytes(node.pid));
  }, 50);
  const begin = performance.now();
  const statuses = await Promise.all(
    Array.from({ length: UPLOADS }, (_, i) => upload(node.s3Port, `/memory/${i}`)),
  );
  clearInterval(watch);
  const seconds = (performance.now() - begin) / 1000;
  const stored = statuses.filter((status) => status === 200).length;
  const busy = statuses.filter((status) => status === 503).length;
  console.log(
    `RSS idle ${idle.toFixed(0)} MiB, peak ${peak.toFixed(0)} MiB; ${stored} stored, ${busy} SlowDown, ` +
      `${((stored * UPLOAD_BYTES) / seconds / 1e6).toFixed(0)} MB/s`,
  );
  expect(stored + busy).toBe(UPLOADS);
  expect(stored).toBeGreaterThan(0);
  expect(peak).toBeLessThan(LIMIT_MIB);
  expect((await client.list("memory")).length).toBe(stored);
  client.close();
  expect(await node.stop()).toBe(0);
}, 600_000);
