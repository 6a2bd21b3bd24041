/** A promise was broken: the run has failed. `property` is a short name that stays the same; the rest are its numbers. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly property: string;

  constructor(property: string, details: Readonly<Record<string, unknown>> = {}) {
    super(`${property}: ${JSON.stringify(details, printable)}`);
    this.property = property;
  }
}

function printable(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return `<${value.byteLength}>`;
  return value;
}

/** FNV-1a. */
export function hashBytes(bytes: Uint8Array, start = 0x811c_9dc5): number {
  let hash = start;
  for (let i = 0; i < bytes.byteLength; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193);
  return hash >>> 0;
}
