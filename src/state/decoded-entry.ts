/** The meaning of a committed entry for the state machine. Each entry is decoded once and visited once. */
import { decodeMembershipEntry, type MembershipEntry } from "../cluster/registry/membership.ts";
import { type Entry, EntryType } from "../raft/core/types.ts";
import { type DecodedCommand, decodeCommand } from "../txn/command.ts";

export type DecodedEntry =
  | DecodedCommand
  | MembershipEntry
  /** The first entry of a new leader: the entry moves the applied position and changes nothing else. */
  | { readonly kind: "empty" };

const EMPTY: DecodedEntry = { kind: "empty" };

/** @throws CommandError on an unreadable command. Every replica takes an unreadable membership change for empty. */
export function decodeEntry(entry: Entry): DecodedEntry {
  if (entry.type !== EntryType.Normal) return decodeMembershipEntry(entry);
  return entry.data.byteLength === 0 ? EMPTY : decodeCommand(entry.data);
}
