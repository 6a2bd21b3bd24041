/**
 * Pending writes: a row `a` says that a write has stored content that no manifest or part names yet. The garbage
 * record of the row names the content, so deleting the row is enough to collect the content. The transaction that
 * makes the content current also deletes the row, and keeps the content. The sweeper (gc/pending-write-sweeper.ts)
 * deletes the rows that a crash leaves behind.
 */
import type { Clock } from "../../platform/clock.ts";
import { encodeGarbage, type GarbageItem } from "../../txn/garbage.ts";
import type { KvGroup, TxnMutation } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";
import type { Guard } from "../records/guarded.ts";
import { pendingWriteKey } from "../records/keys.ts";
import { encodePendingWrite, type PendingWriteRecord } from "../records/pending-write.ts";
import type { ContentTarget } from "./types.ts";

/**
 * A write renews its row together with a batch when the row is older than this time, which is far below any sensible
 * TTL.
 */
const RENEW_MS = 10 * 60 * 1000;
/** Bytes of the id of a write: random, so that ids of all nodes and starts are different. */
export const WRITE_ID_BYTES = 16;

/**
 * Writes or renews the row: replacing the write's own older row must not make the content garbage.
 * @internal
 */
export function putPendingWrite(
  id: Uint8Array,
  record: PendingWriteRecord,
  content: GarbageItem,
): TxnMutation {
  return {
    kind: "put",
    key: pendingWriteKey(id),
    value: encodePendingWrite(record),
    garbage: encodeGarbage([content]),
    keepContent: true,
  };
}

/** Ends the pending write: an object or a part names the content. */
function endPendingWrite(id: Uint8Array): TxnMutation {
  return { kind: "delete", key: pendingWriteKey(id), keepContent: true };
}

/** The write failed: its content becomes garbage, unless the write has ended or was swept already. */
export async function abandonPendingWrite(group: KvGroup, id: Uint8Array): Promise<void> {
  const key = pendingWriteKey(id);
  await group.transact({ conditions: [{ kind: "must-exist", key }], mutations: [{ kind: "delete", key }] });
}

/** The row of one write, from its first transaction to the last. */
export class PendingWrite {
  readonly #writer: Pick<PendingWriteRecord, "origin" | "node"> & { readonly clock: Clock };
  readonly #id: Uint8Array;
  readonly #target: Pick<ContentTarget, "ref" | "key">;
  readonly #content: GarbageItem;
  #began = false;
  #startedMs = 0;
  #seenMs = 0;
  /** Time of the row that the next transaction writes; undefined: it writes none. */
  #renewedMs: number | undefined;

  constructor(
    writer: Pick<PendingWriteRecord, "origin" | "node"> & { readonly clock: Clock },
    id: Uint8Array,
    target: Pick<ContentTarget, "ref" | "key">,
    content: GarbageItem,
  ) {
    this.#writer = writer;
    this.#id = id;
    this.#target = target;
    this.#content = content;
  }

  /** A transaction that writes the row was sent. */
  get began(): boolean {
    return this.#began;
  }

  /** Writes the row in the first transaction, and again when the row is old; otherwise empty. Then call `sent`. */
  renewal(): readonly TxnMutation[] {
    const now = this.#writer.clock.nowMs();
    const isDue = !this.#began || now >= this.#seenMs + RENEW_MS;
    this.#renewedMs = isDue ? now : undefined;
    if (!isDue) return [];
    const { origin, node } = this.#writer;
    const { ref, key } = this.#target;
    const startedMs = this.#began ? this.#startedMs : now;
    const record = { origin, node, startedMs, seenMs: now, bucket: ref.bucket, key };
    return [putPendingWrite(this.#id, record, this.#content)];
  }

  /** A transaction with `renewal` is sent. */
  sent(): void {
    const renewedMs = this.#renewedMs;
    if (renewedMs === undefined) return;
    if (!this.#began) this.#startedMs = renewedMs;
    this.#seenMs = renewedMs;
    this.#began = true;
  }

  /** Of every transaction after the first one. */
  guard(): Guard {
    return {
      condition: { kind: "must-exist", key: pendingWriteKey(this.#id) },
      // The sweeper deleted the row for inactivity, or the bucket was emptied: the client may send the whole body
      // again.
      onFail: () =>
        new S3Error("ServiceUnavailable", {
          message: "The upload was inactive for too long. Please try again.",
          close: true,
        }),
    };
  }

  /** Of the transaction that makes the content current. */
  end(): readonly TxnMutation[] {
    return this.#began ? [endPendingWrite(this.#id)] : [];
  }
}
