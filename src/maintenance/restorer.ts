/**
 * Restores a backup into an empty cluster. The row `restore` names the backup; it keeps a second backup away, and lets an
 * interrupted restore go on. The rows of the buckets come last, so clients see nothing before everything is there.
 * Every step can be repeated.
 */

import { type BackupRecord, decodePage, PageError, type RowRecord } from "../api/backup-pages.ts";
import { MaintenanceError } from "../api/maintenance.ts";
import { ROOT_USER_KEY } from "../iam/rows.ts";
import { hexOf, sameBytes } from "../platform/bytes.ts";
import { type BlobService, BlobServiceError } from "../s3/content/blobs/types.ts";
import { BUCKETS_PREFIX } from "../s3/records/keys.ts";
import { allowNewRows } from "../s3/records/new-rows.ts";
import { KeyReader } from "../store/key-encoding.ts";
import type { Timestamp } from "../store/types.ts";
import { settingKey } from "../txn/keys.ts";
import { REFERENCES_PER_ENTRY } from "../txn/references.ts";
import type { Condition, KvClient, TxnMutation } from "../txn/types.ts";

export interface RestorerOptions {
  readonly kv: KvClient;
  readonly blobs: BlobService | undefined;
  /** Every member knows versions, locks, and the newer rows and fields. */
  readonly versionsOpen: () => boolean;
  /** Time for which members keep a blob that has no reference yet. */
  readonly pinMs: number;
}

const RESTORE_KEY = settingKey("blobs", "restore");
/** Tags of the rows that a backup contains (src/s3/records/keys.ts). */
const TAGS = ["b", "g", "f", "o", "v", "u", "p", "c"];
const REFERENCE_TAG = "r";
const BUCKET_TAG = "b";

interface Restore {
  readonly id: string;
  /** The rows of the buckets are being written: the cluster is not empty any more. */
  readonly buckets: boolean;
}

export class Restorer {
  readonly #options: RestorerOptions;

  constructor(options: RestorerOptions) {
    this.#options = options;
  }

  /**
   * A backup may hold rows that an older member cannot keep, so the restore waits until there is none.
   * @throws MaintenanceError NOT_EMPTY | OTHER_RESTORE | GATE_CLOSED; KvError
   */
  async begin(id: string): Promise<void> {
    const { system } = this.#options.kv;
    this.#checkGate();
    const view = await system.snapshot();
    const row = await view.get(RESTORE_KEY);
    if (row !== undefined) {
      this.#checkId(decodeRestore(row.value), id);
      return;
    }
    const outcome = await system.transact({
      conditions: [
        { kind: "must-not-exist", key: RESTORE_KEY },
        { kind: "prefix-empty", prefix: BUCKETS_PREFIX },
      ],
      mutations: [
        { kind: "put", key: RESTORE_KEY, value: encodeRestore({ id, buckets: false }) },
        allowNewRows(),
      ],
    });
    if (outcome.ok) return;
    if (outcome.failed === 1) throw notEmpty();
    throw new MaintenanceError("OTHER_RESTORE", "another restore has begun at this moment");
  }

  /** Stores one blob on enough members. @returns until when it stays without a reference. @throws MaintenanceError */
  async blob(id: string, sha256: Uint8Array, bytes: Uint8Array): Promise<number> {
    await this.#current(id);
    const { blobs, pinMs } = this.#options;
    if (blobs === undefined || !blobs.open) {
      throw new MaintenanceError("GATE_CLOSED", "not every member stores blobs yet");
    }
    const found = new Bun.CryptoHasher("sha256").update(bytes).digest();
    if (!sameBytes(found, sha256)) {
      throw new MaintenanceError("DAMAGED", `a blob with another SHA-256 than ${hexOf(sha256)}`);
    }
    const memory = blobs.allocate(bytes.byteLength);
    const pinUntilMs = blobs.nowMs + pinMs;
    try {
      const view = memory.bytes.subarray(0, bytes.byteLength);
      view.set(bytes);
      await blobs.store(sha256, view, pinUntilMs);
    } catch (error) {
      if (!(error instanceof BlobServiceError)) throw error;
      throw new MaintenanceError("UNAVAILABLE", `blob ${hexOf(sha256)}: ${error.message}`, { cause: error });
    } finally {
      memory.release();
    }
    return pinUntilMs;
  }

  /**
   * Writes the rows of one page. @param pinUntilMs of the page's blobs, the earliest
   * @throws MaintenanceError PIN_ENDED: the blobs must be stored again; NOT_EMPTY | OTHER_RESTORE | DAMAGED; KvError
   */
  async page(id: string, bytes: Uint8Array, pinUntilMs: number): Promise<void> {
    const { kv, blobs } = this.#options;
    this.#checkGate();
    let records: BackupRecord[];
    try {
      records = decodePage(bytes);
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      throw new MaintenanceError("DAMAGED", error.message, { cause: error });
    }
    const tags = records.map(tagOf);
    const split = tags.indexOf(BUCKET_TAG);
    const content = split < 0 ? records : records.slice(0, split);
    const source = blobs?.node ?? 0;
    const mutations = content.map((record) => mutationOf(record, source));
    const group = kv.system;
    for (let at = 0; at < mutations.length; ) {
      const { restore, commitTs } = await this.#current(id);
      const conditions = this.#conditions(restore, commitTs);
      const pin: Condition = { kind: "not-after", ms: pinUntilMs };
      let size = 0;
      let taken = 0;
      const batch: TxnMutation[] = [];
      while (at + taken < mutations.length && taken < REFERENCES_PER_ENTRY) {
        const mutation = mutations[at + taken] as TxnMutation;
        size += group.encodedSize({ conditions: [], mutations: [mutation] });
        if (taken > 0 && size > group.maxTxnBytes / 2) break;
        batch.push(mutation);
        taken++;
        // Each of them names up to 64 blobs already.
        if (mutation.kind === "reference") break;
      }
      const refers = batch.some(({ kind }) => kind === "reference");
      const outcome = await group.transact({
        conditions: refers ? [...conditions, pin] : conditions,
        mutations: batch,
      });
      if (!outcome.ok) throw this.#refusal(outcome.failed, conditions.length);
      at += taken;
    }
    if (split >= 0) await this.#buckets(id, records.slice(split));
  }

