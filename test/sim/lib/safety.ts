/**
 * Watches what nodes say to each other, to their disks and to their state machines, and holds them to Raft's promises.
 * It sees mail only, never the inside of a room, so it also notices a room that says something else than it does.
 */
import { COMMAND_HEADER_BYTES } from "../../../src/kv/command.ts";
import { type Entry, EntryType, type Message, MessageType } from "../../../src/raft/core/index.ts";
import { hashBytes, Violation } from "./violation.ts";

interface Committed {
  readonly term: number;
  readonly hash: number;
  readonly by: string;
}

/** One life of one node. */
export interface Life {
  readonly name: string;
  /** Of its last applied entry; 0 before the first. */
  applied: number;
  commit: number;
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
  readonly #states = new Map<number, { readonly hash: string; readonly by: string }>();
  #highest = 0;
  #newestTs = 0n;

  /** @param leases those that are valid at the moment of the call */
  constructor(leases: () => readonly Lease[] = () => []) {
    this.#leases = leases;
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
      this.#checkLeases(name, term);
    } else if (known !== name) throw new Violation("one leader per term", { term, leaders: [known, name] });
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
      this.#commit(life.name, entry);
    }
  }

  /** A state machine goes on from a snapshot. */
  restored(life: Life, index: number): void {
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
  state(name: string, index: number, hash: string): void {
    const known = this.#states.get(index);
    if (known === undefined) this.#states.set(index, { hash, by: name });
    else if (known.hash !== hash) {
      throw new Violation("the same index gives the same state", {
        index,
        [known.by]: known.hash,
        [name]: hash,
      });
    }
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

  #commit(by: string, entry: Entry): void {
    const { index, term } = entry;
    const hash = hashBytes(entry.data, entry.type + 1);
    const known = this.#committed.get(index);
    if (known !== undefined) {
      if (known.term !== term || known.hash !== hash) {
        throw new Violation("committed entries never change", { index, known, now: { term, hash, by } });
      }
      return;
    }
    this.#committed.set(index, { term, hash, by });
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
