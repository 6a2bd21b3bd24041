/** The small S3 client of the process tests: one call, one request, nothing retried. */
import { createHash } from "node:crypto";
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { CREDENTIALS, LOOPBACK } from "./node-process.ts";
import { type Credentials, encodeKey, encodeQuery, signedHeaders, UNSIGNED_PAYLOAD } from "./sigv4.ts";

export interface CallOptions {
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Sign the body's hash instead of UNSIGNED-PAYLOAD. */
  readonly signBody?: boolean;
  /** The connection is given up when the answer is not there by then. Default: never. */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

export class S3Client {
  readonly #host: string;
  readonly #port: number;
  readonly #agent: Agent;
  readonly #credentials: Credentials;

  constructor(port: number, connections = 64, credentials: Credentials = CREDENTIALS, host = LOOPBACK) {
    this.#host = host;
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#credentials = credentials;
  }

  /** `target` is "bucket" or "bucket/key", not encoded. @throws Error when the connection is lost; `reused`: one that had carried
   *  a request before. */
  call(method: string, target: string, options: CallOptions = {}): Promise<Answer> {
    const path = `/${encodeKey(target)}`;
    const host = `${this.#host}:${this.#port}`;
    const body = typeof options.body === "string" ? Buffer.from(options.body) : options.body;
    const signed = signedHeaders({
      method,
      host,
      path,
      payloadHash: options.signBody === true ? sha256(body ?? new Uint8Array(0)) : UNSIGNED_PAYLOAD,
      credentials: this.#credentials,
      ...(options.query === undefined ? {} : { query: options.query }),
      ...(options.headers === undefined ? {} : { headers: options.headers }),
    });
    const query = options.query === undefined ? "" : `?${encodeQuery(options.query)}`;
    return new Promise((done, failed) => {
      const request = httpRequest(
        {
          host: this.#host,
          port: this.#port,
          method,
          path: path + query,
          agent: this.#agent,
          headers: { ...signed, ...(body === undefined ? {} : { "content-length": String(body.length) }) },
        },
        (response) => collect(response, method).then(done, failed),
      );
      request.once("error", (error) => failed(Object.assign(error, { reused: request.reusedSocket })));
      if (options.timeoutMs !== undefined) {
        const { timeoutMs } = options;
        const timer = setTimeout(
          () => request.destroy(new Error(`no answer after ${timeoutMs} ms: closed`)),
          timeoutMs,
        );
        request.once("close", () => clearTimeout(timer));
      }
      request.end(body);
    });
  }

  /** Like `call`, but any status other than those expected is an error. */
  async expect(statuses: number | readonly number[], method: string, target: string, options?: CallOptions) {
    const answer = await this.call(method, target, options);
    if (![statuses].flat().includes(answer.status)) {
      throw new UnexpectedAnswer(method, target, answer);
    }
    return answer;
  }

  /** Every object of a bucket, through all pages. Keys must be free of XML escapes. */
  async list(bucket: string): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    let token: string | undefined;
    do {
      const query: [string, string][] = [["list-type", "2"]];
      if (token !== undefined) query.push(["continuation-token", token]);
      const xml = (await this.expect(200, "GET", bucket, { query })).body.toString();
      for (const [, entry = ""] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        found.push({
          key: text(entry, "Key"),
          size: Number(text(entry, "Size")),
          etag: text(entry, "ETag").replaceAll("&quot;", '"'),
        });
      }
      token = text(xml, "IsTruncated") === "true" ? text(xml, "NextContinuationToken") : undefined;
    } while (token !== undefined);
    return found;
  }

  close(): void {
    this.#agent.destroy();
  }
}

export class UnexpectedAnswer extends Error {
  readonly status: number;
  constructor(method: string, target: string, answer: Answer) {
    super(`${method} ${target}: ${answer.status} ${answer.body.toString().slice(0, 400)}`);
    this.name = "UnexpectedAnswer";
    this.status = answer.status;
  }
}

/** The text of the first element of that name; "" when there is none. */
export function text(xml: string, element: string): string {
  return new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(xml)?.[1] ?? "";
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function collect(response: IncomingMessage, method: string): Promise<Answer> {
  const pieces: Buffer[] = [];
  // The iteration throws it; Bun may emit it once more after the end of the iteration.
  response.on("error", () => {});
  for await (const piece of response) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  const declared = response.headers["content-length"];
  if (method !== "HEAD" && declared !== undefined && Number(declared) !== body.length) {
    throw new Error(`response of ${declared} bytes ended after ${body.length}`);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}
