/**
 * What travels with a read-index request and comes back with its answer: which read of which gateway of which life of which node it is.
 * The life is in it because numbers begin anew with each one: an answer to an earlier life may be on its way (or wait on a
 * leader for its confirmation) while the next one asks with the same number, and its index may be too old for that.
 */
export const READ_LIFE_BYTES = 8;
const GATEWAY_OFFSET = READ_LIFE_BYTES;
const ID_OFFSET = GATEWAY_OFFSET + 4;
const CONTEXT_BYTES = ID_OFFSET + 8;

export interface GatewayRead {
  /** Index of the gateway. */
  readonly gateway: number;
  /** The gateway's number for the read. */
  readonly id: number;
}

/** @param life READ_LIFE_BYTES random bytes, made anew at each start. */
export function readContext(life: Uint8Array, { gateway, id }: GatewayRead): Uint8Array {
  const context = new Uint8Array(CONTEXT_BYTES);
  context.set(life);
  const view = new DataView(context.buffer);
  view.setUint32(GATEWAY_OFFSET, gateway);
  view.setBigUint64(ID_OFFSET, BigInt(id));
  return context;
}

/** The number of the read in this start of the process; undefined: the read belongs to another start. */
export function readOf(life: Uint8Array, context: Uint8Array): GatewayRead | undefined {
  if (context.byteLength !== CONTEXT_BYTES) return undefined;
  for (let i = 0; i < READ_LIFE_BYTES; i++) if (context[i] !== life[i]) return undefined;
  const view = new DataView(context.buffer, context.byteOffset, CONTEXT_BYTES);
  return { gateway: view.getUint32(GATEWAY_OFFSET), id: Number(view.getBigUint64(ID_OFFSET)) };
}
