/**
 * Attempt intents: a row `a` says that an attempt has written chunk rows which no manifest names yet. Its disposal
 * names those chunks, so deleting the row is all it takes to have them cleaned up. The transaction that makes the
 * object current deletes it too, keeping the content.
 *
 * What a crash leaves behind goes in two ways: at start, intents of this node's earlier incarnations (nobody can be working
 * on them); at any time, those that have not been renewed for the inactivity TTL, whoever wrote them.
 */

import type { Clock } from "../../platform/clock.ts";
import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import type { ScanItem } from "../../store/types.ts";
import type { Condition, KvGroup } from "../../txn/types.ts";
import { type AttemptRecord, decodeAttempt } from "../records/attempt.ts";
import { ATTEMPTS_PREFIX } from "../records/keys.ts";

const SCAN_PAGE = 256;

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
      start = keyAfter(last.key);
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
