/**
 * The limit: a bare node:http server that reads or sends the same bytes and does nothing else. Run by the same Bun, in
 * a process of its own; prints its port. `bun bench/lib/bare-server.ts GET_BYTES`: so much each GET gets.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const PIECE = new Uint8Array(1 << 20).fill(97);

function send(response: ServerResponse, bytes: number): void {
  let left = bytes;
  while (left > 0) {
    const piece = PIECE.subarray(0, Math.min(left, PIECE.length));
    left -= piece.length;
    if (!response.write(piece)) {
      const rest = left;
      response.once("drain", () => send(response, rest));
      return;
    }
  }
  response.end();
}

function main(getBytes: number): void {
  const server = createServer((request, response) => {
    if (request.method === "PUT") {
      request.on("data", () => {});
      request.on("end", () => response.writeHead(200, { "content-length": 0 }).end());
      return;
    }
    response.writeHead(200, { "content-length": getBytes });
    if (getBytes <= PIECE.length) response.end(PIECE.subarray(0, getBytes));
    else send(response, getBytes);
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

if (import.meta.main) main(Number(process.argv[2]));
