/** Ends without a certificate of the cluster, at a peer port. */
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { LOOPBACK } from "./node-process.ts";

/** End of the certificate that the peer port shows now, Unix milliseconds. */
export function notAfterOf(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: LOOPBACK, port, rejectUnauthorized: false }, () => {
      resolve(Date.parse(socket.getPeerCertificate().valid_to));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

/** What the other end sends until it hangs up. */
export function heardInTheClear(port: number, text: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  return new Promise((resolve) => {
    const socket = connectTcp(port, LOOPBACK, () => socket.write(text));
    socket.on("data", (piece) => pieces.push(Buffer.from(piece)));
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(pieces)));
  });
}

/** The same over TLS; the other end's certificate is not looked at. */
export function heardOverTls(
  port: number,
  text: string,
  own: { cert?: string; key?: string },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  return new Promise((resolve) => {
    const done = () => resolve(Buffer.concat(pieces));
    Bun.connect({
      hostname: LOOPBACK,
      port,
      tls: { rejectUnauthorized: false, ...own },
      socket: {
        handshake: (socket) => void socket.write(text),
        data: (_, piece) => void pieces.push(piece.slice()),
        close: done,
        error: done,
      },
    }).catch(done);
  });
}
