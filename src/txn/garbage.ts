/**
 * Garbage records: what a superseded row leaves behind. The state machine carries them unread from the row to the garbage
 * queue; this module alone knows what they say.
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

/** Prefixes alone give the bytes that they always had. */
export function encodeGarbage(items: readonly GarbageItem[]): Uint8Array {
  if (items.every((item) => item.kind === "prefix")) {
    return gen.kv.Garbage.encode({ prefixes: items.map((item) => item.prefix) }).finish();
  }
  return gen.kv.Garbage.encode({
    items: items.map(({ kind, prefix }) => ({ kind: NUMBERS[kind], prefix })),
  }).finish();
}

/**
 * The items of a record; undefined when this release cannot read all of it: bytes that are no record, no items (a newer
 * release may have put them elsewhere), a kind of a newer release, or an empty prefix, under which every key lies.
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
