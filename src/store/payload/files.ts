/** Names of payload files, and reading them. Writing is in payload-writer.ts. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { PayloadTarget } from "../types.ts";
import type { PayloadRef } from "./ref.ts";

/** Files one reader keeps open. */
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

function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

export class PayloadReader {
  readonly #directory: string;
  /** Least recently used first. */
  readonly #open = new Map<number, number>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The payload; undefined when the file no longer holds it: it was reclaimed, or it is damaged (the caller knows). */
  read(ref: PayloadRef, target?: PayloadTarget): Uint8Array | undefined {
    const fd = this.#descriptor(ref.segment);
    if (fd === undefined) return undefined;
    const bytes = target?.allocate(ref.length) ?? new Uint8Array(ref.length);
    let filled = 0;
    while (filled < ref.length) {
      const n = readSync(fd, bytes, filled, ref.length - filled, ref.offset + filled);
      if (n === 0) return undefined;
      filled += n;
    }
    if (crc32(bytes) !== ref.crc) return undefined;
    target?.verified(ref.crc);
    return bytes;
  }

  #descriptor(segment: number): number | undefined {
    let fd = this.#open.get(segment);
    if (fd === undefined) {
      try {
        fd = openSync(payloadFile(this.#directory, segment), "r");
      } catch (error) {
        if (errorCode(error) === "ENOENT") return undefined;
        throw error;
      }
      const oldest = this.#open.keys().next();
      if (this.#open.size >= OPEN_FILES_MAX && oldest.value !== undefined) this.forget(oldest.value);
    } else {
      this.#open.delete(segment);
    }
    this.#open.set(segment, fd);
    return fd;
  }

  forget(segment: number): void {
    const fd = this.#open.get(segment);
    if (fd === undefined) return;
    this.#open.delete(segment);
    closeSync(fd);
  }

  close(): void {
    for (const segment of [...this.#open.keys()]) this.forget(segment);
  }
}
