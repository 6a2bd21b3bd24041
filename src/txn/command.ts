/**
 * The bytes of one replicated command (docs/format/command.md):
 *
 *   0      1  format version (1)
 *   1      1  kind: 1 transaction, 2 HLC ceiling
 *   2      2  zero
 *   4      8  commit timestamp, big-endian; stamped by the leader when it appends the entry
 *   12     4  payload length P, big-endian
 *   16     P  payload area: the bulk bytes of the mutations, one after the other, in order
 *   16+P   …  protobuf `Command` (kind 1), or 8 bytes big-endian Unix milliseconds (kind 2)
 *
 * The bulk bytes come before the protobuf. So a body can be read from the socket directly into its place in the entry,
 * before the rest of the transaction is known. Bulk bytes are never encoded, and decoding never copies them.
 */
import { elastickv as gen } from "../gen/kv.js";
import type { Mutation, Timestamp } from "../store/types.ts";
import { packReferences, SHA256_BYTES, unpackReferences } from "./references.ts";
import type { Condition, Txn, TxnMutation } from "./types.ts";

export const COMMAND_VERSION = 1;
export const COMMAND_HEADER_BYTES = 16;
export const CommandKind = { Txn: 1, HlcCeiling: 2 } as const;

/** @internal */
export class CommandError extends Error {
  readonly code = "COMMAND";
  constructor(message: string) {
    super(message);
    this.name = "CommandError";
  }
}

/** The proposer: `origin` is one boot of one node (8 bytes), `sequence` counts 1, 2, 3 ... within the origin. */
export interface ProposalIdentity {
  readonly origin: Uint8Array;
  readonly sequence: number;
  /** The origin has the answers to all lower sequences, and will not ask for them again. */
  readonly acknowledgedBelow: number;
}

export interface TxnCommand extends ProposalIdentity {
  readonly kind: "txn";
  readonly commitTs: Timestamp;
  readonly conditions: readonly Condition[];
  readonly mutations: readonly TxnMutation[];
}

export interface CeilingCommand {
  readonly kind: "hlc-ceiling";
  readonly commitTs: Timestamp;
  readonly ceilingMs: number;
}

export type DecodedCommand = TxnCommand | CeilingCommand;

const ConditionKind = gen.kv.Condition.Kind;
const MutationKind = gen.kv.Mutation.Kind;

function encodeTs(ts: Timestamp): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, ts);
  return bytes;
}

function decodeTs(bytes: Uint8Array): Timestamp {
  if (bytes.byteLength !== 8) throw new CommandError(`timestamp of ${bytes.byteLength} bytes, expected 8`);
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
}

function encodeCondition(condition: Condition): gen.kv.ICondition {
  switch (condition.kind) {
    case "must-exist":
      return { kind: ConditionKind.MUST_EXIST, key: condition.key };
    case "must-not-exist":
      return { kind: ConditionKind.MUST_NOT_EXIST, key: condition.key };
    case "version-equals":
      return { kind: ConditionKind.VERSION_EQUALS, key: condition.key, ts: encodeTs(condition.commitTs) };
    case "prefix-empty":
      return { kind: ConditionKind.PREFIX_EMPTY, key: condition.prefix };
    case "prefix-unchanged":
      return { kind: ConditionKind.PREFIX_UNCHANGED, key: condition.prefix, ts: encodeTs(condition.ts) };
    case "not-after":
      return { kind: ConditionKind.NOT_AFTER, ts: encodeTs(BigInt(condition.ms)) };
    case "after":
      return { kind: ConditionKind.AFTER, ts: encodeTs(BigInt(condition.ms)) };
  }
}

function decodeCondition(condition: gen.kv.ICondition): Condition {
  const key = condition.key ?? new Uint8Array(0);
  switch (condition.kind) {
    case ConditionKind.MUST_EXIST:
      return { kind: "must-exist", key };
    case ConditionKind.MUST_NOT_EXIST:
      return { kind: "must-not-exist", key };
    case ConditionKind.VERSION_EQUALS:
      return { kind: "version-equals", key, commitTs: decodeTs(condition.ts ?? new Uint8Array(0)) };
    case ConditionKind.PREFIX_EMPTY:
      return { kind: "prefix-empty", prefix: key };
    case ConditionKind.PREFIX_UNCHANGED:
      return { kind: "prefix-unchanged", prefix: key, ts: decodeTs(condition.ts ?? new Uint8Array(0)) };
    case ConditionKind.NOT_AFTER:
      return { kind: "not-after", ms: Number(decodeTs(condition.ts ?? new Uint8Array(0))) };
    case ConditionKind.AFTER:
      return { kind: "after", ms: Number(decodeTs(condition.ts ?? new Uint8Array(0))) };
    default:
      throw new CommandError(`condition of unknown kind ${condition.kind}`);
  }
}

