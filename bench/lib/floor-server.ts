/**
 * The least that a server of this runtime can do with large objects: `bun bench/lib/floor-server.ts DIRECTORY`, prints its port. One thread,
 * no messages, no records, no replicas, no admission, no checks.
 * - PUT takes the body from node:http, makes the two digests that S3 and the names of blobs need, and appends the bytes to a file past the
 *   page cache, with a sync every 4 MiB.
 * - GET, of any path, sends the 64 MiB at the beginning of that file in pieces of 1 MiB, each with its CRC-32.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { realDisk } from "../../src/platform/disk/real-disk.ts";

const CHUNK_BYTES = 1 << 20;
const SYNC_BYTES = 4 << 20;
const RESERVE_BYTES = 32 << 20;
const GET_BYTES = 64 << 20;

function main(directory: string): void {
  const file = realDisk.open(join(directory, "floor"), "create");
  const idle: Uint8Array[] = [];
  let [end, unsynced, reserved] = [0, 0, 0];
  const append = (chunk: Uint8Array): void => {
    if (end + chunk.length > reserved) {
      file.reserve(reserved, RESERVE_BYTES);
      reserved += RESERVE_BYTES;
    }
    file.pwritevDirect([chunk], end);
    end += chunk.length;
    unsynced += chunk.length;
    if (unsynced < SYNC_BYTES) return;
    file.datasync();
    unsynced = 0;
  };
  const receive = (request: IncomingMessage, done: (etag: string) => void): void => {
    const [md5, sha256] = [new Bun.CryptoHasher("md5"), new Bun.CryptoHasher("sha256")];
    let chunk = idle.pop() ?? new Uint8Array(new SharedArrayBuffer(CHUNK_BYTES));
    let filled = 0;
    request.on("data", (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + CHUNK_BYTES - filled);
        chunk.set(part, filled);
        md5.update(part);
        sha256.update(part);
        at += part.length;
        filled += part.length;
        if (filled < CHUNK_BYTES) continue;
        append(chunk);
        filled = 0;
      }
    });
    request.on("end", () => {
      if (unsynced > 0) file.datasync();
      unsynced = 0;
      sha256.digest();
      idle.push(chunk);
      chunk = new Uint8Array();
      done(md5.digest("hex"));
    });
  };
  const send = (response: ServerResponse, piece: Uint8Array, from: number): void => {
    for (let at = from; at < GET_BYTES; at += piece.length) {
      file.pread(piece, at);
      crc32(piece);
      if (response.write(piece)) continue;
      response.once("drain", () => send(response, piece, at + piece.length));
      return;
    }
    response.end();
  };
  const server = createServer((request, response) => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-length": GET_BYTES });
      send(response, new Uint8Array(CHUNK_BYTES), 0);
      return;
    }
    receive(request, (etag) => response.writeHead(200, { etag: `"${etag}"`, "content-length": 0 }).end());
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

if (import.meta.main) main(process.argv[2] ?? ".");
