/** What a committed entry says to the state machine: decoded once, then visited once. */
import { decodeMembershipEntry, type MembershipEntry } from "../cluster/registry/membership.ts";
import { type Entry, EntryType } from "../raft/core/types.ts";
import { type DecodedCommand, decodeCommand } from "../txn/command.ts";

export type DecodedEntry =
  | DecodedCommand
  | MembershipEntry
  /** A new leader's first: it moves the applied position and nothing else. */
  | { readonly kind: "empty" };

const EMPTY: DecodedEntry = { kind: "empty" };

/** @throws CommandError on a command that cannot be read; a membership change that cannot be read is empty for everybody */
export function decodeEntry(entry: Entry): DecodedEntry {
  if (entry.type !== EntryType.Normal) return decodeMembershipEntry(entry);
  return entry.data.byteLength === 0 ? EMPTY : decodeCommand(entry.data);
}
