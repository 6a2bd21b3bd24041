export const KEYS_PER_BATCH = 5;

/** What batch `index` stores under each of its keys: sizes on both sides of every limit. */
export function batchPayload(index: number): Uint8Array {
  const sizes = [0, 900, 1024, 1025, 4096, 70_000, 300_000];
  return new Uint8Array(sizes[index % sizes.length] ?? 0).fill(index & 0xff);
}
