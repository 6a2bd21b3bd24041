/** An upload whose content is made piece by piece, so that the client's memory is no part of the story. */
import { createCipheriv, createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { CREDENTIALS } from "./node-process.ts";
import { signedHeaders, UNSIGNED_PAYLOAD } from "./sigv4.ts";

const PIECE = new Uint8Array(256 << 10);

export interface Sent {
  /** 0: the connection was lost. */
  readonly status: number;
  /** Empty unless the upload was acknowledged. */
  readonly sha256: string;
  /** Of an answer that refuses: the document. */
  readonly refusal: string;
  readonly retryAfter: string | undefined;
}

/** @param seed the same seed gives the same content */
export function upload(port: number, path: string, seed: number, bytes: number): Promise<Sent> {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  const hash = createHash("sha256");
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
        headers: { ...headers, "content-length": bytes },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () =>
          end(
            response.statusCode ?? 0,
            Buffer.concat(pieces).toString("utf8"),
            response.headers["retry-after"],
          ),
        );
        response.on("error", () => end(0));
      },
    );
    let left = bytes;
    const end = (status: number, refusal = "", retryAfter?: string): void => {
      left = 0;
      done({ status, sha256: status === 200 ? hash.digest("hex") : "", refusal, retryAfter });
      // What is left of a refused body is not sent.
      request.destroy();
    };
    request.on("error", () => end(0));
    const pump = (): void => {
      while (left > 0) {
        const size = Math.min(left, PIECE.length);
        left -= size;
        const piece = cipher.update(PIECE.subarray(0, size));
        hash.update(piece);
        if (!request.write(piece)) return void request.once("drain", pump);
      }
      request.end();
    };
    pump();
  });
}
