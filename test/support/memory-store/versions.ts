/** Version chains, FSM state and the compaction list of the in-memory store, with an undo log for roll-back. */
import { prefixEnd } from "../../../src/store/key-encoding.ts";
import { historyCompacted } from "../../../src/store/positions.ts";
import { checkCommitTs } from "../../../src/store/timestamp.ts";
import { BLIND, type Mutation, StoreError, type Timestamp } from "../../../src/store/types.ts";
import { rowDigest, stateDigest } from "./row-digest.ts";
import { SortedMap } from "./sorted-keys.ts";

export interface MemoryVersion {
  readonly commitTs: Timestamp;
  /** undefined = tombstone */
  readonly value: Uint8Array | undefined;
  readonly payload: Uint8Array | undefined;
  readonly garbage: Uint8Array | undefined;
}

/** Newest first; never changed in place, so that an undo is putting the old array back. */
type Chain = readonly MemoryVersion[];

/** One byte per UTF-16 unit: strings then compare as the bytes do. */
function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

function keyOf(name: string): Uint8Array {
  return new Uint8Array(Buffer.from(name, "latin1"));
}

const TS_DIGITS = 19;

/** Sorts by time, then key, then version: the order in which compaction works. */
function garbageName(since: Timestamp, name: string, commitTs: Timestamp): string {
  return `${String(since).padStart(TS_DIGITS, "0")}${name}\0${String(commitTs).padStart(TS_DIGITS, "0")}`;
}

export class VersionTable {
  readonly #chains = new SortedMap<Chain>();
  readonly #garbage = new SortedMap<{ readonly name: string; readonly commitTs: Timestamp }>();
  readonly #state = new Map<string, Uint8Array>();
  #horizon: Timestamp = 0n;
  #undo: (() => void)[] = [];
  #rows = 0;
  #states = 0;

  /** Of the live rows (row-digest.ts). */
  get rowDigest(): number {
    return this.#rows;
  }

