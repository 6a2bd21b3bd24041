import type { AckedIndexes } from "./quorum/index.ts";
import type { Message } from "./types.ts";

/** A read request that waits for a quorum to confirm that this node is still the leader. */
export interface PendingRead {
  readonly request: Message;
  /** Commit index when the request arrived: what the reader must have applied. */
  readonly index: number;
}

interface Round extends PendingRead {
  readonly number: number;
}

const ROUND_BYTES = 8;

/**
 * The queue of reads that wait for a quorum (Raft thesis, section 6.4). Each request opens a *round* with a number of
 * its own, which travels in the heartbeats' context and comes back in their answers.
 *
 * Answers count cumulatively: whoever answers a round still followed this leader after every earlier round was opened
 * too. So only the highest round that each node has answered is kept, and what a quorum has reached is confirmed, just
 * as entries are committed: heartbeats that were lost or overtaken need not be sent again.
 *
 * Rounds are numbered by the leader and never by the caller's bytes: with the latter, an answer that lingers in the
 * network from an earlier request with the same bytes could confirm leadership at a moment when it was lost long ago.
 * The number also never returns within a term, since it lives as long as the process; across a restart the term does.
 */
export class ReadOnlyQueue implements AckedIndexes {
  readonly #rounds: Round[] = [];
  /** By node: the highest round it has answered. */
  readonly #answered = new Map<number, number>();
  #lastNumber = 0;

  get length(): number {
    return this.#rounds.length;
  }

  /** Opens a round for `request`; the leader's own answer is in it. Returns the heartbeat context. */
  add(request: Message, index: number, self: number): Uint8Array {
    this.#lastNumber++;
    this.#rounds.push({ request, index, number: this.#lastNumber });
    this.#answered.set(self, this.#lastNumber);
    return encodeRound(this.#lastNumber);
  }

  /** Records that `from` answered the round in `context`, if there has been such a round. */
  acknowledge(from: number, context: Uint8Array): void {
    if (context.length !== ROUND_BYTES) return;
    const number = decodeRound(context);
    // One that is yet to come must not be confirmed in advance.
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

  /** The heartbeat context that confirms everything that waits; undefined when nothing does. */
  lastContext(): Uint8Array | undefined {
    const last = this.#rounds.at(-1);
    return last === undefined ? undefined : encodeRound(last.number);
  }

  /** Leadership ended: nobody will confirm what waits. The callers ask again. */
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
