/**
 * Garbage records: the description of what a superseded row leaves behind. The state machine moves a record from the
 * row to the garbage queue and does not read it. Only this module knows the format.
 */
import { elastickv as gen } from "../gen/kv.js";

export type GarbageItem =
  /** Every row whose key begins with the prefix. */
  | { readonly kind: "prefix"; readonly prefix: Uint8Array }
  /** Every reference to content beside the log whose key begins with the prefix. */
  | { readonly kind: "references"; readonly prefix: Uint8Array };

const Kind = gen.kv.GarbageItem.Kind;
const NUMBERS: Record<GarbageItem["kind"], gen.kv.GarbageItem.Kind> = {
  prefix: Kind.PREFIX,
  references: Kind.REFERENCES,
};

/** When all items are prefixes, the encoding is the same as in earlier releases. */
export function encodeGarbage(items: readonly GarbageItem[]): Uint8Array {
  if (items.every((item) => item.kind === "prefix")) {
    return gen.kv.Garbage.encode({ prefixes: items.map((item) => item.prefix) }).finish();
  }
  return gen.kv.Garbage.encode({
    items: items.map(({ kind, prefix }) => ({ kind: NUMBERS[kind], prefix })),
  }).finish();
}

/**
 * The items of a record; undefined when this release cannot read the whole record. The record may be malformed, may
 * have no items (a newer release may store them elsewhere), may have a kind of a newer release, or may have an empty
 * prefix, which would cover every key.
 */
export function decodeGarbage(record: Uint8Array): readonly GarbageItem[] | undefined {
  let decoded: gen.kv.Garbage;
  try {
    decoded = gen.kv.Garbage.decode(record);
  } catch {
    return undefined;
  }
  const items: GarbageItem[] = decoded.prefixes.map((prefix) => ({ kind: "prefix", prefix }));
  for (const { kind, prefix } of decoded.items) {
    const name = kind === Kind.PREFIX ? "prefix" : kind === Kind.REFERENCES ? "references" : undefined;
    if (name === undefined || prefix === null || prefix === undefined) return undefined;
    items.push({ kind: name, prefix });
  }
  const readable = items.length > 0 && items.every((item) => item.prefix.byteLength > 0);
  return readable ? items : undefined;
}
