import {
  type BasicStatus,
  type Entry,
  type Message,
  MessageType,
  type Ready,
  StateType,
} from "../../../src/raft/core/index.ts";
import type { MemoryStorage } from "../../support/raft/memory-storage.ts";

/** A safety property of Raft does not hold. */
export class SafetyViolation extends Error {
  override readonly name = "SafetyViolation";
}

function broken(property: string, details: Readonly<Record<string, unknown>>): never {
  throw new SafetyViolation(`${property}: ${JSON.stringify(details)}`);
}

/** What a node has said that its log is: what it has stored, and what it has asked to be stored. */
class ShadowLog {
  baseIndex = 0;
  baseTerm = 0;
  entries: Entry[] = [];

  get lastIndex(): number {
    return this.baseIndex + this.entries.length;
  }

  /** undefined: compacted, or not there. */
  term(index: number): number | undefined {
    return index === this.baseIndex ? this.baseTerm : this.entries[index - this.baseIndex - 1]?.term;
  }

  append(entries: readonly Entry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    if (first.index > this.lastIndex + 1) broken("no hole in the log", { first, lastIndex: this.lastIndex });
    this.entries.length = Math.max(0, first.index - this.baseIndex - 1);
    this.entries.push(...entries);
  }

  restore(index: number, term: number): void {
    this.baseIndex = index;
    this.baseTerm = term;
    this.entries = [];
  }
}

interface Observed {
  term: number;
  commit: number;
  /** Index of the last committed entry that was handed out. */
  handedOut: number;
  readonly log: ShadowLog;
}

interface Committed {
  readonly term: number;
  /** A term in which it was committed already: later leaders must have it. */
  readonly byTerm: number;
  readonly data: Uint8Array;
}

/**
 * Watches every decision of every node and checks the safety properties of the Raft paper (figure 3), and those on
 * which they rest. It sees only what a node gives out, so it also holds the core to what it says.
 */
export class SafetyChecker {
  readonly #nodes = new Map<number, Observed>();
  readonly #leaders = new Map<number, number>();
  readonly #votes = new Map<string, number>();
  readonly #entries = new Map<string, { readonly previousTerm: number; readonly data: Uint8Array }>();
  readonly #committed = new Map<number, Committed>();
  #highestCommitted = 0;
  /** Each time it moved: where to, and the term of the node that was the first to know (its leader). */
  readonly #advances: Pick<BasicStatus, "term" | "commit">[] = [];

  /** The highest index that any node has known to be committed. */
  get highestCommitted(): number {
    return this.#highestCommitted;
  }

  /** The highest index known to have been committed in `term` or before. */
  committedUpToTerm(term: number): number {
    return this.#advances.findLast((advance) => advance.term <= term)?.commit ?? 0;
  }

  /** A node starts, or starts again, with what its storage holds. */
  onStart(id: number, storage: MemoryStorage): void {
    const hardState = storage.hardState();
    const log = new ShadowLog();
    const base = storage.firstIndex() - 1;
    log.restore(base, storage.term(base));
    log.append(storage.entries(base + 1, storage.lastIndex() + 1, Number.POSITIVE_INFINITY));
    const commit = Math.max(hardState?.commit ?? 0, base);
    this.#nodes.set(id, { term: hardState?.term ?? 0, commit, handedOut: base, log });
  }

  /** After anything that a node did. */
  onStatus(status: BasicStatus): void {
    const node = this.#node(status.id);
    if (status.term < node.term) broken("term never goes back", { from: node.term, status });
    if (status.commit < node.commit) broken("commit never goes back", { from: node.commit, status });
    if (status.commit > status.lastIndex) broken("commit lies within the log", { status });
    if (status.applied > status.commit) broken("only committed entries are applied", { status });
    node.term = status.term;
    if (status.commit > this.#highestCommitted) {
      this.#highestCommitted = status.commit;
      this.#advances.push(status);
    }
    if (status.raftState === StateType.Leader) this.#onLeader(status, node);
  }

