/** Frees the space of dropped payloads, in a later transaction than the one that dropped their rows. */
import type { Database, Statement } from "bun:sqlite";
import { openIfPresent } from "../../platform/disk/atomic-file.ts";
import type { Disk } from "../../platform/disk.ts";
import { payloadFile } from "./files.ts";
import { alignPayload, decodePayloadRef, type PayloadRef } from "./ref.ts";

interface GarbageRow {
  readonly segment: bigint;
  readonly offset: bigint;
  readonly length: bigint;
}

/** Merges neighbouring ranges into one hole. */
function mergeRanges(rows: readonly GarbageRow[]): { readonly offset: number; readonly length: number }[] {
  const merged: { offset: number; length: number }[] = [];
  for (const row of rows) {
    const offset = Number(row.offset);
    const length = alignPayload(Number(row.length));
    const last = merged.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += length;
    else merged.push({ offset, length });
  }
  return merged;
}

export class PayloadReclaim {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #add: Statement<unknown, [number, number, number]>;
  readonly #next: Statement<GarbageRow, [number]>;
  readonly #forget: Statement<unknown, [bigint, bigint]>;
  readonly #freed: Statement<{ readonly freed_bytes: bigint }, [bigint, number]>;
  readonly #partly: Statement<{ readonly segment: bigint; readonly freed_bytes: bigint }, [number, number]>;
  /** The sweep has checked files with lower numbers after they stopped growing. */
  #sweptBelow = 0;
  readonly #forgetSegment: Statement<unknown, [bigint]>;

  constructor(db: Database, disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
    this.#add = db.prepare(
      "INSERT OR IGNORE INTO payload_garbage(segment, offset, length) VALUES(?1, ?2, ?3)",
    );
    this.#next = db.prepare(
      "SELECT segment, offset, length FROM payload_garbage ORDER BY segment, offset LIMIT ?1",
    );
    this.#forget = db.prepare("DELETE FROM payload_garbage WHERE segment = ?1 AND offset = ?2");
    this.#freed = db.prepare(
      `INSERT INTO payload_segment(segment, freed_bytes) VALUES(?1, ?2)
       ON CONFLICT(segment) DO UPDATE SET freed_bytes = freed_bytes + ?2 RETURNING freed_bytes`,
    );
    this.#partly = db.prepare(
      "SELECT segment, freed_bytes FROM payload_segment WHERE segment >= ?1 AND segment < ?2",
    );
    this.#forgetSegment = db.prepare("DELETE FROM payload_segment WHERE segment = ?1");
  }

  /** The caller's transaction removes a row that named this payload. */
  add(bulk: Uint8Array): void {
    const { segment, offset, length }: PayloadRef = decodePayloadRef(bulk);
    this.#add.run(segment, offset, length);
  }

  /** True when `step` may free something, according to committed transactions. */
  hasWork(activeSegment: number): boolean {
    return this.#next.all(1).length > 0 || this.#partly.all(this.#sweptBelow, activeSegment).length > 0;
  }

  /**
   * Frees at most `maxPayloads` payloads that earlier, durable transactions dropped. A repeated step does no harm: a
   * place in a file is never used twice.
   * @returns the numbers of the removed files
   */
  step(maxPayloads: number, activeSegment: number): number[] {
    const bySegment = Map.groupBy(this.#next.all(maxPayloads), (row) => row.segment);
    const removed: number[] = [];
    for (const [segment, rows] of bySegment) {
      const ranges = mergeRanges(rows);
      const bytes = ranges.reduce((sum, range) => sum + range.length, 0);
      const freed = Number(this.#freed.all(segment, bytes)[0]?.freed_bytes ?? 0n);
      const isActive = Number(segment) >= activeSegment;
      if (this.#freeRanges(Number(segment), ranges, isActive ? undefined : freed)) {
        removed.push(Number(segment));
        this.#forgetSegment.run(segment);
      }
      for (const row of rows) this.#forget.run(row.segment, row.offset);
    }
    removed.push(...this.#sweep(activeSegment));
    // The caller's transaction deletes the records of the removed files. Without this sync a power cut could restore
    // a file that no record names.
    if (removed.length > 0) this.#disk.syncDirectory(this.#directory);
    return removed;
  }

  /**
   * Removes a file whose payloads were all dropped while the file still grew, as soon as the file has stopped
   * growing.
   */
  #sweep(activeSegment: number): number[] {
    const removed: number[] = [];
    for (const { segment, freed_bytes } of this.#partly.all(this.#sweptBelow, activeSegment)) {
      if (!this.#freeRanges(Number(segment), [], Number(freed_bytes))) continue;
      removed.push(Number(segment));
      this.#forgetSegment.run(segment);
    }
    this.#sweptBelow = activeSegment;
    return removed;
  }

  /** True when the file is removed, because `freed` covers the whole file. */
  #freeRanges(
    segment: number,
    ranges: readonly { readonly offset: number; readonly length: number }[],
    freed: number | undefined,
  ): boolean {
    const path = payloadFile(this.#directory, segment);
    const file = openIfPresent(this.#disk, path, "write");
    // A crash came after the removal of the file and before the record of the removal.
    if (file === undefined) return true;
    try {
      if (freed !== undefined && freed >= file.size()) {
        // Readers may still have the file open; the truncation frees its blocks at once.
        file.truncate(0);
        this.#disk.unlink(path);
        return true;
      }
      for (const { offset, length } of ranges) file.punchHole(offset, length);
      return false;
    } finally {
      file.close();
    }
  }

  finalize(): void {
    for (const s of [this.#add, this.#next, this.#forget, this.#freed, this.#partly, this.#forgetSegment])
      s.finalize();
  }
}
