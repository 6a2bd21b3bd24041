/** AssumeRole as an SDK sends it: a form that the SDK's own signer signs for STS. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";

export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export const FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8";

class Sha256 {
  readonly #hash: Pick<ReturnType<typeof createHash>, "update" | "digest">;
  constructor(secret?: ArrayBufferView | string) {
    this.#hash =
      secret === undefined ? createHash("sha256") : (createHmac("sha256", secret as string) as never);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

export interface Signable {
  readonly method: string;
  /** `localhost:9000` */
  readonly host: string;
  readonly path: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The headers of the request, signed. @param nowMs default: now */
export async function signedBySdk(
  service: "s3" | "sts",
  credentials: SigningKeys,
  { method, host, path, body, headers = {} }: Signable,
  nowMs = Date.now(),
): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    credentials,
    region: "us-east-1",
    service,
    sha256: Sha256 as never,
    uriEscapePath: service !== "s3",
    applyChecksum: service === "s3",
  });
  const request = { method, protocol: "http:", hostname: host, path, query: {}, body };
  const signed = await signer.sign(
    { ...request, headers: { host, ...headers } },
    { signingDate: new Date(nowMs) },
  );
  return signed.headers;
}
