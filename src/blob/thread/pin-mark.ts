/**
 * How long this node's pins may last, on disk: a node that starts has forgotten its pins, and deletes nothing before the
 * time of the log has passed the mark.
 */
import { readWholeFile, writeFileAtomically } from "../../platform/disk/atomic-file.ts";
import { type Disk, DiskError } from "../../platform/disk.ts";
import { BlobError } from "../types.ts";

/** Name of the file among the blobs. */
export const PIN_MARK = "pinned-until";

export interface PinMark {
  /** No pin that this data directory has granted lasts longer. Physical HLC milliseconds; 0: it has granted none. */
  readonly untilMs: number;
  /** Durable at the return. @throws BlobError DISK_FULL, IO */
  raise(untilMs: number): void;
}

export class FilePinMark implements PinMark {
  readonly #disk: Disk;
  readonly #path: string;
  #untilMs: number;

  /** @throws BlobError WRONG_FORMAT naming the file */
  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    const found = readWholeFile(disk, path);
    const text = found === undefined ? "0" : new TextDecoder().decode(found).trim();
    if (!/^\d{1,15}$/.test(text)) {
      throw new BlobError("WRONG_FORMAT", `${path}: ${JSON.stringify(text.slice(0, 40))} is no time`);
    }
    this.#untilMs = Number(text);
  }

  get untilMs(): number {
    return this.#untilMs;
  }

  raise(untilMs: number): void {
    if (untilMs <= this.#untilMs) return;
    try {
      writeFileAtomically(this.#disk, this.#path, `${untilMs}\n`);
    } catch (cause) {
      if (!(cause instanceof DiskError)) throw cause;
      throw new BlobError(cause.isFull ? "DISK_FULL" : "IO", `${this.#path}: ${cause.message}`, { cause });
    }
    this.#untilMs = untilMs;
  }
}
