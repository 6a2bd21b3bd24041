import type { AckedIndexes } from "./quorum/index.ts";
import type { Message } from "./types.ts";

/** A read request that waits for a quorum to confirm that this node is still the leader. */
export interface PendingRead {
  readonly request: Message;
  /** Commit index at the arrival of the request: the reader must have applied this index. */
  readonly index: number;
}

interface Round extends PendingRead {
  readonly number: number;
}

const ROUND_BYTES = 8;

/**
 * The queue of reads that wait for a quorum (Raft thesis, section 6.4). Each request opens a *round* with its own
 * number, which is in the context of the heartbeats and of their answers.
 *
 * Answers count cumulatively: a node that answers a round also followed this leader after every earlier round was
 * opened. So the queue keeps only the highest round that each node has answered, and confirms the round that a
 * quorum has reached, in the same way as entries are committed. Lost or overtaken heartbeats need no repetition.
 *
 * The leader numbers the rounds, and does not use the caller's bytes. With the caller's bytes, a late answer to an
 * earlier request with the same bytes could confirm leadership after it was lost. A number never repeats within a
 * term, because the counter lives as long as the process and a restart changes the term.
 */
export class ReadOnlyQueue implements AckedIndexes {
  readonly #rounds: Round[] = [];
  /** The highest round that each node has answered. */
  readonly #answered = new Map<number, number>();
  #lastNumber = 0;

  get length(): number {
    return this.#rounds.length;
  }

  /** Opens a round for `request`; the leader's own answer counts at once. Returns the heartbeat context. */
  add(request: Message, index: number, self: number): Uint8Array {
    this.#lastNumber++;
    this.#rounds.push({ request, index, number: this.#lastNumber });
    this.#answered.set(self, this.#lastNumber);
    return encodeRound(this.#lastNumber);
  }

  /** Records that `from` answered the round in `context`, when there was such a round. */
  acknowledge(from: number, context: Uint8Array): void {
    if (context.length !== ROUND_BYTES) return;
    const number = decodeRound(context);
    // A round that is not opened yet must not be confirmed.
    if (number > this.#lastNumber) return;
    this.#answered.set(from, Math.max(number, this.#answered.get(from) ?? 0));
  }

  /** The highest round that node `id` has answered. */
  ackedIndex(id: number): number | undefined {
    return this.#answered.get(id);
  }

  /** Removes and returns the reads of all rounds up to `number`. */
  confirm(number: number): readonly PendingRead[] {
    let count = 0;
    for (const round of this.#rounds) {
      if (round.number > number) break;
      count++;
    }
    return this.#rounds.splice(0, count);
  }

  /** The heartbeat context that confirms all waiting reads; undefined when no read waits. */
  lastContext(): Uint8Array | undefined {
    const last = this.#rounds.at(-1);
    return last === undefined ? undefined : encodeRound(last.number);
  }

  /** Leadership ended: no node will confirm the waiting reads. The callers ask again. */
  clear(): void {
    this.#rounds.length = 0;
    this.#answered.clear();
  }
}

function encodeRound(number: number): Uint8Array {
  const bytes = new Uint8Array(ROUND_BYTES);
  let rest = number;
  for (let i = ROUND_BYTES - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

function decodeRound(bytes: Uint8Array): number {
  let number = 0;
  for (const byte of bytes) number = number * 256 + byte;
  return number;
}
