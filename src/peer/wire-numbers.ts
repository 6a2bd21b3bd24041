import { PeerProtocolError } from "./protocol-error.ts";

/** protobufjs rounds above 2^53, so what it gives for such a number is no safe integer. @throws PeerProtocolError */
export function count(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new PeerProtocolError(`${what} is ${value}`);
  return value;
}

export function counts(values: readonly number[], what: string): readonly number[] {
  for (const value of values) count(value, what);
  return values;
}

/** The frame's bytes are only lent. */
export function copied(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Runs generated code, which throws errors of its own. @throws PeerProtocolError naming `what` */
export function decoding<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw new PeerProtocolError(
      `${what} is not protobuf: ${error instanceof Error ? error.message : error}`,
      {
        cause: error,
      },
    );
  }
}
