/**
 * Makes segments. A segment gets its name when its header is durable, so a file with a segment's name always begins
 * with a header that verifies: anything else is damage, not an interrupted cut.
 */

import { type Disk, DiskError, type DiskFile } from "../../platform/disk.ts";
import { PLANTED } from "../../platform/planted.ts";
import type { Random } from "../../platform/random.ts";
import type { SegmentHeader } from "./payloads.ts";
import type { Segment } from "./recovery.ts";
import { encodeSegmentStart, PREPARED_FILE, segmentFileName } from "./segment-file.ts";

interface Prepared {
  readonly file: DiskFile;
  readonly capacity: number;
}

export interface NewSegment {
  readonly segment: Segment;
  readonly end: number;
  readonly chain: number;
}

export class SegmentMaker {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #random: Random;
  #prepared: Prepared | undefined;

  constructor(disk: Disk, directory: string, random: Random) {
    this.#disk = disk;
    this.#directory = directory;
    this.#random = random;
  }

  get preparedBytes(): number {
    return this.#prepared?.capacity ?? 0;
  }

  /** Removes what a crash left (row D6). */
  clear(): void {
    this.#prepared?.file.close();
    this.#prepared = undefined;
    if (this.#disk.stat(this.#path) !== undefined) this.#disk.unlink(this.#path);
  }

  /** Reserves space for a segment. @throws DiskError, ENOSPC among others; nothing is left behind then. */
  prepare(capacity: number): void {
    if (this.#prepared !== undefined && this.#prepared.capacity >= capacity) return;
    this.clear();
    const file = this.#disk.open(this.#path, "create");
    try {
      file.preallocate(capacity);
      // The size and the reserved blocks are metadata: durable now, so that the first commit need not pay for them.
      file.datasync();
    } catch (error) {
      file.close();
      this.#removeQuietly();
      throw error;
    }
    this.#prepared = { file, capacity };
  }

  /**
   * Turns the prepared segment into the next one of the log, durable with its name. One that has space for the header and
   * `batchBytes` is made now when the prepared one has not. @throws DiskError. ENOSPC: nothing has happened. Anything
   * else: the state of the directory is unknown.
   */
  publish(
    header: Omit<SegmentHeader, "capacity">,
    chain: number,
    segmentBytes: number,
    batchBytes: number,
  ): NewSegment {
    const salt = new DataView(this.#random.bytes(8).slice().buffer).getBigUint64(0);
    const draft = encodeSegmentStart({ ...header, capacity: 0 }, salt, chain);
    this.prepare(Math.max(segmentBytes, draft.bytes.byteLength + batchBytes));
    const { file, capacity } = this.#prepared as Prepared;
    const path = `${this.#directory}/${segmentFileName(header)}`;
    const start = encodeSegmentStart({ ...header, capacity }, salt, chain);
    file.pwrite(start.bytes, 0);
    file.datasync();
    this.#disk.rename(this.#path, path);
    this.#prepared = undefined;
    if (!PLANTED.skipDirectoryFsync) this.#disk.syncDirectory(this.#directory);
    file.close();
    // Opened again so that every later error names the segment.
    const { sequence, firstIndex } = header;
    const renamed = this.#disk.open(path, "write");
    return {
      segment: { path, file: renamed, sequence, firstIndex, capacity, salt, highestIndex: 0 },
      end: start.bytes.byteLength,
      chain: start.chain,
    };
  }

  close(): void {
    this.#prepared?.file.close();
    this.#prepared = undefined;
  }

  get #path(): string {
    return `${this.#directory}/${PREPARED_FILE}`;
  }

  #removeQuietly(): void {
    try {
      this.#disk.unlink(this.#path);
    } catch (error) {
      // The first error is the one to report; a left-over is removed at the next start.
      if (!(error instanceof DiskError)) throw error;
    }
  }
}
