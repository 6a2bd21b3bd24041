/**
 * Encodes the Raft message of a frame: protobuf without entries. The entries are sent beside the message
 * (proto/peer.proto).
 */
import type { elastickv as peer } from "../gen/peer.js";
import { elastickv as gen } from "../gen/raft.js";
import {
  type ConfState,
  type Entry,
  EntryType,
  type Message,
  type MessageType,
  messageTypeName,
  NO_BYTES,
  newMessage,
  type Snapshot,
} from "../raft/core/index.ts";
import { travels } from "./lanes.ts";
import { PeerProtocolError, UnsendableError } from "./protocol-error.ts";
import { copied, count, counts, decoding } from "./wire-numbers.ts";

/** @throws UnsendableError for a type that never leaves its node */
export function encodeRaftMessage(message: Message): Uint8Array {
  if (!travels(message.type))
    throw new UnsendableError(`${messageTypeName(message.type)} never leaves its node`);
  const wire: gen.raft.IMessage = {
    type: message.type as number as gen.raft.MessageType,
    to: message.to,
    from: message.from,
    term: message.term,
  };
  if (message.logTerm !== 0) wire.logTerm = message.logTerm;
  if (message.index !== 0) wire.index = message.index;
  if (message.commit !== 0) wire.commit = message.commit;
  if (message.reject) wire.reject = true;
  if (message.rejectHint !== 0) wire.rejectHint = message.rejectHint;
  if (message.context.byteLength > 0) wire.context = message.context;
  if (message.snapshot !== null) wire.snapshot = snapshotToWire(message.snapshot);
  return gen.raft.Message.encode(wire).finish();
}

function snapshotToWire({ data, metadata }: Snapshot): gen.raft.ISnapshot {
  const { index, term, confState } = metadata;
  return {
    data,
    metadata: {
      index,
      term,
      confState: {
        voters: [...confState.voters],
        learners: [...confState.learners],
        votersOutgoing: [...confState.votersOutgoing],
        learnersNext: [...confState.learnersNext],
        autoLeave: confState.autoLeave,
      },
    },
  };
}

export function putEntries(header: peer.peer.IHeader, entries: readonly Entry[]): Uint8Array[] {
  const types: number[] = [];
  const terms: number[] = [];
  const indexes: number[] = [];
  const lengths: number[] = [];
  const parts: Uint8Array[] = [];
  for (const { type, term, index, data } of entries) {
    types.push(type);
    terms.push(term);
    indexes.push(index);
    lengths.push(data.byteLength);
    parts.push(data);
  }
  header.entryTypes = types;
  header.entryTerms = terms;
  header.entryIndexes = indexes;
  header.lengths = lengths;
  return parts;
}

/** @throws PeerProtocolError */
export function decodeRaftMessage(bytes: Uint8Array, entries: readonly Entry[]): Message {
  const wire = decoding("a Raft message", () => gen.raft.Message.decode(bytes));
  const type = wire.type as number as MessageType;
  if (!travels(type))
    throw new PeerProtocolError(`a Raft message of type ${type}, which never leaves its node`);
  if (wire.entries.length > 0) throw new PeerProtocolError("a Raft message with entries in its header");
  const message = newMessage(type, count(wire.to, "to"));
  message.from = count(wire.from, "from");
  message.term = count(wire.term, "term");
  message.logTerm = count(wire.logTerm, "log_term");
  message.index = count(wire.index, "index");
  message.commit = count(wire.commit, "commit");
  message.reject = wire.reject;
  message.rejectHint = count(wire.rejectHint, "reject_hint");
  if (wire.context.byteLength > 0) message.context = copied(wire.context);
  message.entries = entries;
  if (wire.snapshot) message.snapshot = snapshotFromWire(wire.snapshot);
  return message;
}

function snapshotFromWire(wire: gen.raft.ISnapshot): Snapshot {
  const metadata = wire.metadata;
  if (!metadata) throw new PeerProtocolError("a snapshot without metadata");
  return {
    data: wire.data && wire.data.byteLength > 0 ? copied(wire.data) : NO_BYTES,
    metadata: {
      index: count(metadata.index ?? 0, "snapshot index"),
      term: count(metadata.term ?? 0, "snapshot term"),
      confState: confStateFromWire(metadata.confState ?? {}),
    },
  };
}

function confStateFromWire(wire: gen.raft.IConfState): ConfState {
  return {
    voters: counts(wire.voters ?? [], "voter"),
    learners: counts(wire.learners ?? [], "learner"),
    votersOutgoing: counts(wire.votersOutgoing ?? [], "outgoing voter"),
    learnersNext: counts(wire.learnersNext ?? [], "next learner"),
    autoLeave: wire.autoLeave ?? false,
  };
}

const ENTRY_TYPES: ReadonlySet<number> = new Set(Object.values(EntryType));

/** The entries that a header describes, as views of `pieces`. @throws PeerProtocolError */
export function entriesOf(header: peer.peer.Header, pieces: readonly Uint8Array[]): readonly Entry[] {
  const { entryTypes, entryTerms, entryIndexes } = header;
  if (
    entryTypes.length !== pieces.length ||
    entryTerms.length !== pieces.length ||
    entryIndexes.length !== pieces.length
  ) {
    throw new PeerProtocolError(
      `${pieces.length} lengths for ${entryTypes.length} types, ${entryTerms.length} terms, ${entryIndexes.length} indexes`,
    );
  }
  return pieces.map((data, i) => {
    const type = entryTypes[i] ?? 0;
    if (!ENTRY_TYPES.has(type)) throw new PeerProtocolError(`an entry of type ${type}`);
    return {
      type: type as EntryType,
      term: count(entryTerms[i] ?? 0, "an entry's term"),
      index: count(entryIndexes[i] ?? 0, "an entry's index"),
      data,
    };
  });
}