  #onLeader({ id, term }: BasicStatus, node: Observed): void {
    const known = this.#leaders.get(term);
    if (known === id) return;
    if (known !== undefined) broken("one leader per term", { term, leaders: [known, id] });
    this.#leaders.set(term, id);
    for (const [index, { term: entryTerm, byTerm }] of this.#committed) {
      if (index <= node.log.baseIndex || byTerm >= term) continue;
      const own = node.log.term(index);
      if (own !== entryTerm) broken("leader completeness", { leader: id, term, index, entryTerm, own });
    }
  }

  onReady(id: number, ready: Ready, term: number): void {
    const node = this.#node(id);
    if (ready.snapshot !== null) {
      const { metadata } = ready.snapshot;
      this.#commit(metadata.index, { term: metadata.term, byTerm: term, data: NO_DATA }, id);
      node.log.restore(metadata.index, metadata.term);
      node.handedOut = metadata.index;
    }
    this.#onEntries(node, ready.entries);
    if (ready.hardState !== null) this.#onCommit(id, node, ready.hardState.commit, term);
    for (const entry of ready.committedEntries) {
      if (entry.index !== node.handedOut + 1 && node.handedOut > node.log.baseIndex) {
        broken("entries are applied in order", { id, after: node.handedOut, index: entry.index });
      }
      node.handedOut = entry.index;
      this.#commit(entry.index, { term: entry.term, byTerm: term, data: entry.data }, id);
    }
  }

  #onEntries(node: Observed, entries: readonly Entry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    if (first.index <= node.commit) broken("committed entries never change", { commit: node.commit, first });
    let previousTerm = node.log.term(first.index - 1) ?? 0;
    for (const { index, term, data } of entries) {
      if (term < previousTerm) broken("terms in a log never go back", { index, term, previousTerm });
      const key = `${index}/${term}`;
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, { previousTerm, data });
      else if (known.previousTerm !== previousTerm || !same(known.data, data)) {
        broken("log matching", { index, term, previousTerms: [known.previousTerm, previousTerm] });
      }
      previousTerm = term;
    }
    node.log.append(entries);
  }

  #onCommit(id: number, node: Observed, commit: number, term: number): void {
    for (let index = Math.max(node.commit, node.log.baseIndex) + 1; index <= commit; index++) {
      const entry = node.log.entries[index - node.log.baseIndex - 1];
      if (entry === undefined) broken("what is committed is in the log", { id, index, commit });
      this.#commit(index, { term: entry.term, byTerm: term, data: entry.data }, id);
    }
    node.commit = Math.max(node.commit, commit);
  }

  #commit(index: number, entry: Committed, by: number): void {
    const known = this.#committed.get(index);
    if (known === undefined) this.#committed.set(index, entry);
    else if (known.term !== entry.term) {
      broken("state machine safety", { index, by, terms: [known.term, entry.term] });
    }
  }

  /**
   * A message leaves a node. What it promises must be on the node's disk: a vote, or the entries it acknowledges, unless
   * a later term has made the promise void.
   */
  onSent(message: Message, storage: MemoryStorage): void {
    if (message.reject || message.type === MessageType.StorageAppend) return;
    const stored = storage.hardState() ?? { term: 0, vote: 0, commit: 0 };
    if (message.type === MessageType.VoteResp) {
      this.#vote(message.from, message.term, message.to);
      const kept = stored.term > message.term || (stored.term === message.term && stored.vote === message.to);
      if (!kept) broken("a vote is durable before it is sent", { message, stored });
    }
    if (message.type === MessageType.AppResp && message.term >= stored.term) {
      if (message.index > storage.lastIndex()) {
        broken("entries are durable before they are acknowledged", {
          message,
          lastIndex: storage.lastIndex(),
        });
      }
    }
  }

  #vote(voter: number, term: number, candidate: number): void {
    if (candidate === 0) return;
    const key = `${voter}/${term}`;
    const known = this.#votes.get(key);
    if (known === undefined) this.#votes.set(key, candidate);
    else if (known !== candidate) {
      broken("votes are never forgotten", { voter, term, candidates: [known, candidate] });
    }
  }

  #node(id: number): Observed {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`node ${id} was never started`);
    return node;
  }
}

const NO_DATA = new Uint8Array(0);

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
