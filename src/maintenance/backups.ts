/**
 * Backups under way on this node. A backup reads the keyspace at one timestamp; while it runs, the store keeps old
 * versions (`keepVersions`), and a replicated row keeps the sweeper from removing blobs anywhere.
 */

import { type BackupRecord, encodePage, recordBytes } from "../api/backup-pages.ts";
import { type BackupBegun, type BackupCounts, MaintenanceError } from "../api/maintenance.ts";
import { hexOf } from "../platform/bytes.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import { type BlobMemory, type BlobService, BlobServiceError } from "../s3/content/blobs/types.ts";
import { blobHoldKey, encodeBlobHold, expiredHolds } from "../txn/blob-holds.ts";
import { physicalMs } from "../txn/hlc.ts";
import { type KvClient, KvError } from "../txn/types.ts";
import { backupRecords, type WalkCounts } from "./backup-walk.ts";
import { nextTurn } from "./types.ts";

export interface BackupsOptions {
  readonly kv: KvClient;
  readonly blobs: Pick<BlobService, "read" | "node"> | undefined;
  readonly clock: Clock;
  readonly timers: Pick<Timers, "soon">;
  readonly random: Random;
  readonly clusterId: () => string;
  /** While true, the store of this node compacts no old version, for at most an hour after each call. */
  readonly keepVersions: (keep: boolean) => void;
}

/** A page is sent when it has so many bytes or names so many blobs; one record more may be in it. */
const PAGE_BYTES = 2 << 20;
const PAGE_REFERENCES = 256;
/** Records that are read before others may run. */
const RECORDS_PER_TURN = 32;
/** A backup without a request for this long has ended. */
const IDLE_MS = 30 * 60_000;
/** Requests renew the hold at most so often; it is longer than a backup without requests, so it never ends before that does. */
const HOLD_RENEW_MS = 30_000;
const HOLD_MS = IDLE_MS + HOLD_RENEW_MS;
const BACKUPS_MAX = 4;
/** Backups whose end is remembered: an answer may be lost, and the request comes again. */
const ENDED_MAX = 16;

interface Backup {
  readonly records: AsyncGenerator<BackupRecord>;
  readonly counts: WalkCounts;
  /** The last page and its number. */
  page: Promise<Uint8Array> | undefined;
  number: number;
  seenMs: number;
  holdUntilMs: number;
}

export class Backups {
  readonly #options: BackupsOptions;
  readonly #running = new Map<string, Backup>();
  readonly #ended = new Map<string, BackupCounts>();
  /** Backups that have no view yet. */
  #beginning = 0;

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  /** @throws KvError; MaintenanceError UNAVAILABLE when too many run */
  async begin(): Promise<BackupBegun> {
    this.#forgetIdle();
    if (this.#running.size + this.#beginning >= BACKUPS_MAX) {
      throw new MaintenanceError("UNAVAILABLE", `${BACKUPS_MAX} backups run on this node already`);
    }
    this.#beginning++;
    try {
      return await this.#begin();
    } finally {
      this.#beginning--;
      this.#letGoUnlessUsed();
    }
  }

