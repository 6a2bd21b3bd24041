import type { Message } from "./types.ts";

/** A read request that waits for a quorum to confirm that this node is still the leader. */
export interface PendingRead {
  readonly request: Message;
  /** Commit index when the request arrived: what the reader must have applied. */
  readonly index: number;
}

interface Round extends PendingRead {
  readonly number: number;
  readonly acks: Map<number, boolean>;
}

const ROUND_BYTES = 8;

/**
 * The queue of reads that wait for a quorum (Raft thesis, section 6.4). Each request opens a *round* with a number of
 * its own, which travels in the heartbeats' context and comes back in their answers; a quorum of answers to a round
 * confirms it and every earlier one.
 *
 * Rounds are numbered by the leader and never by the caller's bytes: with the latter, an answer that lingers in the
 * network from an earlier request with the same bytes could confirm leadership at a moment when it was lost long ago.
 * The number also never returns within a term, since it lives as long as the process; across a restart the term does.
 */
export class ReadOnlyQueue {
  readonly #rounds: Round[] = [];
  #lastNumber = 0;

  get length(): number {
    return this.#rounds.length;
  }

  /** Opens a round for `request`; the leader's own acknowledgement is in it. Returns the heartbeat context. */
  add(request: Message, index: number, self: number): Uint8Array {
    this.#lastNumber++;
    this.#rounds.push({ request, index, number: this.#lastNumber, acks: new Map([[self, true]]) });
    return encodeRound(this.#lastNumber);
  }

  /** Records that `from` answered the round in `context`. Its acknowledgements, undefined when it is not open. */
  acknowledge(from: number, context: Uint8Array): ReadonlyMap<number, boolean> | undefined {
    const round = this.#find(context);
    if (round === undefined) return undefined;
    round.acks.set(from, true);
    return round.acks;
  }

  /** Removes and returns the round in `context` and all before it: a later confirmation covers them too. */
  confirm(context: Uint8Array): readonly PendingRead[] {
    const round = this.#find(context);
    return round === undefined ? [] : this.#rounds.splice(0, this.#rounds.indexOf(round) + 1);
  }

  /** The heartbeat context that confirms everything that waits; undefined when nothing does. */
  lastContext(): Uint8Array | undefined {
    const last = this.#rounds.at(-1);
    return last === undefined ? undefined : encodeRound(last.number);
  }

  /** Leadership ended: nobody will confirm what waits. The callers ask again. */
  clear(): void {
    this.#rounds.length = 0;
  }

  #find(context: Uint8Array): Round | undefined {
    if (context.length !== ROUND_BYTES) return undefined;
    const number = decodeRound(context);
    const first = this.#rounds[0];
    // Numbers are consecutive in the queue.
    return first === undefined ? undefined : this.#rounds[number - first.number];
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
