import {
  DIRECT_BLOCK_BYTES,
  DiskError,
  type DiskFile,
  type DiskOperation,
} from "../../../src/platform/disk.ts";
import type { Random } from "../../../src/platform/random.ts";
import type { SimulatedContent } from "./content.ts";

/** Granularity in which a write on a full disk gives up. */
const SPACE_STEP_BYTES = 512;

/** When an operation begins and is done, on the clock of `SimulatedDiskOptions.time`. */
export interface OperationTime {
  readonly begins: number;
  readonly done: number;
}

/** What an open file may do with its disk. */
export interface FileAccess {
  readonly content: SimulatedContent;
  readonly random: Random;
  enter(operation: DiskOperation, bytes: number, onFault?: (time: OperationTime) => void): OperationTime;
  touch(): void;
  freeBytes(): number;
  /** The error of an operation that finds no space. */
  full(operation: DiskOperation): DiskError;
}

export class SimulatedFile implements DiskFile {
  readonly path: string;
  readonly #access: FileAccess;
  readonly #readOnly: boolean;
  #closed = false;

  constructor(access: FileAccess, path: string, readOnly: boolean) {
    this.#access = access;
    this.path = path;
    this.#readOnly = readOnly;
  }

  pread(target: Uint8Array, position: number): number {
    this.#enter("pread", target.byteLength);
    return this.#access.content.read(target, position);
  }

  pwrite(bytes: Uint8Array, position: number): void {
    this.pwritev([bytes], position);
  }

  pwritev(buffers: readonly Uint8Array[], position: number): void {
    let total = 0;
    for (const buffer of buffers) total += buffer.byteLength;
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const buffer of buffers) {
      bytes.set(buffer, at);
      at += buffer.byteLength;
    }
    const { content, random, touch } = this.#access;
    this.#requireWritable("pwrite");
    // A write that fails has done part of its work.
    const { begins } = this.#enter("pwrite", total, (time) =>
      content.write(bytes.subarray(0, random.nextInt(total + 1)), position, time.begins),
    );
    const fits = this.#fitting(position, total);
    content.write(bytes.subarray(0, fits), position, begins);
    touch();
    if (fits < total) throw this.#access.full("pwrite");
  }

  /** A direct write promises no more than any other. */
  pwritevDirect(buffers: readonly Uint8Array[], position: number): void {
    for (const bytes of [position, ...buffers.map((buffer) => buffer.byteLength)]) {
      if (bytes % DIRECT_BLOCK_BYTES !== 0) throw new RangeError(`a direct write of ${bytes} bytes`);
    }
    this.pwritev(buffers, position);
  }

  datasync(): void {
    const { content, random } = this.#access;
    const { done } = this.#enter("datasync", 0, (time) => content.failSync(random, time.done));
    content.sync(done);
  }

  preallocate(bytes: number): void {
    this.#requireWritable("preallocate");
    const { begins } = this.#enter("preallocate", bytes);
    const { content, freeBytes, full } = this.#access;
    if (bytes - content.allocatedBytes > freeBytes()) throw full("preallocate");
    content.reserve(bytes, begins);
  }

  reserve(position: number, bytes: number): boolean {
    this.#requireWritable("reserve");
    this.#enter("reserve", bytes);
    const { content, freeBytes } = this.#access;
    if (position + bytes - content.allocatedBytes > freeBytes()) return false;
    content.reserveBlocks(position + bytes);
    return true;
  }

  punchHole(position: number, bytes: number): boolean {
    this.#requireWritable("punchHole");
    const { begins } = this.#enter("punchHole", bytes);
    this.#access.content.punch(position, bytes, begins);
    return true;
  }

  truncate(bytes: number): void {
    this.#requireWritable("truncate");
    const { begins } = this.#enter("truncate", 0);
    this.#access.content.truncate(bytes, begins);
  }

  size(): number {
    this.#enter("size", 0);
    return this.#access.content.size;
  }

  forget(): void {
    this.#access.content.dropClean();
  }

  close(): void {
    this.#closed = true;
  }

  #enter(operation: DiskOperation, bytes: number, onFault?: (time: OperationTime) => void): OperationTime {
    if (this.#closed) throw new DiskError("EBADF", this.path, operation, "the file is closed");
    return this.#access.enter(operation, bytes, onFault);
  }

  #requireWritable(operation: DiskOperation): void {
    if (this.#readOnly)
      throw new DiskError("EBADF", this.path, operation, "the file is open for reading only");
  }

  /** Bytes of a write that still find space, up to a page boundary. */
  #fitting(position: number, length: number): number {
    const { content, freeBytes } = this.#access;
    const free = freeBytes();
    if (content.growth(position, length) <= free) return length;
    let fits = length;
    while (fits > 0 && content.growth(position, fits) > free) fits = Math.max(0, fits - SPACE_STEP_BYTES);
    return fits;
  }
}
