/**
 * Writes the bytes of one PUT, part or copy as blobs: chunks beside the log, named by their SHA-256.
 *
 * Each chunk gets admission before it is read, is hashed in the hash pool and stored, and gives memory and admission
 * back at the outcome of its own store. Several chunks of a write are stored at once. References to stored chunks go
 * in transactions of at most `REFERENCES_PER_ENTRY`: the last ones with the manifest, full batches ahead of it. The
 * first batch ahead carries the row of the pending write, and all later transactions require that row.
 */
import type { HashService } from "../../../hash/types.ts";
import type { Clock } from "../../../platform/clock.ts";
import type { Random } from "../../../platform/random.ts";
import type { Timers } from "../../../platform/timers.ts";
import type { PutMutation } from "../../../store/types.ts";
import { encodeGarbage, type GarbageItem } from "../../../txn/garbage.ts";
import { REFERENCES_PER_ENTRY } from "../../../txn/references.ts";
import type { KvClient, KvGroup, PayloadBuffer } from "../../../txn/types.ts";
import { transactUnchanged } from "../../records/guarded.ts";
import { attemptReferencesPrefix, partReferencesPrefix } from "../../records/keys.ts";
import type { AdmissionProtocol, Permit, PutAdmission } from "../admission.ts";
import { fill } from "../fill.ts";
import { fitsEntry } from "../fits-entry.ts";
import { abandonPendingWrite, PendingWrite, WRITE_ID_BYTES } from "../pending-writes.ts";
import type {
  ByteSource,
  Closing,
  ContentTarget,
  ContentWrite,
  ExtentRange,
  WrittenContent,
} from "../types.ts";
import { sharedChunks } from "./adoption.ts";
import { answerFor } from "./failures.ts";
import type { BlobService } from "./types.ts";
import { blobGuards, referenceMutations, type StoredChunk, Unreferenced } from "./unreferenced.ts";

/** A write stores at most this many chunks at once: more would not store faster, and would take more memory. */
const CHUNKS_IN_FLIGHT_MAX = 16;
/** Stored chunks do not wait longer than this for a reference, however slowly the client sends. */
const UNREFERENCED_MS_MAX = 60_000;
/** A write that stores faster than its references are committed waits at this many unreferenced chunks. */
const UNREFERENCED_MAX = 2 * REFERENCES_PER_ENTRY;
/** Time for which the nodes keep a blob that has no reference yet (docs/decisions/096-s3-path-of-blobs.md). */
const PIN_MS = 15 * 60 * 1000;

export interface BlobSinkDeps {
  readonly kv: KvClient;
  readonly blobs: BlobService;
  readonly hashes: HashService;
  readonly clock: Clock;
  readonly timers: Pick<Timers, "later">;
  readonly random: Random;
  readonly admission: PutAdmission;
  /** Id of this node, the same at every start. */
  readonly node: string;
  /** 8 bytes that identify this start of this node. */
  readonly origin: Uint8Array;
  /** Bytes of every chunk but the last, of whole objects. */
  readonly chunkBytes: number;
  readonly pinMs?: number;
}

/** A chunk in memory, with its admission. */
interface HeldChunk {
  readonly buffer: PayloadBuffer;
  readonly permit: Permit;
}

