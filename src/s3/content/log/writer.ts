/**
 * Writes the bytes of one PUT, part or copy into the log (the path that stays as the fallback of chunks beside
 * the log).
 *
 * - up to the inline limit: one buffer, which the manifest's row carries as its payload;
 * - one batch of chunks: its rows go into the manifest's transaction;
 * - more: full batches are sent first. The first batch carries the row of the pending write, and later batches
 *   require the row. The last batch goes into the manifest's transaction, which also deletes the row.
 *
 * At most `BATCHES_IN_FLIGHT` batches are in flight while the next batch is filled. The second batch is sent only
 * after the first batch was applied: a proposal must not be applied before a repeated proposal that it depends on.
 */
import { crc32 } from "node:zlib";
import type { Clock } from "../../../platform/clock.ts";
import type { Random } from "../../../platform/random.ts";
import type { PutMutation } from "../../../store/types.ts";
import { encodeGarbage } from "../../../txn/garbage.ts";
import type { KvClient, KvGroup } from "../../../txn/types.ts";
import { transactUnchanged } from "../../records/guarded.ts";
import { attemptChunksPrefix, partChunksPrefix } from "../../records/keys.ts";
import { ADMISSION_UNIT_BYTES, type AdmissionProtocol, type PutAdmission } from "../admission.ts";
import { fill } from "../fill.ts";
import { fitsEntry } from "../fits-entry.ts";
import { abandonPendingWrite, PendingWrite, WRITE_ID_BYTES } from "../pending-writes.ts";
import type { ByteSource, Closing, ContentTarget, ContentWrite, WrittenContent } from "../types.ts";
import { Batch } from "./batch.ts";
import type { BatchPlan } from "./batcher.ts";

const BATCHES_IN_FLIGHT = 2;

export interface LogSinkDeps {
  readonly kv: KvClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly admission: PutAdmission;
  /** Id of this node, the same at every start. */
  readonly node: string;
  /** 8 bytes that identify this start of this node. */
  readonly origin: Uint8Array;
  /** Objects up to this many bytes are stored in the Raft entry of their manifest. */
  readonly inlineBytesMax: number;
}

/** The largest object that the row of its manifest carries: `limit`, when entries have space for it. */
export function inlineBytesMax(limit: number, kv: Pick<KvGroup, "maxTxnBytes">): number {
  return Math.min(limit, Math.floor(kv.maxTxnBytes / 4));
}

const NO_PART = new Uint8Array(0);

export class LogWrite implements ContentWrite {
  readonly #deps: LogSinkDeps;
  readonly #kv: KvGroup;
  readonly #plan: BatchPlan;
  readonly #chunksPerBatch: number;
  readonly #target: ContentTarget;
  readonly #protocol: AdmissionProtocol;
  readonly #signal: () => AbortSignal | undefined;
  /** Id of this write, in the keys of its chunks and of its pending write. */
  readonly #id: Uint8Array;
  readonly #prefix: Uint8Array;
  readonly #inFlight = new Set<Promise<void>>();
  /** Batches that must be released after every outcome. */
  readonly #batches = new Set<Batch>();
  /** Chunks that the current batch has space for. */
  #batchChunks = 0;
  #leave: (() => void) | undefined;
  #batch: Batch | undefined;
  #payload: Uint8Array | undefined;
  #first: Promise<void> | undefined;
  /** From the first batch that is sent ahead. */
  #pending: PendingWrite | undefined;
  #failure: { readonly error: unknown } | undefined;
  #chunks = 0;

