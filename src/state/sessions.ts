/**
 * At-most-once application: the answers that an origin (one boot of one node) may still ask for again.
 *
 * An origin numbers its proposals 1, 2, 3 ... Each proposal carries a number below which the origin has every
 * answer. The state machine remembers the other answers. When a proposal arrives again (a retry after a lost reply,
 * also through another leader), the state machine finds the answer here and does not apply the proposal a second
 * time. (Ongaro's thesis, section 6.3. There is one row per origin, not one per proposal, because every apply batch
 * writes the row again.)
 */

import { elastickv as gen } from "../gen/kv.js";
import { hexOf } from "../platform/bytes.ts";
import type { RaftBatch, Timestamp } from "../store/types.ts";
import { timestampFromMs } from "../txn/hlc.ts";
import type { TxnOutcome } from "../txn/types.ts";

const ANSWER_BYTES = 20;
/** A session that has not been used for this long (in commit time) is forgotten. @internal */
export const SESSION_SILENCE_MS = 24 * 60 * 60 * 1000;
/**
 * Commit time can jump this far between two commands only when nobody wrote, or when another leader's clock is
 * wrong. With a wrong clock no session is old, and proposals of the last leader may arrive again: a replica that had
 * forgotten their sessions would apply them twice. So the silence of every session is counted from the jump.
 * @internal
 */
export const SESSION_LEAP_MS = 60 * 60 * 1000;
/** Name of the list of origins in the FSM state. */
export const SESSION_INDEX_STATE = "sessions";

/** The answers of one origin. */
class Session {
  acknowledgedBelow = 1;
  lastCommitTs: Timestamp = 0n;
  readonly answers = new Map<number, TxnOutcome>();
  dirty = false;

  static decode(bytes: Uint8Array): Session {
    const stored = gen.kv.Session.decode(bytes);
    const session = new Session();
    session.acknowledgedBelow = Number(stored.acknowledgedBelow);
    const ts = stored.lastCommitTs;
    session.lastCommitTs = new DataView(ts.buffer, ts.byteOffset, 8).getBigUint64(0);
    const packed = stored.answers;
    const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
    for (let offset = 0; offset < packed.byteLength; offset += ANSWER_BYTES) {
      const failedPlusOne = view.getUint32(offset + 16);
      session.answers.set(
        Number(view.getBigUint64(offset)),
        failedPlusOne === 0
          ? { ok: true, commitTs: view.getBigUint64(offset + 8) }
          : { ok: false, failed: failedPlusOne - 1 },
      );
    }
    return session;
  }

  encode(): Uint8Array {
    const packed = new Uint8Array(this.answers.size * ANSWER_BYTES);
    const view = new DataView(packed.buffer);
    let offset = 0;
    // The order is ascending and independent of the Map, so that every replica writes the same bytes.
    for (const sequence of [...this.answers.keys()].sort((a, b) => a - b)) {
      const answer = this.answers.get(sequence);
      if (answer === undefined) continue;
      view.setBigUint64(offset, BigInt(sequence));
      view.setBigUint64(offset + 8, answer.ok ? answer.commitTs : 0n);
      view.setUint32(offset + 16, answer.ok ? 0 : answer.failed + 1);
      offset += ANSWER_BYTES;
    }
    const ts = new Uint8Array(8);
    new DataView(ts.buffer).setBigUint64(0, this.lastCommitTs);
    return gen.kv.Session.encode({
      acknowledgedBelow: this.acknowledgedBelow,
      answers: packed,
      lastCommitTs: ts,
    }).finish();
  }

  acknowledge(below: number): void {
    if (below <= this.acknowledgedBelow) return;
    for (const sequence of this.answers.keys()) if (sequence < below) this.answers.delete(sequence);
    this.acknowledgedBelow = below;
  }
}

export type Recall =
  | { readonly kind: "new" }
  /** The proposal was applied before; `outcome` is its answer. */
  | { readonly kind: "answered"; readonly outcome: TxnOutcome }
  /** The proposal was applied and acknowledged before: no caller waits for its answer. */
  | { readonly kind: "stale" };

/** All sessions, cached in memory over the store's replicated FSM state. */
export class Sessions {
  #sessions: Map<string, Session> | undefined;
  #indexDirty = false;

  /** Forgets the cache, after a rollback of an apply batch or after a snapshot replaced the store. */
  reset(): void {
    this.#sessions = undefined;
    this.#indexDirty = false;
  }

  recall(batch: RaftBatch, origin: Uint8Array, sequence: number): Recall {
    const session = this.#load(batch).get(hexOf(origin));
    if (session === undefined) return { kind: "new" };
    if (sequence < session.acknowledgedBelow) return { kind: "stale" };
    const outcome = session.answers.get(sequence);
    return outcome === undefined ? { kind: "new" } : { kind: "answered", outcome };
  }

  record(
    batch: RaftBatch,
    command: { readonly origin: Uint8Array; readonly sequence: number; readonly acknowledgedBelow: number },
    commitTs: Timestamp,
    outcome: TxnOutcome,
  ): void {
    const sessions = this.#load(batch);
    const name = hexOf(command.origin);
    let session = sessions.get(name);
    if (session === undefined) {
      session = new Session();
      sessions.set(name, session);
      this.#indexDirty = true;
    }
    session.acknowledge(command.acknowledgedBelow);
    session.answers.set(command.sequence, outcome);
    session.lastCommitTs = commitTs;
    session.dirty = true;
  }

  /**
   * Forgets sessions that were silent for `SESSION_SILENCE_MS` before `commitTs`: every replica forgets the same
   * ones.
   * @param previousTs the commit timestamp of the command before
   */
  expire(batch: RaftBatch, commitTs: Timestamp, previousTs: Timestamp): void {
    const silence = timestampFromMs(SESSION_SILENCE_MS);
    const leap = commitTs - previousTs > timestampFromMs(SESSION_LEAP_MS);
    const sessions = this.#load(batch);
    for (const [name, session] of sessions) {
      if (leap) {
        session.lastCommitTs = commitTs;
        session.dirty = true;
        continue;
      }
      if (session.lastCommitTs + silence >= commitTs) continue;
      sessions.delete(name);
      batch.putState(`session/${name}`, undefined);
      this.#indexDirty = true;
    }
  }

  /** Writes the changed sessions; called once at the end of an apply batch. */
  save(batch: RaftBatch): void {
    const sessions = this.#load(batch);
    for (const [name, session] of sessions) {
      if (!session.dirty) continue;
      session.dirty = false;
      batch.putState(`session/${name}`, session.encode());
    }
    if (!this.#indexDirty) return;
    this.#indexDirty = false;
    const origins = [...sessions.keys()].sort().map((name) => Uint8Array.from(Buffer.from(name, "hex")));
    batch.putState(SESSION_INDEX_STATE, gen.kv.SessionIndex.encode({ origins }).finish());
  }

  #load(batch: RaftBatch): Map<string, Session> {
    if (this.#sessions !== undefined) return this.#sessions;
    const sessions = new Map<string, Session>();
    const index = batch.getState(SESSION_INDEX_STATE);
    for (const origin of index === undefined ? [] : gen.kv.SessionIndex.decode(index).origins) {
      const stored = batch.getState(`session/${hexOf(origin)}`);
      if (stored !== undefined) sessions.set(hexOf(origin), Session.decode(stored));
    }
    this.#sessions = sessions;
    return sessions;
  }
}