export class BlobWrite implements ContentWrite {
  readonly #deps: BlobSinkDeps;
  readonly #kv: KvGroup;
  readonly #target: ContentTarget;
  readonly #protocol: AdmissionProtocol;
  readonly #signal: () => AbortSignal | undefined;
  /** Id of this write, in the keys of its references and of its pending write. */
  readonly #id: Uint8Array;
  readonly #prefix: Uint8Array;
  readonly #pending: PendingWrite;
  readonly #held = new Set<HeldChunk>();
  readonly #storing = new Set<Promise<void>>();
  readonly #unreferenced = new Unreferenced();
  #chunkSize: number;
  /** Bytes of the source that no chunk holds yet. */
  #unread = 0;
  #overdue = false;
  #cancelTimer: (() => void) | undefined;
  #referencing: Promise<void> | undefined;
  #leave: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    deps: BlobSinkDeps,
    target: ContentTarget,
    protocol: AdmissionProtocol,
    signal: () => AbortSignal | undefined,
  ) {
    this.#deps = deps;
    this.#kv = deps.kv.group(target.ref.bucket);
    this.#target = target;
    this.#protocol = protocol;
    this.#signal = signal;
    this.#id = deps.random.bytes(WRITE_ID_BYTES);
    const { ref, key, part } = target;
    this.#chunkSize = part?.chunkSize ?? deps.chunkBytes;
    this.#prefix =
      part === undefined
        ? partReferencesPrefix(ref, key, this.#id)
        : partReferencesPrefix(ref, key, part.upload, part.number, this.#id);
    this.#pending = new PendingWrite(deps, this.#id, target, { kind: "references", prefix: this.#prefix });
  }

  async write(source: ByteSource, length: number): Promise<WrittenContent> {
    const chunkSize = this.#chunkSize;
    if (length > chunkSize) this.#leave ??= this.#deps.admission.enterUpload(this.#protocol);
    this.#unread = length;
    for (let number = 0; this.#unread > 0; number++) {
      const size = Math.min(chunkSize, this.#unread);
      await this.#keepToShare();
      const chunk = await this.#openChunk(size);
      const view = chunk.buffer.bytes.subarray(0, size);
      const filled = await fill(source, view);
      this.#unread = filled < size ? 0 : this.#unread - size;
      // Whether the hashing of the body failed is asked for with the digests.
      if (filled > 0) this.#start(chunk, view.subarray(0, filled), number, source.settled().catch(ignore));
      else this.#giveBack(chunk);
    }
    this.#leaveAdmission();
    await Promise.all(this.#storing);
    return this.#written(chunkSize);
  }

  async adopt(ranges: readonly ExtentRange[]): Promise<WrittenContent | undefined> {
    const chunks = sharedChunks(ranges, this.#target.part?.chunkSize);
    if (chunks === undefined || !ranges.every((range) => this.#sameGroup(range))) return undefined;
    for (let number = 0; number < chunks.keys.length; number++) {
      const reference = await chunks.read(this.#kv, number);
      if (reference === undefined) {
        // The caller reads the bytes, which shows what is wrong with the source.
        this.#unreferenced.clear();
        return undefined;
      }
      this.#unreferenced.add({ ...reference, number, pinUntilMs: undefined });
      if (this.#unreferenced.size > REFERENCES_PER_ENTRY) await this.#referenceNext();
    }
    this.#chunkSize = chunks.chunkSize;
    return this.#written(chunks.chunkSize);
  }

  async finish(row: Pick<PutMutation, "key" | "value">): Promise<Closing> {
    const put: PutMutation = { kind: "put", ...row, garbage: encodeGarbage([this.#garbage()]) };
    let closing = this.#closing(put);
    while (this.#unreferenced.size > 0 && !fitsEntry(this.#kv, closing, put)) {
      // Rarely the row does not fit beside the last references: these are then sent first.
      await this.#referenceNext();
      closing = this.#closing(put);
    }
    return closing;
  }

  async abandon(): Promise<void> {
    this.#stopTimer();
    // No transaction with references begins after this.
    this.#fail(new Error("the write was abandoned"));
    await Promise.all(this.#storing);
    await this.#referencing;
    this.release();
    // Stored blobs without a reference are deleted after the end of their pins.
    if (!this.#pending.began) return;
    try {
      await abandonPendingWrite(this.#kv, this.#id);
    } catch {
      // Without a leader, or with a full disk, the row stays, and the sweeper deletes the row later.
    }
  }

  release(): void {
    this.#stopTimer();
    for (const chunk of [...this.#held]) this.#giveBack(chunk);
    this.#leaveAdmission();
  }

  /** The body is read, or will not be: what is stored of it may wait for its transaction beside many others. */
  #leaveAdmission(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  // ---- chunks ---------------------------------------------------------------------------------------------------

  /** Waits until this write stores fewer chunks than its share, and until its references are not far behind. */
  async #keepToShare(): Promise<void> {
    const share = Math.min(CHUNKS_IN_FLIGHT_MAX, this.#deps.admission.fairShare);
    while (this.#storing.size >= share) await Promise.race(this.#storing);
    while (this.#unreferenced.size >= UNREFERENCED_MAX && this.#failure === undefined) {
      this.#referenceDue();
      await this.#referencing;
    }
    this.#check();
  }

  /**
   * Acquires space for a chunk before any byte of the chunk is read. All chunks that this write holds are being stored
   * and need nothing more from admission, so writes that together fill the budget cannot wait for each other.
   */
  async #openChunk(size: number): Promise<HeldChunk> {
    const { admission, blobs } = this.#deps;
    const permit =
      admission.tryAcquire(size) ?? (await admission.acquire(size, this.#protocol, this.#signal()));
    try {
      const chunk = { buffer: blobs.allocate(size), permit };
      this.#held.add(chunk);
      return chunk;
    } catch (error) {
      permit.release();
      throw error;
    }
  }

  #giveBack(chunk: HeldChunk): void {
    if (!this.#held.delete(chunk)) return;
    chunk.buffer.release();
    chunk.permit.release();
  }

  #start(chunk: HeldChunk, view: Uint8Array, number: number, hashed: Promise<void>): void {
    const stored = this.#store(view, number)
      .catch((error: unknown) => this.#fail(error))
      // The body's hash may read the bytes for longer.
      .then(() => hashed)
      .then(() => this.#giveBack(chunk));
    this.#storing.add(stored);
    void stored.then(() => this.#storing.delete(stored));
  }

  async #store(view: Uint8Array, number: number): Promise<void> {
    const { blobs, hashes, pinMs = PIN_MS } = this.#deps;
    const hash = hashes.open(["sha256"], view.byteLength);
    void hash.update(view);
    const { sha256 } = await hash.digest();
    if (sha256 === undefined) throw new Error("a chunk was not hashed");
    // The chunk may have taken long to arrive, while nobody else wrote.
    const refreshed = blobs.refresh();
    if (refreshed !== undefined) await refreshed;
    const pinUntilMs = blobs.nowMs + pinMs;
    await blobs.store(sha256, view, pinUntilMs);
    const size = view.byteLength;
    this.#unreferenced.add({ number, sha256, size, source: blobs.node, pinUntilMs });
    if (this.#failure !== undefined) return;
    this.#cancelTimer ??= this.#deps.timers.later(
      () => {
        this.#cancelTimer = undefined;
        this.#overdue = true;
        this.#referenceDue();
      },
      Math.min(UNREFERENCED_MS_MAX, pinMs / 4),
    );
    this.#referenceDue();
  }

  // ---- references -----------------------------------------------------------------------------------------------

  /** Sends full batches of references ahead, and every reference that has waited for too long. */
  #referenceDue(): void {
    if (this.#referencing !== undefined || this.#failure !== undefined || !this.#isDue()) return;
    const run = async (): Promise<void> => {
      while (this.#failure === undefined && this.#isDue()) await this.#referenceNext();
      this.#overdue = false;
    };
    this.#referencing = run()
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#referencing = undefined;
      });
  }

  /** A batch that the manifest can carry does not go ahead: an object of up to one batch is one transaction. */
  #isDue(): boolean {
    const { size } = this.#unreferenced;
    if (this.#overdue) return size > 0;
    return size > REFERENCES_PER_ENTRY || (size === REFERENCES_PER_ENTRY && this.#unread > 0);
  }

  async #referenceNext(): Promise<void> {
    for (let limit = REFERENCES_PER_ENTRY; ; limit = Math.ceil(limit / 2)) {
      const chunks = this.#unreferenced.first(limit);
      const guards = [...this.#guards(), ...blobGuards(chunks)];
      const mutations = [...this.#pending.renewal(), ...referenceMutations(this.#prefix, chunks)];
      const conditions = guards.map((guard) => guard.condition);
      const fits = this.#kv.encodedSize({ conditions, mutations }) <= this.#kv.maxTxnBytes;
      if (!fits && limit > 1) continue;
      this.#pending.sent();
      await transactUnchanged(this.#kv, guards, mutations);
      this.#unreferenced.remove(chunks);
      return;
    }
  }

  async #written(chunkSize: number): Promise<WrittenContent> {
    this.#stopTimer();
    await this.#referencing;
    while (this.#failure === undefined && this.#unreferenced.size > REFERENCES_PER_ENTRY) {
      await this.#referenceNext();
    }
    this.#check();
    return { kind: "blobs", attempt: this.#id, chunkSize };
  }

  #closing(put: PutMutation): Closing {
    const rest: readonly StoredChunk[] = this.#unreferenced.first(REFERENCES_PER_ENTRY);
    const references = referenceMutations(this.#prefix, rest);
    return {
      guards: [...this.#guards(), ...blobGuards(rest)],
      mutations: [...references, ...this.#pending.end(), put],
    };
  }

  #guards(): Closing["guards"] {
    return this.#pending.began ? [...this.#target.guards, this.#pending.guard()] : this.#target.guards;
  }

  /** Garbage of the row: its references. */
  #garbage(): GarbageItem {
    const { ref, key, part } = this.#target;
    const prefix = part === undefined ? attemptReferencesPrefix(ref, key, this.#id) : this.#prefix;
    return { kind: "references", prefix };
  }

  #sameGroup({ extent }: ExtentRange): boolean {
    return this.#deps.kv.group(extent.ref.bucket) === this.#kv;
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error: answerFor(error, this.#deps.random, true) };
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function ignore(): void {}
