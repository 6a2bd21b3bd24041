/** Bodies of uploads: opened before a byte is read, and stored on the path for their length. */
import { openBody } from "../body/open-body.ts";
import type { PayloadReader } from "../body/types.ts";
import type { AdmissionProtocol } from "../content/admission.ts";
import type { ContentTarget, ContentWrite } from "../content/types.ts";
import type { Exchange } from "../context/exchange.ts";

/** Opens the body of an upload and checks that there is space, before any byte is read. @throws S3Error */
export function openPayload(exchange: Exchange, defaults?: Parameters<typeof openBody>[2]): PayloadReader {
  const { request, services, auth } = exchange;
  const body = openBody(request, auth, {
    hashes: services.hashes,
    digests: ["md5"],
    ...defaults,
  });
  try {
    services.admission.peekHeadroom(body.decodedLength, protocolOf(body));
  } catch (error) {
    body.abort();
    throw error;
  }
  return body;
}

export function protocolOf(body: PayloadReader): AdmissionProtocol {
  return body.chunked ? "chunked" : "fixed-length";
}

/** Begins to store `length` bytes, on the path for writes of that length. */
export function openWrite(
  { services, request }: Exchange,
  target: ContentTarget,
  length: number,
  protocol: AdmissionProtocol,
): ContentWrite {
  return services.content.sinkFor(length).open(target, protocol, () => request.edge.signal);
}

export function hexDigest(md5: Uint8Array | undefined): string {
  if (md5?.byteLength !== 16) throw new Error("the body was not hashed with MD5");
  return Buffer.from(md5.buffer, md5.byteOffset, md5.byteLength).toString("hex");
}
