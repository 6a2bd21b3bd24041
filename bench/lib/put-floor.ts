/**
 * The least that a server of this runtime can do with an upload: `bun bench/lib/put-floor.ts DIRECTORY`, prints its port. It takes the
 * body from node:http, makes the two digests that S3 and the names of blobs need, and appends the bytes to a file past the page cache, with
 * a sync every 4 MiB. It answers and forgets: no record, no replica, no admission, no checks. One thread, no messages.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { realDisk } from "../../src/platform/disk/real-disk.ts";

const CHUNK_BYTES = 1 << 20;
const SYNC_BYTES = 4 << 20;
const RESERVE_BYTES = 32 << 20;

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
  const server = createServer((request, response) => {
    if (request.method !== "PUT") {
      response.writeHead(405).end();
      return;
    }
    receive(request, (etag) => response.writeHead(200, { etag: `"${etag}"`, "content-length": 0 }).end());
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

if (import.meta.main) main(process.argv[2] ?? ".");
