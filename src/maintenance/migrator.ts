/**
 * Moves the content of all objects from the keyspace to blobs, in the background of the node that leads. Position and
 * counts are in a row of the cluster, so another leader, or this node after a restart, goes on there.
 */
import { MaintenanceError, type MigrationChange, type MigrationStatus } from "../api/maintenance.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import { decodeManifest, type Manifest } from "../s3/records/manifest.ts";
import { RecordError } from "../s3/records/record-error.ts";
import { decodeCursor, encodeCursor, type WalkCursor } from "./cursor.ts";
import { type Migration, readMigration, type StoredMigration, writeMigration } from "./migration-row.ts";
import {
  BYTES_PER_COMMIT,
  migrateObject,
  type ObjectMigrationOptions,
  type ObjectOutcome,
} from "./object-migration.ts";
import { cursorAfter, nextObjects, type WalkedObject } from "./object-walk.ts";
import { nextTurn } from "./types.ts";

export interface MigratorOptions extends Omit<ObjectMigrationOptions, "pace" | "bytesPerCommit"> {
  readonly clock: Clock;
  readonly timers: Pick<Timers, "later" | "soon">;
  /** True while this node leads: one migrator is enough. */
  readonly active: () => boolean;
  /** Every member stores blobs. */
  readonly gateOpen: () => boolean;
  readonly onMigrated?: (bytes: number) => void;
  /** An object stays where it is, because its bytes are damaged or of a newer release. */
  readonly onSkipped?: (object: WalkedObject, problem: string) => void;
}

/** Bytes a second, unless the operator says otherwise: clients come first. */
const RATE_DEFAULT = 32 << 20;
/** The first of several parts stays pinned until all are committed, and a pin lasts minutes. */
const SECONDS_PER_COMMIT = 60;
const OBJECTS_PER_READ = 256;
/** The row is written after so many bytes or milliseconds: what was done since then is looked at again, and passed. */
const SAVE_BYTES = 256 << 20;
const SAVE_MS = 2_000;
/** How often a long object looks whether the operator has paused. */
const LOOK_MS = 1_000;
const CHANGE_ATTEMPTS = 8;

/** The migration is not to go on: paused, another leader, the gate is closed, the node stops. */
class StoppedError extends Error {}

interface Sums {
  objects: number;
  bytes: number;
  skipped: number;
}

export class Migrator {
  readonly #options: MigratorOptions;
  #running: Promise<void> | undefined;
  #stopped = false;
  #freeAtMs = 0;
  #lookedMs = 0;

  constructor(options: MigratorOptions) {
    this.#options = options;
  }

  async status(): Promise<MigrationStatus> {
    const stored = await readMigration(this.#options.kv.system);
    return this.#statusOf(stored?.migration);
  }

  /** @throws KvError; MaintenanceError UNAVAILABLE when others change the row all the time */
  async change({ action, rate }: MigrationChange): Promise<MigrationStatus> {
    const { system } = this.#options.kv;
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      const stored = await readMigration(system);
      const before = stored?.migration;
      let next: Migration | undefined;
      if (action === "pause") next = before?.state === "running" ? { ...before, state: "paused" } : before;
      else if (before === undefined || before.state === "done") next = this.#fresh(rate ?? RATE_DEFAULT);
      else next = { ...before, state: "running", rate: rate ?? before.rate };
      if (next === undefined || next === before) return this.#statusOf(before);
      if (await writeMigration(system, next, stored?.commitTs)) return this.#statusOf(next);
    }
    throw new MaintenanceError("UNAVAILABLE", "the migration's row changes all the time");
  }

  /**
   * Goes on until the end, or until something stops the migration. There is one run at a time: a second call joins the
   * first. @throws KvError, S3Error; the next run goes on
   */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    try {
      while (this.#mayRun()) {
        const stored = await readMigration(this.#options.kv.system);
        if (stored?.migration.state !== "running") return;
        if (stored.migration.totalBytes === null) await this.#countAll(stored);
        else await this.#some(stored);
      }
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
    }
  }

