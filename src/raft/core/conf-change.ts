import { NO_BYTES } from "./message.ts";
import { varintLength } from "./sizes.ts";
import { EntryType } from "./types.ts";

export const ConfChangeType = { AddNode: 0, RemoveNode: 1, UpdateNode: 2, AddLearnerNode: 3 } as const;
export type ConfChangeType = (typeof ConfChangeType)[keyof typeof ConfChangeType];

/** How a change of several members leaves its joint configuration. */
export const ConfChangeTransition = {
  /** A change of one voter uses no joint configuration. A larger change is joint and left automatically. */
  Auto: 0,
  /** The change is always joint, and left automatically. */
  JointImplicit: 1,
  /** The change is always joint, and left by a later empty change. */
  JointExplicit: 2,
} as const;
export type ConfChangeTransition = (typeof ConfChangeTransition)[keyof typeof ConfChangeTransition];

export interface ConfChangeSingle {
  readonly type: ConfChangeType;
  /** 0 when the application decided, after proposing, to skip this change. */
  readonly nodeId: number;
}

/** The old form: exactly one change, never joint. */
interface ConfChangeV1 {
  readonly version: 1;
  readonly id: number;
  readonly change: ConfChangeSingle;
  readonly context: Uint8Array;
}

/** The general form. Without changes and with transition Auto it means "leave the joint configuration". */
export interface ConfChangeV2 {
  readonly version: 2;
  readonly transition: ConfChangeTransition;
  readonly changes: readonly ConfChangeSingle[];
  readonly context: Uint8Array;
}

export type ConfChange = ConfChangeV1 | ConfChangeV2;

/** The change as V2, the form that is applied. */
export function asV2(change: ConfChange): ConfChangeV2 {
  if (change.version === 2) return change;
  return {
    version: 2,
    transition: ConfChangeTransition.Auto,
    changes: [change.change],
    context: change.context,
  };
}

/** True when the change only asks to leave the joint configuration. The context does not matter. */
export function isLeaveJoint(change: ConfChangeV2): boolean {
  return change.transition === ConfChangeTransition.Auto && change.changes.length === 0;
}

/** Whether the change uses a joint configuration, and whether that configuration is left automatically. */
export function entersJoint(change: ConfChangeV2): { readonly joint: boolean; readonly autoLeave: boolean } {
  const joint = change.transition !== ConfChangeTransition.Auto || change.changes.length > 1;
  return { joint, autoLeave: joint && change.transition !== ConfChangeTransition.JointExplicit };
}

/** The bytes are not a membership change: the entry is refused before it can reach a log. */
export class ConfChangeFormatError extends Error {
  override readonly name = "ConfChangeFormatError";
}

// The wire form is protobuf (ConfChange and ConfChangeV2 in proto/raft.proto). The encoding is written by hand,
// because the core imports no runtime. Numeric fields are always written, zeros included: the limits count the size
// of the encoding, and the reference counts zeros.

const VARINT = 0;
const BYTES = 2;

/** Entry type and payload of a change. */
export function encodeConfChange(change: ConfChange): {
  readonly type: EntryType;
  readonly data: Uint8Array;
} {
  const writer = new Writer();
  if (change.version === 1) {
    writer.number(1, change.id);
    writer.number(2, change.change.type);
    writer.number(3, change.change.nodeId);
    if (change.context.length > 0) writer.bytes(4, change.context);
    return { type: EntryType.ConfChange, data: writer.finish() };
  }
  writer.number(1, change.transition);
  for (const single of change.changes) {
    const inner = new Writer();
    inner.number(1, single.type);
    inner.number(2, single.nodeId);
    writer.bytes(2, inner.finish());
  }
  if (change.context.length > 0) writer.bytes(3, change.context);
  return { type: EntryType.ConfChangeV2, data: writer.finish() };
}

/**
 * The change in an entry of type ConfChange or ConfChangeV2. Empty data is the empty V2 change. Throws
 * ConfChangeFormatError.
 */
export function decodeConfChange(type: EntryType, data: Uint8Array): ConfChange {
  if (type === EntryType.ConfChange) return decodeV1(data);
  if (type === EntryType.ConfChangeV2) return decodeV2(data);
  throw new ConfChangeFormatError(`entry type ${type} holds no membership change`);
}

function decodeV1(data: Uint8Array): ConfChangeV1 {
  let id = 0;
  let type = 0;
  let nodeId = 0;
  let context: Uint8Array = NO_BYTES;
  readFields(data, (field, number, bytes) => {
    if (field === 1) id = number;
    else if (field === 2) type = number;
    else if (field === 3) nodeId = number;
    else if (field === 4) context = bytes;
  });
  return { version: 1, id, change: { type: changeType(type), nodeId }, context };
}

function decodeV2(data: Uint8Array): ConfChangeV2 {
  let transition = 0;
  const changes: ConfChangeSingle[] = [];
  let context: Uint8Array = NO_BYTES;
  readFields(data, (field, number, bytes) => {
    if (field === 1) transition = number;
    else if (field === 2) changes.push(decodeSingle(bytes));
    else if (field === 3) context = bytes;
  });
  if (transition !== 0 && transition !== 1 && transition !== 2) {
    throw new ConfChangeFormatError(`unknown membership transition ${transition}`);
  }
  return { version: 2, transition, changes, context };
}

function decodeSingle(data: Uint8Array): ConfChangeSingle {
  let type = 0;
  let nodeId = 0;
  readFields(data, (field, number) => {
    if (field === 1) type = number;
    else if (field === 2) nodeId = number;
  });
  return { type: changeType(type), nodeId };
}

function changeType(value: number): ConfChangeType {
  if (value === 0 || value === 1 || value === 2 || value === 3) return value;
  throw new ConfChangeFormatError(`unknown membership change type ${value}`);
}

function readFields(
  data: Uint8Array,
  visit: (field: number, number: number, bytes: Uint8Array) => void,
): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = data[at++];
      if (byte === undefined) throw new ConfChangeFormatError(`truncated at byte ${data.length}`);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) throw new ConfChangeFormatError(`number above 2^53 at byte ${at}`);
        return value;
      }
      scale *= 0x80;
    }
    throw new ConfChangeFormatError(`number longer than 10 bytes before byte ${at}`);
  };
  while (at < data.length) {
    const tag = varint();
    const wire = tag % 8;
    const field = (tag - wire) / 8;
    if (wire === VARINT) {
      visit(field, varint(), NO_BYTES);
    } else if (wire === BYTES) {
      const length = varint();
      if (at + length > data.length) throw new ConfChangeFormatError(`truncated at byte ${data.length}`);
      visit(field, 0, data.subarray(at, at + length));
      at += length;
    } else {
      throw new ConfChangeFormatError(`unexpected wire type ${wire} in field ${field}`);
    }
  }
}

class Writer {
  readonly #parts: number[] = [];

  number(field: number, value: number): void {
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#varint(field * 8 + BYTES);
    this.#varint(value.length);
    for (const byte of value) this.#parts.push(byte);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }

  #varint(value: number): void {
    let rest = value;
    for (let i = varintLength(value); i > 1; i--) {
      this.#parts.push((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#parts.push(rest);
  }
}