  constructor(
    deps: LogSinkDeps,
    plan: BatchPlan,
    target: ContentTarget,
    protocol: AdmissionProtocol,
    signal: () => AbortSignal | undefined,
  ) {
    this.#deps = deps;
    this.#kv = deps.kv.group(target.ref.bucket);
    this.#plan = plan;
    // When admission has less space than one full batch, batches are smaller.
    const fitting = Math.max(1, Math.floor(deps.admission.capacityBytes / ADMISSION_UNIT_BYTES));
    this.#chunksPerBatch = Math.min(plan.chunksPerBatch, fitting);
    this.#target = target;
    this.#protocol = protocol;
    this.#signal = signal;
    this.#id = deps.random.bytes(WRITE_ID_BYTES);
    const { ref, key, part } = target;
    this.#prefix =
      part === undefined
        ? partChunksPrefix(ref, key, this.#id, 0, NO_PART)
        : partChunksPrefix(ref, key, part.upload, part.number, this.#id);
  }

  async write(source: ByteSource, length: number): Promise<WrittenContent> {
    if (this.#target.part === undefined && length <= inlineBytesMax(this.#deps.inlineBytesMax, this.#kv))
      return this.#writeInline(source, length);
    const { chunkBytes } = this.#plan;
    if (length > chunkBytes) this.#leave = this.#deps.admission.enterUpload(this.#protocol);
    for (let remaining = length; remaining > 0; ) {
      const size = Math.min(chunkBytes, remaining);
      if (this.#batch === undefined) {
        this.#batchChunks = this.#fairBatch();
        this.#batch = await this.#openBatch(Math.min(remaining, chunkBytes * this.#batchChunks));
      }
      const batch = this.#batch;
      const view = batch.space(size);
      const filled = await fill(source, view);
      if (filled > 0) batch.add(this.#prefix, this.#chunks++, view.subarray(0, filled));
      remaining = filled < size ? 0 : remaining - size;
      if (remaining > 0 && batch.chunks === this.#batchChunks) await this.#flush(source);
      this.#check();
    }
    this.#leaveAdmission();
    await Promise.all(this.#inFlight);
    this.#check();
    return { kind: "chunks", attempt: this.#id, chunkSize: chunkBytes };
  }

  async finish(row: Pick<PutMutation, "key" | "value">): Promise<Closing> {
    const put: PutMutation = { kind: "put", ...row, payload: this.#payload, garbage: this.#garbage() };
    const closing = this.#closing(put);
    if (this.#batch === undefined || fitsEntry(this.#kv, closing, put)) return closing;
    // Rarely the row does not fit beside the last batch: the last batch is then sent first.
    await this.#flush({ settled: () => Promise.resolve() });
    await Promise.all(this.#inFlight);
    this.#check();
    return this.#closing(put);
  }

  release(): void {
    for (const batch of this.#batches) batch.release();
    this.#batches.clear();
    this.#leaveAdmission();
  }

  /** The body is read, or will not be. */
  #leaveAdmission(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  async abandon(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    this.release();
    if (this.#first === undefined) return;
    try {
      await abandonPendingWrite(this.#kv, this.#id);
    } catch {
      // Without a leader, or with a full disk, the row stays, and the sweeper deletes the row later.
    }
  }

  #closing(put: PutMutation): Closing {
    const puts = this.#batch?.puts ?? [];
    if (this.#pending === undefined) return { guards: this.#target.guards, mutations: [...puts, put] };
    return { guards: this.#guards(this.#pending), mutations: [...puts, ...this.#pending.end(), put] };
  }

  /** The transactions after the first one require the row of the pending write. */
  #guards(pending: PendingWrite): Closing["guards"] {
    return pending.began ? [...this.#target.guards, pending.guard()] : this.#target.guards;
  }

  /** Garbage of the row: its chunks. */
  #garbage(): Uint8Array | undefined {
    if (this.#payload !== undefined) return undefined;
    const { ref, key, part } = this.#target;
    const prefix = part === undefined ? attemptChunksPrefix(ref, key, this.#id) : this.#prefix;
    return encodeGarbage([{ kind: "prefix", prefix }]);
  }

  async #writeInline(source: ByteSource, length: number): Promise<WrittenContent> {
    if (length === 0) {
      this.#payload = new Uint8Array(0);
      return { kind: "inline", payloadCrc32: 0 };
    }
    const batch = await this.#openBatch(length);
    const view = batch.space(length);
    const filled = await fill(source, view);
    // The bytes are the row's payload, not a chunk: the batch only holds buffer and permit.
    this.#payload = view.subarray(0, filled);
    return { kind: "inline", payloadCrc32: crc32(this.#payload) };
  }

  /** Chunks of the next batch: a full entry when few uploads share the budget, fewer chunks when many uploads do. */
  #fairBatch(): number {
    const share = Math.floor(this.#deps.admission.fairShare / (BATCHES_IN_FLIGHT + 1));
    return Math.max(1, Math.min(this.#chunksPerBatch, share));
  }

  /**
   * Acquires space for a whole batch, before any byte of the batch is read, and only when this upload has sent all
   * batches that it holds. So uploads that together fill the budget cannot wait for each other, and no buffer stays
   * half empty.
   */
  async #openBatch(bytes: number): Promise<Batch> {
    const { admission } = this.#deps;
    await this.#keepToShare();
    const permit =
      admission.tryAcquire(bytes) ?? (await admission.acquire(bytes, this.#protocol, this.#signal()));
    try {
      const batch = new Batch(this.#kv.allocate(bytes), permit);
      this.#batches.add(batch);
      return batch;
    } catch (error) {
      // The allocation failed: without the release, the budget would stay smaller until the node restarts.
      permit.release();
      throw error;
    }
  }

  /** When many uploads share the budget, waits until one of this upload's own batches is committed. */
  async #keepToShare(): Promise<void> {
    const chunks = this.#batchChunks;
    while (this.#inFlight.size > 0 && this.#batches.size * chunks + chunks > this.#deps.admission.fairShare) {
      await Promise.race(this.#inFlight);
      this.#check();
    }
  }

  async #flush(source: Pick<ByteSource, "settled">): Promise<void> {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    if (this.#first !== undefined) await this.#first;
    while (this.#inFlight.size >= BATCHES_IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#check();
    // Whether the hashing failed is asked for with the digests; nothing else may reject while the batch is committed.
    const hashed = source.settled().catch(() => {});
    const sent = this.#send(batch, hashed).catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#first ??= sent;
    this.#inFlight.add(sent);
    void sent.then(() => this.#inFlight.delete(sent));
  }

  async #send(batch: Batch, hashed: Promise<void>): Promise<void> {
    const content = { kind: "prefix", prefix: this.#prefix } as const;
    this.#pending ??= new PendingWrite(this.#deps, this.#id, this.#target, content);
    const guards = this.#guards(this.#pending);
    const mutations = [...this.#pending.renewal(), ...batch.puts];
    this.#pending.sent();
    try {
      await transactUnchanged(this.#kv, guards, mutations);
    } finally {
      // The final outcome is known, or the proposer has released the bytes; the hash may still read the bytes.
      await hashed;
      batch.release();
      this.#batches.delete(batch);
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