  /** The restore has ended: clients may begin to write. May be repeated. @throws MaintenanceError; KvError */
  async end(id: string): Promise<void> {
    const { system } = this.#options.kv;
    const view = await system.snapshot();
    const row = await view.get(RESTORE_KEY);
    // An earlier request was carried out, and its answer lost.
    if (row === undefined) return;
    this.#checkId(decodeRestore(row.value), id);
    const outcome = await system.transact({
      conditions: [{ kind: "version-equals", key: RESTORE_KEY, commitTs: row.commitTs }],
      mutations: [{ kind: "delete", key: RESTORE_KEY }],
    });
    if (!outcome.ok) throw this.#refusal(outcome.failed, 1);
  }

  /** The first bucket row and the note that there are some are one transaction. */
  async #buckets(id: string, records: readonly BackupRecord[]): Promise<void> {
    const source = this.#options.blobs?.node ?? 0;
    for (let at = 0; at < records.length; at += REFERENCES_PER_ENTRY) {
      const some = records.slice(at, at + REFERENCES_PER_ENTRY);
      if (some.some((record) => tagOf(record) !== BUCKET_TAG)) throw notThere(some[0] as BackupRecord);
      const { restore, commitTs } = await this.#current(id);
      const conditions = this.#conditions(restore, commitTs);
      const note: TxnMutation = {
        kind: "put",
        key: RESTORE_KEY,
        value: encodeRestore({ id, buckets: true }),
      };
      const mutations = some.map((record) => mutationOf(record, source));
      const outcome = await this.#options.kv.system.transact({ conditions, mutations: [note, ...mutations] });
      if (!outcome.ok) throw this.#refusal(outcome.failed, conditions.length);
    }
  }

  #conditions({ buckets }: Restore, commitTs: Timestamp): readonly Condition[] {
    const same: Condition = { kind: "version-equals", key: RESTORE_KEY, commitTs };
    return buckets ? [same] : [same, { kind: "prefix-empty", prefix: BUCKETS_PREFIX }];
  }

  #refusal(failed: number, conditions: number): MaintenanceError {
    if (failed === 0)
      return new MaintenanceError("UNAVAILABLE", "another request of this restore came first");
    if (failed < conditions) return notEmpty();
    return new MaintenanceError("PIN_ENDED", "the blobs waited too long for their references");
  }

  async #current(id: string): Promise<{ readonly restore: Restore; readonly commitTs: Timestamp }> {
    const view = await this.#options.kv.system.snapshot();
    const row = await view.get(RESTORE_KEY);
    if (row === undefined) throw new MaintenanceError("OTHER_RESTORE", "no restore is under way here");
    const restore = decodeRestore(row.value);
    this.#checkId(restore, id);
    return { restore, commitTs: row.commitTs };
  }

  #checkGate(): void {
    if (this.#options.versionsOpen()) return;
    throw new MaintenanceError(
      "GATE_CLOSED",
      "a member runs an earlier release, or was not reached since this node started: a restore needs every member on this release",
    );
  }

  #checkId(restore: Restore, id: string): void {
    if (restore.id === id) return;
    throw new MaintenanceError(
      "OTHER_RESTORE",
      `backup ${restore.id} is being restored: the same command goes on with it; nothing else can be restored here`,
    );
  }
}

function notEmpty(): MaintenanceError {
  return new MaintenanceError(
    "NOT_EMPTY",
    "the cluster has buckets: a backup is restored into an empty cluster only",
  );
}

function notThere(record: BackupRecord): MaintenanceError {
  const key = record.kind === "row" ? record.key : record.prefix;
  return new MaintenanceError("DAMAGED", `a row that has no place there in a backup: ${hexOf(key)}`);
}

/** The first segment of the record's key. */
function tagOf(record: BackupRecord): string {
  try {
    return new KeyReader(record.kind === "row" ? record.key : record.prefix).string();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw notThere(record);
  }
}

/** @throws MaintenanceError DAMAGED for a row that no backup contains */
function mutationOf(record: BackupRecord, source: number): TxnMutation {
  if (record.kind === "row") {
    if (!TAGS.includes(tagOf(record)) && !sameBytes(record.key, ROOT_USER_KEY)) throw notThere(record);
    return putOf(record);
  }
  if (tagOf(record) !== REFERENCE_TAG || record.blobs.length > REFERENCES_PER_ENTRY) throw notThere(record);
  const { prefix, first, blobs } = record;
  return { kind: "reference", prefix, first, source, blobs };
}

/** A page that is sent again puts the same row: its content must not become garbage. */
function putOf({ key, value, garbage, payload }: RowRecord): TxnMutation {
  return {
    kind: "put",
    key,
    value,
    keepContent: true,
    ...(garbage === undefined ? {} : { garbage }),
    ...(payload === undefined ? {} : { payload }),
  };
}

function encodeRestore(restore: Restore): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, ...restore }));
}

function decodeRestore(value: Uint8Array): Restore {
  const { id, buckets } = JSON.parse(Buffer.from(value).toString("utf8")) as Partial<Restore>;
  return { id: String(id), buckets: buckets === true };
}
