/**
 * Makes segments. A segment gets its name when its header is durable, so a file with the name of a segment always
 * begins with a header that verifies. A bad header is therefore damage and not an interrupted cut.
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

  /** Removes the prepared segment that a crash left (row D6). */
  clear(): void {
    this.#prepared?.file.close();
    this.#prepared = undefined;
    if (this.#disk.stat(this.#path) !== undefined) this.#disk.unlink(this.#path);
  }

  /** Reserves space for a segment. @throws DiskError, for example ENOSPC; no file is left then */
  prepare(capacity: number): void {
    if (this.#prepared !== undefined && this.#prepared.capacity >= capacity) return;
    this.clear();
    const file = this.#disk.open(this.#path, "create");
    try {
      file.preallocate(capacity);
      // The size and the reserved blocks are metadata: the sync makes them durable now, so that the first commit is
      // not slower.
      file.datasync();
    } catch (error) {
      file.close();
      this.#removeQuietly();
      throw error;
    }
    this.#prepared = { file, capacity };
  }

  /**
   * Turns the prepared segment into the next segment of the log, durable with its name. When the prepared segment
   * has no space for the header and `batchBytes`, a larger one is made now.
   * @throws DiskError. ENOSPC: nothing has changed. Any other code: the state of the directory is unknown.
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
    // The file is opened again so that every later error names the segment.
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
      // The caller reports the first error; the next start removes the remaining file.
      if (!(error instanceof DiskError)) throw error;
    }
  }
}
