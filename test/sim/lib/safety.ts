/**
 * Watches what nodes say to each other, to their disks and to their state machines, and holds them to Raft's promises.
 * It sees messages only, never the inside of a thread, so it also notices a thread that says something else than it does.
 */

import { type Entry, EntryType, type Message, MessageType } from "../../../src/raft/core/index.ts";
import type { AppliedState } from "../../../src/store/types.ts";
import { COMMAND_HEADER_BYTES } from "../../../src/txn/command.ts";
import { type LogImage, type ShadowEntry, same, shadowOf } from "./log-image.ts";
import { Violation } from "./violation.ts";

interface Committed extends ShadowEntry {
  readonly by: string;
  /** It was committed in this term, or before. */
  readonly in: number;
}

/** One entry of one leader, with the term of what comes before it. */
interface Logged extends ShadowEntry {
  readonly previousTerm: number;
  readonly by: string;
}

/** One life of one node. */
export interface Life {
  readonly name: string;
  /** Of its last applied entry; 0 before the first. */
  applied: number;
  commit: number;
  /** Of its consensus thread, as far as it has been written. */
  readonly term: number;
}

interface Digest {
  readonly digest: number;
  readonly by: string;
}

const COMMIT_TS_OFFSET = 4;

/** A node that may answer reads by itself, as far as it knows. */
export interface Lease {
  readonly name: string;
  readonly term: number;
  /** Of its own clock. */
  readonly leftMs: number;
}

export class SafetyMonitor {
  readonly #leases: () => readonly Lease[];
  readonly #leaders = new Map<number, string>();
  readonly #votes = new Map<string, number>();
  readonly #committed = new Map<number, Committed>();
  /** By term and index. */
  readonly #logged = new Map<string, Logged>();
  readonly #states = new Map<number, Digest>();
  readonly #rows = new Map<bigint, Digest>();
  /** Nobody has looked at their logs yet. */
  #elected: { readonly name: string; readonly term: number }[] = [];
  readonly #mix: (value: number) => void;
  #lowest = Number.POSITIVE_INFINITY;
  #highest = 0;
  #newestTs = 0n;

  /**
   * @param leases those that are valid at the moment of the call
   * @param mix is given the content of everything that is applied
   */
  constructor(leases: () => readonly Lease[] = () => [], mix: (value: number) => void = () => {}) {
    this.#leases = leases;
    this.#mix = mix;
  }

  /** Highest index that some node has applied. */
  get highestApplied(): number {
    return this.#highest;
  }

  get leaderTerms(): number {
    return this.#leaders.size;
  }

  /** A Raft message leaves a node. */
  sent(from: string, message: Message): void {
    switch (message.type) {
      case MessageType.App:
      case MessageType.Heartbeat:
      case MessageType.Snap:
      case MessageType.TimeoutNow:
        this.leads(from, message.term);
        return;
      case MessageType.VoteResp:
        if (!message.reject) this.#voted(from, message.term, message.to);
        return;
      default:
        return;
    }
  }

  leads(name: string, term: number): void {
    const known = this.#leaders.get(term);
    if (known === undefined) {
      this.#leaders.set(term, name);
      this.#elected.push({ name, term });
      this.#checkLeases(name, term);
    } else if (known !== name) throw new Violation("one leader per term", { term, leaders: [known, name] });
  }

  /** After a turn of a node that may have been elected in it: its log holds everything that was committed before. */
  checkElection(name: string, log: LogImage): void {
    if (this.#elected.length === 0) return;
    const mine = this.#elected.filter((elected) => elected.name === name);
    this.#elected = this.#elected.filter((elected) => elected.name !== name);
    for (const { term } of mine) {
      for (const [index, committed] of this.#committed) {
        if (committed.in >= term || index <= log.base) continue;
        const held = log.at(index);
        if (held !== undefined && same(held, committed)) continue;
        throw new Violation("a new leader holds everything committed", {
          name,
          term,
          index,
          committed,
          held,
        });
      }
    }
  }

  /** An entry goes into a node's log: entries of one index and term are the same everywhere, and so is all before them. */
  logged(by: string, index: number, entry: ShadowEntry, previousTerm: number): void {
    const key = `${entry.term}/${index}`;
    const known = this.#logged.get(key);
    if (known === undefined) this.#logged.set(key, { ...entry, previousTerm, by });
    else if (!same(known, entry) || known.previousTerm !== previousTerm) {
      throw new Violation("logs with the same entry are the same up to it", {
        index,
        known,
        now: { ...entry, previousTerm, by },
      });
    }
  }

  /** Nobody is elected while somebody else may answer reads without asking. */
  #checkLeases(elected: string, term: number): void {
    for (const lease of this.#leases()) {
      if (lease.name === elected || lease.term >= term) continue;
      throw new Violation("nobody is elected while a lease holds", { elected, term, lease });
    }
  }

