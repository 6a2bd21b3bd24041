/**
 * The context of a read-index request and of its answer. The context names the start of the process (`life`), the
 * gateway and the read. Read numbers begin anew at each start: without the life, a late answer to a read of an
 * earlier start would match a new read with the same number, and its index could be too old for the new read.
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

/** The read that the context names; undefined when the context belongs to another start of the process. */
export function readOf(life: Uint8Array, context: Uint8Array): GatewayRead | undefined {
  if (context.byteLength !== CONTEXT_BYTES) return undefined;
  for (let i = 0; i < READ_LIFE_BYTES; i++) if (context[i] !== life[i]) return undefined;
  const view = new DataView(context.buffer, context.byteOffset, CONTEXT_BYTES);
  return { gateway: view.getUint32(GATEWAY_OFFSET), id: Number(view.getBigUint64(ID_OFFSET)) };
}
