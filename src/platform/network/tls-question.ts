/** One line to a TLS server, and one line back: for an end that has no certificate of its own. */
import type { Socket } from "bun";

const NEWLINE = 0x0a;

export interface TlsQuestion {
  readonly host: string;
  readonly port: number;
  /**
   * PEM of the CA that must have signed the server's certificate. undefined: any certificate is taken, so that the answer
   * proves nothing and the question must hold no secret. Names are not compared: the CA signs for nothing else.
   */
  readonly ca: string | undefined;
  /** Without its newline. */
  readonly line: string;
  /** Limit of the answer in bytes. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export interface TlsLine {
  /** Without its newline. */
  readonly line: string;
  /** The address of this end, as the system chose it. */
  readonly localHost: string;
}

/** @throws Error with a reason for an operator: no connection, no TLS, another CA, a cut or too long answer, no answer in time */
export function askOverTls(question: TlsQuestion): Promise<TlsLine> {
  const { host, port, ca, line, maxBytes, timeoutMs } = question;
  const result = Promise.withResolvers<TlsLine>();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let open: Socket | undefined;
  const timer = setTimeout(() => fail("no answer in time"), timeoutMs);
  const fail = (reason: string): void => {
    clearTimeout(timer);
    result.reject(new Error(reason));
    open?.terminate();
  };
  // The runtime's own check would refuse every server without a CA, and compare the host with the names.
  const tls = { rejectUnauthorized: false, ...(ca === undefined ? {} : { ca }) };
  Bun.connect({
    hostname: host,
    port,
    tls,
    socket: {
      open: (socket) => {
        open = socket;
      },
      handshake: (socket, _ok, error) => {
        const problem = ca === undefined ? undefined : problemOf(error);
        if (problem !== undefined) fail(problem);
        else socket.write(`${line}\n`);
      },
      data: (socket, piece) => {
        const end = piece.indexOf(NEWLINE);
        const part = end < 0 ? piece : piece.subarray(0, end);
        bytes += part.byteLength;
        if (bytes > maxBytes) {
          fail("the answer is too long");
          return;
        }
        parts.push(part.slice());
        if (end < 0) return;
        clearTimeout(timer);
        result.resolve({ line: Buffer.concat(parts).toString("utf8"), localHost: socket.localAddress });
        socket.end();
      },
      close: (_socket, error) => fail(error ? reasonOf(error) : "it hung up before its answer"),
      error: (_socket, error) => fail(reasonOf(error)),
      connectError: (_socket, error) => fail(reasonOf(error)),
    },
  }).catch((error: unknown) => fail(reasonOf(error)));
  return result.promise;
}

function problemOf(error: Error | null): string | undefined {
  if (!error) return undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  // The chain is checked before the names: this code says that the CA has signed the certificate.
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return undefined;
  return `its certificate is not accepted: ${code || error.message}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