  async #begin(): Promise<BackupBegun> {
    const { kv, clock, random, clusterId, keepVersions } = this.#options;
    const id = Buffer.from(random.bytes(8)).toString("hex");
    const holdUntilMs = await this.#hold(id);
    keepVersions(true);
    // The hold is committed: no blob that a row of this view refers to is swept from now on.
    const view = await kv.system.snapshot();
    const counts = { buckets: 0, objects: 0, uploads: 0, rows: 0, references: 0, bytes: 0 };
    const records = backupRecords(view, counts);
    const seenMs = clock.nowMs();
    this.#running.set(id, { records, counts, page: undefined, number: -1, seenMs, holdUntilMs });
    const position = String(view.readTs);
    return { id, clusterId: clusterId(), position, positionMs: physicalMs(view.readTs) };
  }

  /** The next page, or the last one again; empty after the last one. @throws MaintenanceError */
  async page(id: string, number: number): Promise<Uint8Array> {
    const backup = await this.#find(id);
    if (number === backup.number + 1) {
      backup.number = number;
      backup.page = nextPage(backup.records, this.#options.timers);
    } else if (number !== backup.number) {
      throw new MaintenanceError("INVALID", `page ${number} of a backup that is at page ${backup.number}`);
    }
    if (backup.page === undefined) throw new MaintenanceError("INVALID", "a backup begins with page 0");
    try {
      return await backup.page;
    } catch (error) {
      // The generator has ended with the error, so the backup cannot go on.
      await this.#drop(id);
      throw error;
    }
  }

  /** Verified bytes. @throws MaintenanceError DAMAGED | UNAVAILABLE | BACKUP_GONE */
  async blob(id: string, sha256: Uint8Array, size: number): Promise<Uint8Array> {
    await this.#find(id);
    const { blobs } = this.#options;
    if (blobs === undefined) throw new MaintenanceError("UNAVAILABLE", "this node has no blobs");
    const memory: BlobMemory = { allocate: (length) => new Uint8Array(length) };
    try {
      return await blobs.read({ sha256, size, source: blobs.node }, memory);
    } catch (error) {
      if (!(error instanceof BlobServiceError)) throw error;
      const code = error.code === "NOT_FOUND" ? "DAMAGED" : "UNAVAILABLE";
      const name = hexOf(sha256);
      throw new MaintenanceError(code, `blob ${name}: ${error.message}`, { cause: error });
    }
  }

  /** Ends a backup, complete or not; may be repeated. @returns what its pages contained so far */
  async end(id: string): Promise<BackupCounts> {
    let counts = this.#ended.get(id);
    if (counts === undefined) {
      const backup = this.#running.get(id) ?? (await this.#find(id));
      counts = { ...backup.counts };
      for (const oldest of this.#ended.keys()) if (this.#ended.size >= ENDED_MAX) this.#ended.delete(oldest);
      this.#ended.set(id, counts);
      this.#forget(id, backup);
    }
    await this.#release(id);
    return counts;
  }

  async #find(id: string): Promise<Backup> {
    this.#forgetIdle();
    const backup = this.#running.get(id);
    if (backup === undefined) {
      throw new MaintenanceError(
        "BACKUP_GONE",
        "this node does not know the backup (any more): begin again; blobs that are in the target are not copied again",
      );
    }
    const now = this.#options.clock.nowMs();
    backup.seenMs = now;
    if (backup.holdUntilMs - now < IDLE_MS) {
      this.#options.keepVersions(true);
      backup.holdUntilMs = await this.#hold(id);
    }
    return backup;
  }

  async #hold(id: string): Promise<number> {
    const { kv, clock } = this.#options;
    const now = clock.nowMs();
    const untilMs = now + HOLD_MS;
    const view = await kv.system.snapshot();
    const expired = await expiredHolds(view, now);
    await kv.system.transact({
      conditions: [],
      mutations: [
        ...expired.map((key) => ({ kind: "delete", key }) as const),
        { kind: "put", key: blobHoldKey(id), value: encodeBlobHold(untilMs) },
      ],
    });
    return untilMs;
  }

  async #drop(id: string): Promise<void> {
    const backup = this.#running.get(id);
    if (backup === undefined) return;
    this.#forget(id, backup);
    await this.#release(id);
  }

  /** A failure is no error of the backup, which may be complete: the hold expires by itself. */
  async #release(id: string): Promise<void> {
    try {
      await this.#options.kv.system.transact({
        conditions: [],
        mutations: [{ kind: "delete", key: blobHoldKey(id) }],
      });
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
    }
  }

  #forgetIdle(): void {
    const before = this.#options.clock.nowMs() - IDLE_MS;
    for (const [id, backup] of this.#running) if (backup.seenMs < before) this.#forget(id, backup);
  }

  #forget(id: string, { records }: Backup): void {
    this.#running.delete(id);
    // The generator may have a read under way, whose failure interests nobody.
    records.return(undefined).catch(() => {});
    this.#letGoUnlessUsed();
  }

  #letGoUnlessUsed(): void {
    if (this.#running.size + this.#beginning === 0) this.#options.keepVersions(false);
  }
}

async function nextPage(
  records: AsyncGenerator<BackupRecord>,
  timers: Pick<Timers, "soon">,
): Promise<Uint8Array> {
  const page: BackupRecord[] = [];
  let bytes = 0;
  let references = 0;
  while (bytes < PAGE_BYTES && references < PAGE_REFERENCES) {
    if (page.length % RECORDS_PER_TURN === 0) await nextTurn(timers);
    const next = await records.next();
    if (next.done === true) break;
    page.push(next.value);
    bytes += recordBytes(next.value);
    if (next.value.kind === "references") references += next.value.blobs.length;
  }
  return encodePage(page);
}
