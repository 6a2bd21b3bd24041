/**
 * Appends payloads to numbered files, writes each byte once, and fsyncs the payloads before the rows that name them
 * commit.
 */
import { crc32 } from "node:zlib";
import { ensureDirectory } from "../../platform/disk/atomic-file.ts";
import type { Disk, DiskFile } from "../../platform/disk.ts";
import { PLANTED } from "../../platform/planted.ts";
import { StoreError } from "../types.ts";
import { payloadFile, payloadSegment } from "./files.ts";
import { alignPayload, type PayloadRef, type PayloadTail } from "./ref.ts";

/** A file of this size takes no new payloads. */
const PAYLOAD_FILE_BYTES = 256 * 1024 * 1024;
/** Payloads up to STAGED_MAX_BYTES are gathered, so that a batch of small objects needs one write. */
const STAGED_MAX_BYTES = 64 * 1024;
const STAGE_BYTES = 1024 * 1024;
/** Blocks are reserved in steps of the present file size, within these limits. */
const RESERVE_MIN_BYTES = 1024 * 1024;
const RESERVE_MAX_BYTES = 32 * 1024 * 1024;

export class PayloadWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #fileBytes: number;
  readonly #stage = new Uint8Array(STAGE_BYTES);
  #staged = 0;
  #committed: PayloadTail;
  #segment: number;
  /** The end of all appended payloads, staged bytes included. */
  #offset: number;
  #open: DiskFile | undefined;
  /** Blocks up to here are reserved, as far as the file system could reserve them. */
  #reserved = 0;
  #unsynced = false;
  #newNames = false;
  #failed: Error | undefined;

  /** Opens at `tail`, and removes what a killed process left after `tail`. @throws DiskError, StoreError CORRUPT */
  constructor(disk: Disk, directory: string, tail: PayloadTail, fileBytes = PAYLOAD_FILE_BYTES) {
    this.#disk = disk;
    this.#directory = directory;
    this.#fileBytes = fileBytes;
    this.#committed = tail;
    this.#segment = tail.segment;
    this.#offset = tail.offset;
    ensureDirectory(disk, directory);
    for (const name of disk.readdir(directory)) {
      const segment = payloadSegment(name);
      if (segment !== undefined && segment > tail.segment) disk.unlink(payloadFile(directory, segment));
    }
    if (tail.offset > 0) this.#cutTail();
  }

  #cutTail(): void {
    const file = this.#file();
    const size = file.size();
    // The last payload may end anywhere in its last block.
    if (alignPayload(size) < this.#offset) {
      const path = payloadFile(this.#directory, this.#segment);
      throw new StoreError("CORRUPT", `${path} has ${size} bytes, committed rows need ${this.#offset}`);
    }
    file.truncate(this.#offset);
  }

  get tail(): PayloadTail {
    return { segment: this.#segment, offset: this.#offset };
  }

  /** True when payloads were appended since the last commit. */
  get dirty(): boolean {
    return this.#offset !== this.#committed.offset || this.#segment !== this.#committed.segment;
  }

  /** The segment that still grows: the caller must not remove the segment. */
  get activeSegment(): number {
    return this.#committed.segment;
  }

  /** @param crc of a damaged payload: the checksum that it should have */
  append(payload: Uint8Array, crc = crc32(payload)): PayloadRef {
    this.#refuseAfterFailure();
    if (this.#offset >= this.#fileBytes) this.#startNextFile();
    const ref = { segment: this.#segment, offset: this.#offset, length: payload.length, crc };
    const padded = alignPayload(payload.length);
    if (payload.length <= STAGED_MAX_BYTES) {
      if (this.#staged + padded > STAGE_BYTES) this.flush();
      this.#stage.set(payload, this.#staged);
      this.#stage.fill(0, this.#staged + payload.length, this.#staged + padded);
      this.#staged += padded;
    } else {
      this.flush();
      this.#write(payload, this.#offset);
    }
    this.#offset += padded;
    return ref;
  }

  /** Writes gathered payloads to the operating system: from then on they can be read. */
  flush(): void {
    if (this.#staged === 0) return;
    this.#write(this.#stage.subarray(0, this.#staged), this.#offset - this.#staged);
    this.#staged = 0;
  }

  /**
   * Makes all appended payloads durable. A failed fsync is final: the kernel may have dropped the unwritten pages.
   */
  sync(): void {
    this.#refuseAfterFailure();
    this.flush();
    if (this.#unsynced && !PLANTED.skipPayloadSync) this.#orFail(() => this.#file().datasync());
    this.#unsynced = false;
    if (this.#newNames) this.#orFail(() => this.#disk.syncDirectory(this.#directory));
    this.#newNames = false;
  }

  commit(): void {
    if (this.dirty) this.#committed = this.tail;
  }

  /** Discards the payloads since the last commit; the next payloads overwrite them. */
  rollback(): void {
    this.#staged = 0;
    if (this.#segment !== this.#committed.segment) this.#closeFile();
    this.#segment = this.#committed.segment;
    this.#offset = this.#committed.offset;
  }

  close(): void {
    // The truncation also frees reserved blocks.
    this.#open?.truncate(this.#committed.offset);
    this.#closeFile();
  }

  #startNextFile(): void {
    this.flush();
    // A rolled-back transaction may have written bytes after the last payload; they must not count as part of the
    // finished file.
    this.#file().truncate(this.#offset);
    this.#orFail(() => this.#file().datasync());
    this.#unsynced = false;
    this.#closeFile();
    this.#segment += 1;
    this.#offset = 0;
  }

  #file(): DiskFile {
    if (this.#open !== undefined) return this.#open;
    const path = payloadFile(this.#directory, this.#segment);
    // After a rollback the file may exist, with committed payloads that must not be lost.
    if (this.#offset > 0 && this.#staged < this.#offset) {
      this.#open = this.#disk.open(path, "write");
      return this.#open;
    }
    this.#newNames = true;
    this.#open = this.#disk.open(path, "create-or-open");
    this.#open.truncate(0);
    return this.#open;
  }

  #write(bytes: Uint8Array, position: number): void {
    const file = this.#file();
    const end = position + bytes.length;
    if (end > this.#reserved) {
      const from = Math.max(this.#reserved, position);
      const step = Math.min(RESERVE_MAX_BYTES, Math.max(RESERVE_MIN_BYTES, position));
      this.#reserved = Math.max(end, Math.min(from + step, this.#fileBytes));
      file.reserve(from, this.#reserved - from);
    }
    this.#unsynced = true;
    file.pwrite(bytes, position);
  }

  #closeFile(): void {
    this.#reserved = 0;
    this.#open?.close();
    this.#open = undefined;
  }

  #orFail(sync: () => void): void {
    try {
      sync();
    } catch (error) {
      this.#failed = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  #refuseAfterFailure(): void {
    if (this.#failed === undefined) return;
    const why = `${this.#directory}: an earlier fsync failed: ${this.#failed.message}`;
    throw new StoreError("IO", why, { cause: this.#failed });
  }
}