function encodeMutation(mutation: TxnMutation): gen.kv.IMutation {
  switch (mutation.kind) {
    case "put":
      return {
        kind: MutationKind.PUT,
        key: mutation.key,
        value: mutation.value,
        ...(mutation.garbage === undefined ? {} : { garbage: mutation.garbage }),
        ...(mutation.payload === undefined
          ? {}
          : { hasPayload: true, payloadLength: mutation.payload.byteLength }),
        ...(mutation.keepContent ? { keepContent: true } : {}),
      };
    case "delete":
      return {
        kind: MutationKind.DELETE,
        key: mutation.key,
        ...(mutation.keepContent ? { keepContent: true } : {}),
      };
    case "delete-prefix":
      return { kind: MutationKind.DELETE_PREFIX, key: mutation.prefix };
    case "add-garbage":
      return { kind: MutationKind.ADD_GARBAGE, garbage: mutation.garbage };
    case "archive":
      return { kind: MutationKind.ARCHIVE, key: mutation.from, to: mutation.to };
    case "reference":
      return { kind: MutationKind.REFERENCE, key: mutation.prefix, value: packReferences(mutation) };
    case "unreference":
      return { kind: MutationKind.UNREFERENCE, key: mutation.key };
    case "sweep":
      return {
        kind: MutationKind.SWEEP,
        value: Buffer.concat([encodeTs(mutation.queuedTs), mutation.sha256]),
      };
  }
}

const EMPTY = new Uint8Array(0);

function decodeMutation(mutation: gen.kv.IMutation, payload: Uint8Array | undefined): TxnMutation {
  const key = mutation.key ?? EMPTY;
  const keepContent = mutation.keepContent === true;
  switch (mutation.kind) {
    case MutationKind.PUT: {
      const garbage = mutation.garbage ?? EMPTY;
      const put: TxnMutation & Mutation = {
        kind: "put",
        key,
        value: mutation.value ?? EMPTY,
        ...(payload === undefined ? {} : { payload }),
        ...(garbage.byteLength === 0 ? {} : { garbage }),
        ...(keepContent ? { keepContent } : {}),
      };
      return put;
    }
    case MutationKind.DELETE:
      return { kind: "delete", key, ...(keepContent ? { keepContent } : {}) };
    case MutationKind.DELETE_PREFIX:
      return { kind: "delete-prefix", prefix: key };
    case MutationKind.ADD_GARBAGE:
      return { kind: "add-garbage", garbage: mutation.garbage ?? EMPTY };
    case MutationKind.ARCHIVE:
      return { kind: "archive", from: key, to: mutation.to ?? EMPTY };
    case MutationKind.REFERENCE:
      return decodeReferences(key, mutation.value ?? EMPTY);
    case MutationKind.UNREFERENCE:
      return { kind: "unreference", key };
    case MutationKind.SWEEP: {
      const value = mutation.value ?? EMPTY;
      if (value.byteLength !== 8 + SHA256_BYTES) throw new CommandError(`sweep of ${value.byteLength} bytes`);
      return { kind: "sweep", queuedTs: decodeTs(value.subarray(0, 8)), sha256: value.subarray(8) };
    }
    default:
      throw new CommandError(`mutation of unknown kind ${mutation.kind}`);
  }
}

function decodeReferences(prefix: Uint8Array, packed: Uint8Array): TxnMutation {
  try {
    return unpackReferences(prefix, packed);
  } catch (error) {
    throw new CommandError(String(error));
  }
}

/** The bulk views of a transaction in the order of the payload area, and their total length. */
export function payloadsOf(txn: Txn): { readonly views: Uint8Array[]; readonly bytes: number } {
  const views: Uint8Array[] = [];
  let bytes = 0;
  for (const mutation of txn.mutations) {
    if (mutation.kind !== "put" || mutation.payload === undefined) continue;
    views.push(mutation.payload);
    bytes += mutation.payload.byteLength;
  }
  return { views, bytes };
}

/** The protobuf part of a transaction. */
export function encodeTxnHeader(txn: Txn, identity: ProposalIdentity): Uint8Array {
  return gen.kv.Command.encode({
    origin: identity.origin,
    sequence: identity.sequence,
    acknowledgedBelow: identity.acknowledgedBelow,
    conditions: txn.conditions.map(encodeCondition),
    mutations: txn.mutations.map(encodeMutation),
  }).finish();
}

