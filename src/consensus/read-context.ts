/**
 * What travels with a read-index request and comes back with its answer: which read of which life of which node it is.
 * The life is in it because numbers begin anew with each one: an answer to an earlier life may be on its way (or wait on a
 * leader for its confirmation) while the next one asks with the same number, and its index may be too old for that.
 */
export const READ_LIFE_BYTES = 8;
const CONTEXT_BYTES = READ_LIFE_BYTES + 8;

/** @param life READ_LIFE_BYTES random bytes, made anew at each start. */
export function readContext(life: Uint8Array, id: number): Uint8Array {
  const context = new Uint8Array(CONTEXT_BYTES);
  context.set(life);
  new DataView(context.buffer).setBigUint64(READ_LIFE_BYTES, BigInt(id));
  return context;
}

/** The number of a read of this life; undefined: it is another's. */
export function readIdOf(life: Uint8Array, context: Uint8Array): number | undefined {
  if (context.byteLength !== CONTEXT_BYTES) return undefined;
  for (let i = 0; i < READ_LIFE_BYTES; i++) if (context[i] !== life[i]) return undefined;
  const view = new DataView(context.buffer, context.byteOffset, CONTEXT_BYTES);
  return Number(view.getBigUint64(READ_LIFE_BYTES));
}
