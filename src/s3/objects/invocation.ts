/**
 * A client repeats a conditional write whose answer was lost. The repetition finds the client's own write and gets
 * 412. AWS SDKs name the operation in every attempt (`amz-sdk-invocation-id`, the same UUID each time). So the
 * object's row keeps the invocation that wrote the row, and the repetition gets the lost answer.
 */
import type { Exchange } from "../context/exchange.ts";
import type { Manifest } from "../records/manifest.ts";

const NAME_LENGTH_MAX = 128;
const INVOCATION_BYTES = 16;

/**
 * The invocation that the row of a conditional write keeps: 16 bytes, bound to access key, operation, bucket and key.
 * Repeating an unconditional write is harmless, so its row keeps no invocation.
 */
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

/** The same invocation has already written the object. */
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
