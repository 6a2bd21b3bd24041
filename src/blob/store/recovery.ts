/**
 * Opens a directory of blobs: checks whose it is, and brings the index up to the segment files. What the files say
 * decides (docs/format/blobs.md, "Recovery", has the same letters):
 *
 * | row | found                                                          | decision                                     |
 * |-----|----------------------------------------------------------------|----------------------------------------------|
 * | R1  | no index, a damaged one, or one that contradicts the files      | rebuilt from all segments                    |
 * | R2  | records after the index's tail                                  | added                                        |
 * | R3  | bytes after the last record that verifies                       | cut: no sync has covered them                |
 * | R4  | newest segment: bytes that do not verify before one that does   | kept out, the later ones count; reported      |
 * | R5  | a header that verifies, its payload does not                    | newest: freed; older: found when it is read  |
 * | R6  | a segment without blobs that is not the newest                  | removed                                      |
 * | R7  | the head of a segment does not verify                           | the newest gets another one                  |
 * | R8  | an intact head of another node, segment or version              | WRONG_FORMAT                                 |
 * | R9  | two records of a blob                                           | the later one counts, the other one is freed |
 */
import type { Disk, DiskFile } from "../../platform/disk.ts";
import { payloadFile, payloadSegment } from "../../store/payload/files.ts";
import { BlobError } from "../types.ts";
import { freePlaces, removeSegment } from "./reclaim.ts";
import {
  BLOCK_BYTES,
  type BlobIdentity,
  type BlobRecord,
  checkHead,
  encodeHead,
  identityTag,
  type Position,
  recordBytes,
  samePlace,
} from "./record.ts";
import { type SegmentScan, scanSegment } from "./segment-scan.ts";
import type { AddedBlob, BlobIndex } from "./types.ts";

export interface BlobRecovery {
  /** Where the next record goes. */
  readonly position: Position;
  /** The index was made from all segments. */
  readonly rebuilt: boolean;
  /** Records that the index did not have. */
  readonly added: number;
  /** Records whose payload does not verify, and blocks that belong to no record, before records that verify. */
  readonly damaged: number;
  readonly strayBlocks: number;
  /** Bytes after the last record that verifies. */
  readonly cutBytes: number;
}

export interface RecoveryOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly identity: BlobIdentity;
  readonly index: BlobIndex;
}

const FIRST_SEGMENT = 1;

/** @throws BlobError, DiskError */
export function recoverBlobs(options: RecoveryOptions): BlobRecovery {
  return new Recovery(options).run();
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #tag: Uint8Array;
  readonly #segments: number[];
  readonly #newest: number;
  #position: Position;
  #added = 0;
  #damaged = 0;
  #strayBlocks = 0;
  #cutBytes = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#tag = identityTag(options.identity);
    const { disk, directory } = options;
    this.#segments = disk
      .readdir(directory)
      .map(payloadSegment)
      .filter((segment) => segment !== undefined)
      .sort((a, b) => a - b);
    this.#newest = this.#segments.at(-1) ?? FIRST_SEGMENT;
    this.#position = { segment: this.#newest, offset: 0 };
  }

  run(): BlobRecovery {
    const { disk, directory, index } = this.#options;
    // A killed process may have made a file without syncing its name.
    disk.syncDirectory(directory);
    const rebuilt = !this.#indexFits();
    if (rebuilt) index.clear();
    const tail = index.tail ?? { segment: 0, offset: 0 };
    for (const segment of this.#segments) {
      if (segment < tail.segment) continue;
      this.#scan(segment, segment === tail.segment ? tail.offset : 0);
    }
    this.#reclaim();
    index.add([], this.#position);
    this.#flush();
    return {
      position: this.#position,
      rebuilt,
      added: this.#added,
      damaged: this.#damaged,
      strayBlocks: this.#strayBlocks,
      cutBytes: this.#cutBytes,
    };
  }

  /** R1. */
  #indexFits(): boolean {
    const { disk, directory, index } = this.#options;
    const { tail } = index;
    if (tail === undefined) return false;
    const bytes = disk.stat(payloadFile(directory, tail.segment))?.bytes;
    if (bytes === undefined) return tail.offset === 0 && this.#segments.length === 0;
    return bytes >= tail.offset;
  }

  #scan(segment: number, from: number): void {
    const { disk, directory } = this.#options;
    const isNewest = segment === this.#newest;
    const path = payloadFile(directory, segment);
    const file = disk.open(path, isNewest ? "write" : "read");
    try {
      // After a failed sync the kernel shows bytes that the disk never got, and calls them clean. An older segment can
      // only have such marks of deleted records, and these are written again.
      if (isNewest) file.forget(0, 0);
      const headOk = this.#checkHead(file, path, segment);
      const scan = scanSegment(file, {
        from: { segment, offset: Math.max(from, BLOCK_BYTES) },
        tag: this.#tag,
        verify: isNewest,
      });
      if (isNewest) this.#settleNewest(file, scan, headOk, from);
      this.#take(scan.records);
      this.#options.index.add([], { segment, offset: scan.end });
      this.#options.index.addGarbage(scan.damaged);
      this.#damaged += scan.damaged.length;
      this.#strayBlocks += scan.strayBlocks;
    } finally {
      file.close();
    }
  }

  #checkHead(file: DiskFile, path: string, segment: number): boolean {
    const block = new Uint8Array(BLOCK_BYTES);
    if (file.pread(block, 0) < BLOCK_BYTES) return false;
    return checkHead(block, path, segment, this.#options.identity);
  }

  /** R3, R7: afterwards everything in the file is durable. */
  #settleNewest(file: DiskFile, scan: SegmentScan, headOk: boolean, from: number): void {
    const isEmpty = !headOk && scan.records.length === 0 && from <= BLOCK_BYTES;
    const end = isEmpty ? 0 : scan.end;
    this.#cutBytes = Math.max(0, file.size() - end);
    // The truncation frees reserved blocks too.
    file.truncate(end);
    if (!isEmpty && !headOk) file.pwrite(encodeHead(this.#newest, this.#options.identity), 0);
    file.datasync();
    this.#position = { segment: this.#newest, offset: end };
  }

  #take(records: readonly BlobRecord[]): void {
    const { index } = this.#options;
    for (const { sha256, place, deleted } of records) {
      // Its hole may not have become durable.
      if (deleted) index.addGarbage([{ sha256, place }]);
      else this.#add({ sha256, place, replaces: index.get(sha256) });
    }
  }

  #add(added: AddedBlob): void {
    const { segment, offset, size } = added.place;
    if (added.replaces !== undefined && samePlace(added.replaces, added.place)) return;
    // The index may commit at any record, so its tail goes along.
    this.#options.index.add([added], { segment, offset: offset + recordBytes(size) });
    this.#added++;
  }

  /** A full disk must not prevent the start: the records are in the files. */
  #flush(): void {
    try {
      this.#options.index.flush();
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== "DISK_FULL") throw error;
    }
  }

  #reclaim(): void {
    const { disk, directory, index } = this.#options;
    const isUnused = (segment: number): boolean => segment !== this.#newest && !index.segments.has(segment);
    const garbage = index.garbage();
    freePlaces(garbage, { disk, directory, tag: this.#tag, isUnused });
    index.forgetGarbage(garbage);
    // R6. The files are asked once more, because the index may be wrong about them.
    for (const segment of this.#segments) {
      if (!isUnused(segment) || disk.stat(payloadFile(directory, segment)) === undefined) continue;
      this.#scan(segment, 0);
      if (isUnused(segment)) removeSegment(disk, directory, segment);
    }
    disk.syncDirectory(directory);
  }
}
