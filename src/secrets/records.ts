/** Small JSON records with base64 values: the format of secrets in rows and files. */

export type JsonRecord = Readonly<Record<string, unknown>>;

/** A record is invalid. The message never shows the content of the record. */
export class SecretRecordError extends Error {
  readonly code = "SECRET_RECORD";
  constructor(message: string) {
    super(message);
    this.name = "SecretRecordError";
  }
}

export function recordBytes(record: JsonRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

/** @param what the name of the record in the message. @throws SecretRecordError */
export function parseRecord(bytes: Uint8Array, what: string): JsonRecord {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new SecretRecordError(`${what} cannot be read: it is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SecretRecordError(`${what} cannot be read: it is no record`);
  }
  return value as JsonRecord;
}

/** A damaged row must not hide others: undefined takes its place. @throws every other error of `read` */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SecretRecordError)) throw error;
    return undefined;
  }
}

export function textOf(record: JsonRecord, name: string): string {
  const value = record[name];
  if (typeof value !== "string") throw new SecretRecordError(`a record has no ${name}`);
  return value;
}

/** @param length the required number of bytes; undefined accepts any length */
export function bytesOf(record: JsonRecord, name: string, length?: number): Uint8Array {
  const text = textOf(record, name);
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text || (length !== undefined && bytes.length !== length)) {
    throw new SecretRecordError(`the ${name} of a record is damaged`);
  }
  return new Uint8Array(bytes);
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
