/**
 * Attempt intents: a row `a` says that an attempt has written chunk rows which no manifest names yet. Its disposal
 * names those chunks, so deleting the row is all it takes to have them cleaned up. The transaction that makes the
 * object current deletes it too, keeping the content.
 *
 * What a crash leaves behind goes in two ways: at start, intents of this node's earlier incarnations (nobody can be working
 * on them); at any time, those that have not been renewed for the inactivity TTL, whoever wrote them.
 */

import type { Clock } from "../../platform/clock.ts";
import { prefixEnd } from "../../store/key-encoding.ts";
import type { ScanItem } from "../../store/types.ts";
import type { Condition, KvGroup, TxnMutation } from "../../txn/types.ts";
import { type AttemptRecord, decodeAttempt, encodeAttempt, encodeDisposal } from "../records/attempt.ts";
import { ATTEMPTS_PREFIX, attemptKey } from "../records/keys.ts";

/** An attempt renews its intent with a batch when it is older than this; far below any sensible TTL. */
export const ATTEMPT_RENEW_MS = 10 * 60 * 1000;
const SCAN_PAGE = 256;
/** Bytes of an attempt id: random, so that ids of all nodes and boots are different. */
export const ATTEMPT_ID_BYTES = 16;

/** Writes or renews an intent: superseding one's own older row must not dispose of the content. */
export function putIntent(id: Uint8Array, record: AttemptRecord, chunksPrefix: Uint8Array): TxnMutation {
  return {
    kind: "put",
    key: attemptKey(id),
    value: encodeAttempt(record),
    disposal: encodeDisposal([chunksPrefix]),
    keepContent: true,
  };
}

/** The attempt became an object or a part. */
export function fulfilIntent(id: Uint8Array): TxnMutation {
  return { kind: "delete", key: attemptKey(id), keepContent: true };
}

/** The attempt failed: its chunks become garbage, unless it was fulfilled or swept already. */
export async function abandonIntent(group: KvGroup, id: Uint8Array): Promise<void> {
  const key = attemptKey(id);
  await group.transact({ conditions: [{ kind: "must-exist", key }], mutations: [{ kind: "delete", key }] });
}

export interface AttemptSweeperOptions {
  readonly group: KvGroup;
  readonly clock: Clock;
  readonly node: string;
  readonly origin: Uint8Array;
  readonly ttlMs: number;
}

export class AttemptSweeper {
  readonly #options: AttemptSweeperOptions;

  constructor(options: AttemptSweeperOptions) {
    this.#options = options;
  }

  /** Once at start, before or after serving begins. Returns the intents removed. @throws KvError */
  sweepEarlierBoots(): Promise<number> {
    const { node, origin } = this.#options;
    return this.#sweep((attempt) => attempt.node === node && Buffer.compare(attempt.origin, origin) !== 0);
  }

  /** Every so often. Returns the intents removed. @throws KvError */
  sweepInactive(): Promise<number> {
    const { clock, ttlMs } = this.#options;
    return this.#sweep((attempt) => attempt.seenMs + ttlMs <= clock.nowMs());
  }

  async #sweep(stale: (attempt: AttemptRecord) => boolean): Promise<number> {
    const view = await this.#options.group.snapshot();
    const end = prefixEnd(ATTEMPTS_PREFIX);
    let start = ATTEMPTS_PREFIX;
    let removed = 0;
    for (;;) {
      const page = await view.scan(start, end, { limit: SCAN_PAGE });
      for (const row of page) {
        if (stale(decodeAttempt(row.value)) && (await this.#remove(row))) removed++;
      }
      const last = page[page.length - 1];
      if (last === undefined || page.length < SCAN_PAGE) return removed;
      start = successor(last.key);
    }
  }

  /** On condition that it was not renewed or fulfilled since it was read. */
  async #remove(row: ScanItem): Promise<boolean> {
    const unchanged: Condition = { kind: "version-equals", key: row.key, commitTs: row.commitTs };
    const outcome = await this.#options.group.transact({
      conditions: [unchanged],
      mutations: [{ kind: "delete", key: row.key }],
    });
    return outcome.ok;
  }
}

/** The lowest key above `key`. */
export function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.byteLength + 1);
  next.set(key);
  return next;
}
