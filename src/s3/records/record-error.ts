/** A stored row differs from the rows that this code writes: corruption or a bug. Never the client's fault. */
export class RecordError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RecordError";
  }
}

/** protobufjs rounds silently above 2^53, so every count of a codec passes this check. @throws RecordError */
export function safeCount(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RecordError(`${what} is ${value}`);
  return value;
}

/** Runs a generated decoder. @throws RecordError naming the kind of row */
export function decodeWith<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new RecordError(`a ${what} row cannot be decoded`, { cause });
  }
}
