/** Signs requests with the AWS SDK's own signer, so that the two sides of a round trip share no code. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { ACCESS_KEY, EMPTY_SHA256, SECRET_KEY } from "./fixture.ts";

class NodeSha256 {
  readonly #hash: ReturnType<typeof createHash>;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret === undefined ? undefined : typeof secret === "string" ? secret : toBuffer(secret);
    this.#hash = key === undefined ? createHash("sha256") : (createHmac("sha256", key) as never);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

function toBuffer(data: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}

function signer(region = "us-east-1"): SignatureV4 {
  return new SignatureV4({
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    region,
    service: "s3",
    sha256: NodeSha256 as never,
    uriEscapePath: false,
    applyChecksum: true,
  });
}

export interface ToSign {
  readonly method: string;
  /** As it goes on the wire. */
  readonly path: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly sha256?: string;
}

const HOST = "127.0.0.1:9000";

function httpRequest(request: ToSign): Parameters<SignatureV4["sign"]>[0] {
  const headers: Record<string, string> = { host: HOST, ...request.headers };
  headers["x-amz-content-sha256"] = request.sha256 ?? EMPTY_SHA256;
  return {
    method: request.method,
    protocol: "http:",
    hostname: "127.0.0.1",
    port: 9000,
    path: request.path,
    query: request.query ?? {},
    headers,
  } as Parameters<SignatureV4["sign"]>[0];
}

const uriEscape = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function targetOf(path: string, query: Record<string, unknown> = {}): string {
  const text = Object.entries(query)
    .map(([name, value]) => `${uriEscape(name)}=${uriEscape(String(value))}`)
    .join("&");
  return text === "" ? path : `${path}?${text}`;
}

/** Target and raw headers of a request signed in its Authorization header. */
export async function signHeaders(
  request: ToSign,
  ms: number,
  region?: string,
): Promise<{ target: string; headers: string[] }> {
  const signed = await signer(region).sign(httpRequest(request), { signingDate: new Date(ms) });
  return {
    target: targetOf(request.path, signed.query as Record<string, unknown>),
    headers: Object.entries(signed.headers).flat(),
  };
}

/** Target and raw headers of a presigned URL. */
export async function presign(
  request: ToSign,
  ms: number,
  expiresIn: number,
  region?: string,
): Promise<{ target: string; headers: string[] }> {
  const signed = await signer(region).presign(
    httpRequest({ ...request, sha256: request.sha256 ?? "UNSIGNED-PAYLOAD" }),
    {
      signingDate: new Date(ms),
      expiresIn,
    },
  );
  return {
    target: targetOf(request.path, signed.query as Record<string, unknown>),
    headers: ["Host", HOST, ...Object.entries(request.headers ?? {}).flat()],
  };
}
