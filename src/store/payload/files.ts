/** Names of payload files, and their reads. The writes are in writer.ts. */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { openIfPresent } from "../../platform/disk/atomic-file.ts";
import { type Disk, DiskError, type DiskFile } from "../../platform/disk.ts";
import type { PayloadTarget } from "../types.ts";
import type { PayloadRef } from "./ref.ts";

/** Files that one reader keeps open. */
const OPEN_FILES_MAX = 32;

export function payloadDirectory(databaseFile: string): string {
  return `${databaseFile}-payload`;
}

export function payloadFile(directory: string, segment: number): string {
  return join(directory, `${String(segment).padStart(10, "0")}.seg`);
}

/** The number in a payload file's name; undefined for any other name. */
export function payloadSegment(name: string): number | undefined {
  return /^\d{10}\.seg$/.test(name) ? Number(name.slice(0, 10)) : undefined;
}

/** Payload files that are open for reading: the most recently used ones. */
export class OpenPayloadFiles {
  readonly #disk: Disk;
  readonly #directory: string;
  /** Open files by number, the least recently used first. */
  readonly #open = new Map<number, DiskFile>();
  /** The most recently used file: most reads ask for it again. */
  #newest: { readonly segment: number; readonly file: DiskFile } | undefined;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  /** The open file; undefined when there is no such file. @throws DiskError */
  get(segment: number): DiskFile | undefined {
    if (this.#newest?.segment === segment) return this.#newest.file;
    let file = this.#open.get(segment);
    if (file === undefined) {
      file = openIfPresent(this.#disk, payloadFile(this.#directory, segment), "read");
      if (file === undefined) return undefined;
      const oldest = this.#open.keys().next();
      if (this.#open.size >= OPEN_FILES_MAX && oldest.value !== undefined) this.forget(oldest.value);
    } else {
      this.#open.delete(segment);
    }
    this.#open.set(segment, file);
    this.#newest = { segment, file };
    return file;
  }

  forget(segment: number): void {
    const file = this.#open.get(segment);
    if (file === undefined) return;
    this.#open.delete(segment);
    if (this.#newest?.segment === segment) this.#newest = undefined;
    file.close();
  }

  close(): void {
    for (const segment of [...this.#open.keys()]) this.forget(segment);
  }
}

export class PayloadReader {
  readonly #files: OpenPayloadFiles;

  constructor(disk: Disk, directory: string) {
    this.#files = new OpenPayloadFiles(disk, directory);
  }

  /**
   * The payload; undefined when the file does not hold the payload, which was reclaimed or is damaged (the caller
   * knows).
   */
  read(ref: PayloadRef, target?: PayloadTarget): Uint8Array | undefined {
    const file = this.#files.get(ref.segment);
    if (file === undefined) return undefined;
    const bytes = target?.allocate(ref.length) ?? new Uint8Array(ref.length);
    if (file.pread(bytes, ref.offset) < ref.length || crc32(bytes) !== ref.crc) return undefined;
    target?.verified(ref.crc);
    return bytes;
  }

  /** The bytes as they are, with zeros for those that cannot be read. */
  readDamaged(ref: PayloadRef): Uint8Array {
    const bytes = new Uint8Array(ref.length);
    try {
      this.#files.get(ref.segment)?.pread(bytes, ref.offset);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
    return bytes;
  }

  forget(segment: number): void {
    this.#files.forget(segment);
  }

  close(): void {
    this.#files.close();
  }
}