/** Fills the fixed header of an entry. The commit timestamp stays zero until the leader stamps the entry. */
export function writeFixedHeader(target: Uint8Array, kind: number, payloadBytes: number): void {
  const view = new DataView(target.buffer, target.byteOffset, COMMAND_HEADER_BYTES);
  view.setUint8(0, COMMAND_VERSION);
  view.setUint8(1, kind);
  view.setUint16(2, 0);
  view.setBigUint64(4, 0n);
  view.setUint32(12, payloadBytes);
}

/** Stamps the commit timestamp in place. Only the leader calls it, and only before the entry is in its log. */
export function stampCommitTs(data: Uint8Array, commitTs: Timestamp): void {
  new DataView(data.buffer, data.byteOffset, COMMAND_HEADER_BYTES).setBigUint64(4, commitTs);
}

export function readCommitTs(data: Uint8Array): Timestamp {
  return new DataView(data.buffer, data.byteOffset, COMMAND_HEADER_BYTES).getBigUint64(4);
}

/** Writes an entry into `target`, which has exactly the size of the entry. */
export function writeTxn(
  target: Uint8Array,
  payloads: readonly Uint8Array[],
  payloadBytes: number,
  header: Uint8Array,
): void {
  writeFixedHeader(target, CommandKind.Txn, payloadBytes);
  let offset = COMMAND_HEADER_BYTES;
  for (const view of payloads) {
    target.set(view, offset);
    offset += view.byteLength;
  }
  target.set(header, offset);
}

export function encodeCeiling(ceilingMs: number): Uint8Array {
  const data = new Uint8Array(COMMAND_HEADER_BYTES + 8);
  writeFixedHeader(data, CommandKind.HlcCeiling, 0);
  new DataView(data.buffer).setBigUint64(COMMAND_HEADER_BYTES, BigInt(ceilingMs));
  return data;
}

/**
 * Decodes one entry. Keys, values and payloads are views into `data`.
 * @throws CommandError naming the fault: an unreadable entry must stop the state machine, because a replica that
 * skips the entry would diverge
 */
export function decodeCommand(data: Uint8Array): DecodedCommand {
  if (data.byteLength < COMMAND_HEADER_BYTES) {
    throw new CommandError(`command of ${data.byteLength} bytes is shorter than its fixed header`);
  }
  const fixed = new DataView(data.buffer, data.byteOffset, COMMAND_HEADER_BYTES);
  const version = fixed.getUint8(0);
  if (version !== COMMAND_VERSION) {
    throw new CommandError(`command format version ${version}, this binary reads ${COMMAND_VERSION}`);
  }
  const kind = fixed.getUint8(1);
  const commitTs = fixed.getBigUint64(4);
  const payloadBytes = fixed.getUint32(12);
  const headerStart = COMMAND_HEADER_BYTES + payloadBytes;
  if (headerStart > data.byteLength) {
    throw new CommandError(`command payload of ${payloadBytes} bytes does not fit into ${data.byteLength}`);
  }
  const rest = data.subarray(headerStart);
  switch (kind) {
    case CommandKind.HlcCeiling:
      return { kind: "hlc-ceiling", commitTs, ceilingMs: Number(decodeTs(rest)) };
    case CommandKind.Txn:
      return decodeTxn(rest, data.subarray(COMMAND_HEADER_BYTES, headerStart), commitTs);
    default:
      throw new CommandError(`command of unknown kind ${kind}`);
  }
}

function decodeTxn(header: Uint8Array, payloadArea: Uint8Array, commitTs: Timestamp): TxnCommand {
  const command = gen.kv.Command.decode(header);
  const sequence = Number(command.sequence);
  const acknowledgedBelow = Number(command.acknowledgedBelow);
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(acknowledgedBelow)) {
    throw new CommandError(
      `sequence ${command.sequence} or ${command.acknowledgedBelow} is not a safe integer`,
    );
  }
  let offset = 0;
  const mutations: TxnMutation[] = [];
  for (const mutation of command.mutations) {
    let payload: Uint8Array | undefined;
    if (mutation.hasPayload === true) {
      const length = mutation.payloadLength ?? 0;
      payload = payloadArea.subarray(offset, offset + length);
      offset += length;
    }
    mutations.push(decodeMutation(mutation, payload));
  }
  if (offset !== payloadArea.byteLength) {
    throw new CommandError(
      `mutations name ${offset} payload bytes, the command carries ${payloadArea.byteLength}`,
    );
  }
  return {
    kind: "txn",
    commitTs,
    origin: command.origin,
    sequence,
    acknowledgedBelow,
    conditions: command.conditions.map(decodeCondition),
    mutations,
  };
}
