/**
 * A conditional write whose answer was lost is repeated by its client, which then meets its own effect and is told 412. AWS SDKs
 * name the operation in every attempt (`amz-sdk-invocation-id`, the same UUID each time), so the object remembers which one
 * wrote it, and the repetition gets the answer that was lost.
 */
import type { Exchange } from "../context/exchange.ts";
import type { Manifest } from "../records/manifest.ts";

const NAME_LENGTH_MAX = 128;
const INVOCATION_BYTES = 16;

/** What the row of a conditional write remembers of its invocation: 16 bytes, bound to who asked and for what. Without a condition
 *  repeating is harmless, and nothing is kept. */
export function invocationOf(exchange: Exchange, conditional: boolean): Uint8Array | undefined {
  if (!conditional) return undefined;
  const { auth, request, operation } = exchange;
  const name = request.header("amz-sdk-invocation-id");
  if (name === undefined || name === "" || name.length > NAME_LENGTH_MAX) return undefined;
  const digest = new Bun.CryptoHasher("sha256")
    .update(JSON.stringify([accessKeyOf(auth), operation.name, request.bucket, request.key, name]))
    .digest();
  return Uint8Array.from(digest.subarray(0, INVOCATION_BYTES));
}

function accessKeyOf({ principal }: Exchange["auth"]): string {
  return principal.kind === "user" ? principal.accessKey : "anonymous";
}

/** This very invocation has written the object already. */
export class WrittenBefore extends Error {
  readonly manifest: Manifest;

  constructor(manifest: Manifest) {
    super("this invocation has written the object already");
    this.name = "WrittenBefore";
    this.manifest = manifest;
  }
}

/** @throws WrittenBefore */
export function checkNotWrittenBefore(manifest: Manifest, invocation: Uint8Array | undefined): void {
  if (invocation === undefined || manifest.invocation === undefined) return;
  if (Buffer.compare(manifest.invocation, invocation) === 0) throw new WrittenBefore(manifest);
}