  /** Of everything replicated. */
  get digest(): number {
    return (this.#rows + this.#states) | 0;
  }

  get horizon(): Timestamp {
    return this.#horizon;
  }

  begin(): void {
    this.#undo = [];
  }

  /** What would undo the transaction, the last change first. */
  commit(): readonly (() => void)[] {
    const undo = this.#undo.reverse();
    this.#undo = [];
    return undo;
  }

  rollback(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }

  chain(key: Uint8Array): Chain | undefined {
    return this.#chains.get(nameOf(key));
  }

  *range(
    start: Uint8Array,
    end: Uint8Array | undefined,
    reverse: boolean,
  ): Generator<readonly [Uint8Array, Chain]> {
    const names = this.#chains.range(nameOf(start), end === undefined ? undefined : nameOf(end), reverse);
    for (const [name, chain] of names) yield [keyOf(name), chain];
  }

  /** Every key with its versions, newest first, as they are now: later changes do not show. */
  allChains(): (readonly [Uint8Array, Chain])[] {
    return [...this.range(new Uint8Array(0), undefined, false)];
  }

  /** FSM state as it is now, in order of name. */
  allStates(): (readonly [string, Uint8Array])[] {
    return [...this.#state].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** Puts a version behind the older ones of its key: how a table is filled that nobody uses yet. */
  append(key: Uint8Array, version: MemoryVersion): void {
    const name = nameOf(key);
    const chain = this.#chains.get(name) ?? [];
    const next = chain.at(-1);
    if (chain.length === 0) this.#rows = (this.#rows + rowDigest(name, version)) | 0;
    this.#chains.set(name, [...chain, version]);
    if (version.value === undefined) this.#addGarbage(version.commitTs, name, version.commitTs);
    else if (next !== undefined) this.#addGarbage(next.commitTs, name, version.commitTs);
    this.#undo = [];
  }

  /** Of a table that nobody uses yet. */
  startAt(horizon: Timestamp): void {
    this.#horizon = horizon;
  }

  anyHead(prefix: Uint8Array, test: (head: MemoryVersion) => boolean): boolean {
    for (const [, chain] of this.range(prefix, prefixEnd(prefix), false)) {
      const head = chain[0];
      if (head !== undefined && test(head)) return true;
    }
    return false;
  }

  checkReadable(ts: Timestamp): void {
    if (ts < this.#horizon) throw historyCompacted(ts, this.#horizon);
  }

  applyMutations(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void {
    checkCommitTs(commitTs);
    this.checkReadable(commitTs);
    if (startTs !== BLIND) this.#refuseConflicts(mutations, startTs, commitTs);
    for (const mutation of mutations) {
      const name = nameOf(mutation.key);
      if (mutation.kind === "delete") this.#writeTombstone(name, commitTs);
      else {
        const payload = mutation.payload === undefined ? undefined : new Uint8Array(mutation.payload);
        const garbage = mutation.garbage === undefined ? undefined : new Uint8Array(mutation.garbage);
        this.#write(name, { commitTs, value: new Uint8Array(mutation.value), payload, garbage });
      }
    }
  }

  #refuseConflicts(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void {
    this.checkReadable(startTs);
    for (const { key } of mutations) {
      const newest = this.chain(key)?.[0]?.commitTs;
      if (newest !== undefined && newest > startTs && newest !== commitTs) {
        throw new StoreError("WRITE_CONFLICT", `a key has a version at ${newest}, newer than ${startTs}`);
      }
    }
  }

  deletePrefix(prefix: Uint8Array, commitTs: Timestamp): number {
    checkCommitTs(commitTs);
    this.checkReadable(commitTs);
    const live: string[] = [];
    const end = prefixEnd(prefix);
    for (const [name, chain] of this.#chains.range(nameOf(prefix), end && nameOf(end))) {
      const head = chain[0];
      if (head === undefined) continue;
      if (head.commitTs > commitTs) {
        throw new StoreError(
          "WRITE_CONFLICT",
          `a key has a version at ${head.commitTs}, newer than ${commitTs}`,
        );
      }
      if (head.value !== undefined) live.push(name);
    }
    for (const name of live) this.#writeTombstone(name, commitTs);
    return live.length;
  }

  compact(horizon: Timestamp, maxRows: number): number {
    this.#raiseHorizon(horizon);
    const due = garbageName(this.#horizon + 1n, "", 0n).slice(0, TS_DIGITS);
    let removed = 0;
    const done: string[] = [];
    for (const [entry, { name, commitTs }] of this.#garbage.range("", due)) {
      if (removed === maxRows) break;
      if (this.#drop(name, commitTs)) removed++;
      done.push(entry);
    }
    for (const entry of done) this.#setGarbage(entry, undefined);
    return removed;
  }

  getState(name: string): Uint8Array | undefined {
    return this.#state.get(name);
  }

  putState(name: string, value: Uint8Array | undefined): void {
    const before = this.#state.get(name);
    this.#undo.push(() => this.#setState(name, before));
    this.#setState(name, value);
  }

  #setState(name: string, value: Uint8Array | undefined): void {
    this.#states = (this.#states + stateDigest(name, value) - stateDigest(name, this.#state.get(name))) | 0;
    if (value === undefined) this.#state.delete(name);
    else this.#state.set(name, value);
  }

  #raiseHorizon(horizon: Timestamp): void {
    const before = this.#horizon;
    if (horizon <= before) return;
    this.#undo.push(() => {
      this.#horizon = before;
    });
    this.#horizon = horizon;
  }

  #drop(name: string, commitTs: Timestamp): boolean {
    const chain = this.#chains.get(name) ?? [];
    const at = chain.findIndex((version) => version.commitTs === commitTs);
    const version = chain[at];
    if (version === undefined) return false;
    const endTs = chain[at - 1]?.commitTs ?? BLIND;
    if (endTs > this.#horizon && (version.value !== undefined || commitTs > this.#horizon)) return false;
    this.#setChain(name, chain.toSpliced(at, 1));
    return true;
  }

  #writeTombstone(name: string, commitTs: Timestamp): void {
    this.#write(name, { commitTs, value: undefined, payload: undefined, garbage: undefined });
    this.#addGarbage(commitTs, name, commitTs);
  }

  #write(name: string, version: MemoryVersion): void {
    const { commitTs } = version;
    const chain = this.#chains.get(name) ?? [];
    const older = chain.findIndex((other) => other.commitTs <= commitTs);
    const at = older === -1 ? chain.length : older;
    const same = chain[at]?.commitTs === commitTs;
    const before = chain[at];
    if (!same && before?.value !== undefined) this.#addGarbage(commitTs, name, before.commitTs);
    const next = chain[at - 1];
    if (next !== undefined) this.#addGarbage(next.commitTs, name, commitTs);
    this.#setChain(name, chain.toSpliced(at, same ? 1 : 0, version));
  }

  #setChain(name: string, chain: Chain): void {
    const before = this.#chains.get(name);
    const put = (value: Chain | undefined): void => {
      const [head, old] = [value?.[0], this.#chains.get(name)?.[0]];
      if (head !== old) this.#rows = (this.#rows + rowDigest(name, head) - rowDigest(name, old)) | 0;
      if (value === undefined || value.length === 0) this.#chains.delete(name);
      else this.#chains.set(name, value);
    };
    this.#undo.push(() => put(before));
    put(chain);
  }

  #addGarbage(since: Timestamp, name: string, commitTs: Timestamp): void {
    this.#setGarbage(garbageName(since, name, commitTs), { name, commitTs });
  }

  #setGarbage(
    entry: string,
    value: { readonly name: string; readonly commitTs: Timestamp } | undefined,
  ): void {
    const before = this.#garbage.get(entry);
    const put = (other: typeof value): void => {
      if (other === undefined) this.#garbage.delete(entry);
      else this.#garbage.set(entry, other);
    };
    this.#undo.push(() => put(before));
    put(value);
  }
}
