import { PeerProtocolError } from "./protocol-error.ts";

/** Checks a decoded number: protobufjs rounds numbers above 2^53 to an unsafe integer. @throws PeerProtocolError */
export function count(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new PeerProtocolError(`${what} is ${value}`);
  return value;
}

export function counts(values: readonly number[], what: string): readonly number[] {
  for (const value of values) count(value, what);
  return values;
}

/** Copies bytes of a frame, which are valid during the call only. */
export function copied(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Runs generated code and converts its errors. @throws PeerProtocolError naming `what` */
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

/** @throws PeerProtocolError when a header that describes no payload has one */
export function none(payload: Uint8Array): void {
  if (payload.byteLength > 0)
    throw new PeerProtocolError(`${payload.byteLength} bytes behind a header that has none`);
}