  /** Some objects, and then the row. */
  async #some(stored: StoredMigration): Promise<void> {
    const { kv, clock } = this.#options;
    const { migration } = stored;
    let cursor: WalkCursor | undefined =
      migration.cursor === null ? undefined : decodeCursor(migration.cursor);
    const { objects, next } = await nextObjects(kv, cursor, OBJECTS_PER_READ);
    const sums: Sums = { objects: 0, bytes: 0, skipped: 0 };
    const startedMs = clock.monotonicMs();
    let passed = 0;
    let failure: { readonly error: unknown } | undefined;
    for (const object of objects) {
      if (sums.bytes >= SAVE_BYTES || clock.monotonicMs() - startedMs >= SAVE_MS) break;
      try {
        this.#add(sums, object, await this.#object(object, migration));
      } catch (error) {
        failure = { error };
        break;
      }
      passed++;
      cursor = cursorAfter(object);
    }
    const atEnd = passed === objects.length && next === undefined;
    if (passed > 0 || atEnd) {
      const place = passed === objects.length ? next : cursor;
      await this.#save(stored, sums, place === undefined ? null : encodeCursor(place), atEnd);
    }
    if (failure !== undefined) throw failure.error;
  }

  async #object(object: WalkedObject, migration: Migration): Promise<ObjectOutcome> {
    if (!this.#mayRun()) throw new StoppedError();
    const manifest = manifestOf(object);
    if (manifest === undefined) return { kind: "skipped", problem: "the row of the object is damaged" };
    if (manifest.content.kind !== "chunks" && manifest.content.kind !== "parts") return { kind: "passed" };
    const bytesPerCommit = Math.min(BYTES_PER_COMMIT, migration.rate * SECONDS_PER_COMMIT);
    const pace = (bytes: number): Promise<void> => this.#pace(bytes, migration);
    return migrateObject({ ...this.#options, pace, bytesPerCommit }, object);
  }

  #add(sums: Sums, object: WalkedObject, outcome: ObjectOutcome): void {
    switch (outcome.kind) {
      case "migrated":
        sums.objects++;
        sums.bytes += outcome.bytes;
        this.#options.onMigrated?.(outcome.bytes);
        break;
      case "skipped":
        sums.skipped++;
        this.#options.onSkipped?.(object, outcome.problem);
        break;
      case "passed":
        break;
    }
  }

  /** When the operator has changed the row meanwhile, what the operator says counts, with our sums. */
  async #save(stored: StoredMigration, sums: Sums, cursor: string | null, atEnd: boolean): Promise<void> {
    const { system } = this.#options.kv;
    let at: StoredMigration | undefined = stored;
    while (at !== undefined && at.migration.startedMs === stored.migration.startedMs) {
      const { migration } = at;
      const next: Migration = {
        ...migration,
        state: atEnd ? "done" : migration.state,
        cursor,
        objects: migration.objects + sums.objects,
        bytes: migration.bytes + sums.bytes,
        skipped: migration.skipped + sums.skipped,
      };
      if (await writeMigration(system, next, at.commitTs)) return;
      at = await readMigration(system);
    }
  }

  /** Bytes that objects with content in the keyspace have, for the progress; an object of parts counts as a whole. */
  async #countAll(stored: StoredMigration): Promise<void> {
    let totalBytes = 0;
    for (let cursor: WalkCursor | undefined; ; ) {
      if (!this.#mayRun()) return;
      await nextTurn(this.#options.timers);
      const { objects, next } = await nextObjects(this.#options.kv, cursor, OBJECTS_PER_READ);
      for (const object of objects) {
        const manifest = manifestOf(object);
        const { kind } = manifest?.content ?? {};
        if (kind === "chunks" || kind === "parts") totalBytes += manifest?.size ?? 0;
      }
      if (next === undefined) break;
      cursor = next;
    }
    await writeMigration(this.#options.kv.system, { ...stored.migration, totalBytes }, stored.commitTs);
  }

  /** @throws StoppedError */
  async #pace(bytes: number, { rate }: Migration): Promise<void> {
    const { clock, timers, kv } = this.#options;
    if (!this.#mayRun()) throw new StoppedError();
    const now = clock.monotonicMs();
    if (now - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = now;
      if ((await readMigration(kv.system))?.migration.state !== "running") throw new StoppedError();
    }
    const waitMs = this.#freeAtMs - now;
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes / rate) * 1000;
    if (waitMs > 0) await new Promise<void>((resolve) => void timers.later(resolve, waitMs));
    if (!this.#mayRun()) throw new StoppedError();
  }

  #mayRun(): boolean {
    const { active, gateOpen } = this.#options;
    return !this.#stopped && active() && gateOpen();
  }

  #fresh(rate: number): Migration {
    const zero = { objects: 0, bytes: 0, skipped: 0, totalBytes: null, cursor: null };
    return { state: "running", startedMs: this.#options.clock.nowMs(), rate, ...zero };
  }

  #statusOf(migration: Migration | undefined): MigrationStatus {
    const open = this.#options.gateOpen();
    if (migration === undefined) {
      return { state: "never", objects: 0, bytes: 0, skipped: 0, totalBytes: null, rate: RATE_DEFAULT, open };
    }
    const { state, objects, bytes, skipped, totalBytes, rate } = migration;
    return { state, objects, bytes, skipped, totalBytes, rate, open };
  }
}

function manifestOf({ value }: WalkedObject): Manifest | undefined {
  try {
    return decodeManifest(value);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