  /** Entries are given to a state machine. */
  applied(life: Life, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (life.applied !== 0 && entry.index !== life.applied + 1) {
        throw new Violation("entries are applied in order", {
          node: life.name,
          after: life.applied,
          index: entry.index,
        });
      }
      life.applied = entry.index;
      this.#commit(life, entry);
    }
  }

  /** A state machine goes on from a snapshot. */
  restored(life: Life, { index, term }: Pick<AppliedState, "index" | "term">): void {
    const known = this.#committed.get(index);
    // What the founders began with came by no log.
    if (known === undefined ? index >= this.#lowest : known.term !== term) {
      throw new Violation("a snapshot stands behind a committed entry", {
        node: life.name,
        index,
        term,
        known,
      });
    }
    life.applied = index;
  }

  /** A node knows that everything up to `index` is committed. */
  knowsCommitted(life: Life, index: number): void {
    if (index < life.commit) {
      throw new Violation("commit never goes back", { node: life.name, from: life.commit, to: index });
    }
    life.commit = index;
  }

  /** The whole replicated state behind one index. */
  reached(name: string, { index }: Pick<AppliedState, "index">, digest: number): void {
    this.#mix(digest);
    compare(this.#states, index, { digest, by: name }, "the same index gives the same state");
  }

  /** The rows behind one commit timestamp, also of entries that were applied together with later ones. */
  wrote(name: string, commitTs: bigint, digest: number): void {
    compare(this.#rows, commitTs, { digest, by: name }, "the same entry gives the same rows");
  }

  #voted(voter: string, term: number, candidate: number): void {
    if (candidate === 0) return;
    const key = `${voter}/${term}`;
    const known = this.#votes.get(key);
    if (known === undefined) this.#votes.set(key, candidate);
    else if (known !== candidate) {
      throw new Violation("a vote is never forgotten", { voter, term, candidates: [known, candidate] });
    }
  }

  #commit(life: Life, entry: Entry): void {
    const { index } = entry;
    const { term, hash } = shadowOf(entry);
    this.#mix(hash);
    const known = this.#committed.get(index);
    if (known !== undefined) {
      if (!same(known, { term, hash })) {
        throw new Violation("committed entries never change", {
          index,
          known,
          now: { term, hash, by: life.name },
        });
      }
      return;
    }
    this.#committed.set(index, { term, hash, by: life.name, in: life.term });
    this.#lowest = Math.min(this.#lowest, index);
    if (index !== this.#highest + 1 && this.#highest !== 0) return;
    this.#highest = index;
    this.#checkTimestamp(entry);
  }

  /** Timestamps grow with the log, whoever led and whatever its clock said. */
  #checkTimestamp({ index, type, data }: Entry): void {
    if (type !== EntryType.Normal || data.byteLength < COMMAND_HEADER_BYTES) return;
    const ts = new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(COMMIT_TS_OFFSET);
    if (ts <= this.#newestTs) {
      throw new Violation("commit timestamps grow with the log", { index, ts, newest: this.#newestTs });
    }
    this.#newestTs = ts;
  }
}

function compare<K>(known: Map<K, Digest>, at: K, now: Digest, property: string): void {
  const before = known.get(at);
  if (before === undefined) known.set(at, now);
  else if (before.digest !== now.digest) throw new Violation(property, { at, before, now });
}
