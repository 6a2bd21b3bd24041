/** Blobs in a map, which can fail, wait and lose what they hold. */
import { type BlobMemory, type BlobService, BlobServiceError } from "../../../src/s3/content/blobs/types.ts";
import type { Reference } from "../../../src/txn/references.ts";
import type { PayloadBuffer } from "../../../src/txn/types.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export class FakeBlobs implements BlobService {
  readonly held = new Map<string, Uint8Array>();
  open = true;
  nowMs = Date.UTC(2026, 10, 21, 8, 0, 0);
  node = 7;
  /** Memory that was not given back yet, and the most of it at one time. */
  buffers = 0;
  buffersMax = 0;
  /** Calls of `store`, their bytes, and how many of them ran at one time. */
  stores = 0;
  storedBytes = 0;
  storing = 0;
  storingMax = 0;
  reads = 0;
  /** Runs before a store is done, with its ordinal from 1; may wait, or throw. */
  beforeStore: ((ordinal: number) => Promise<void> | void) | undefined;
  /** Runs before a read. */
  beforeRead: ((reference: Reference) => Promise<void> | void) | undefined;

  refresh(): undefined {}

  allocate(bytes: number): PayloadBuffer {
    this.buffers++;
    this.buffersMax = Math.max(this.buffersMax, this.buffers);
    let released = false;
    const memory = new Uint8Array(new SharedArrayBuffer(bytes));
    return {
      bytes: memory,
      release: () => {
        if (released) throw new Error("memory of a blob was released twice");
        released = true;
        this.buffers--;
        // A reader of released memory sees it.
        memory.fill(0xdd);
      },
    };
  }

  async store(sha256: Uint8Array, bytes: Uint8Array, _pinUntilMs: number): Promise<void> {
    const ordinal = ++this.stores;
    this.storing++;
    this.storingMax = Math.max(this.storingMax, this.storing);
    try {
      await this.beforeStore?.(ordinal);
      if (hex(new Bun.CryptoHasher("sha256").update(bytes).digest()) !== hex(sha256)) {
        throw new Error("the bytes of a blob do not have its SHA-256");
      }
      this.storedBytes += bytes.byteLength;
      this.held.set(hex(sha256), Uint8Array.from(bytes));
    } finally {
      this.storing--;
    }
  }

  async read(reference: Reference, memory: BlobMemory): Promise<Uint8Array> {
    this.reads++;
    await this.beforeRead?.(reference);
    const bytes = this.held.get(hex(reference.sha256));
    if (bytes === undefined) throw new BlobServiceError("NOT_FOUND", "no node holds the blob");
    const target = memory.allocate(bytes.byteLength);
    target.set(bytes);
    return target;
  }
}
