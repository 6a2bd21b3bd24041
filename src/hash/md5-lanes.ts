/**
 * MD5 of several streams at once (md5-module.ts). What a stream brings waits a little for the other streams, so that lanes are full:
 * with four streams MD5 takes 0.4 of the native one's CPU, with one it takes 1.1 (test/hash/speed.ts).
 */
import type { Timers } from "../platform/timers.ts";
import { BLOCK_BYTES, INPUT_AT, LANE_BYTES, LANES, md5Module, STATE_AT } from "./md5-module.ts";

/** RFC 1321, section 3.3. */
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476] as const;
/**
 * A stream waits so long at most for others, and only for those that had something in the run before or have something now: one that has
 * stopped sending costs this once.
 */
const WAIT_MS = 20;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly four: (blocks: number) => void;
  readonly one: (blocks: number, lane: number) => void;
}

interface Update {
  readonly view: Uint8Array;
  /** Bytes of `view` that are hashed. */
  at: number;
  readonly done: () => void;
}

export class Md5Stream {
  readonly words = new Uint32Array(INITIAL);
  /** The beginning of a block that is not complete. */
  readonly tail = new Uint8Array(BLOCK_BYTES);
  tailBytes = 0;
  totalBytes = 0;
  readonly updates: Update[] = [];
}

export class Md5Lanes {
  readonly #timers: Pick<Timers, "later">;
  readonly #exports: Exports;
  readonly #state: Uint32Array;
  readonly #input: Uint8Array;
  /** Streams that had updates in the last run, and streams that have some. */
  #active = new Set<Md5Stream>();
  /** Streams with updates. */
  readonly #waiting = new Set<Md5Stream>();
  #cancel: (() => void) | undefined;

  private constructor(timers: Pick<Timers, "later">, exports: Exports) {
    this.#timers = timers;
    this.#exports = exports;
    this.#state = new Uint32Array(exports.memory.buffer, STATE_AT, LANES * INITIAL.length);
    this.#input = new Uint8Array(exports.memory.buffer, INPUT_AT, LANES * LANE_BYTES);
  }

  /** Takes some 60 ms the first time. undefined where WebAssembly has no SIMD, as on x86 processors without AVX. */
  static create(timers: Pick<Timers, "later">): Md5Lanes | undefined {
    const bytes = md5Module();
    if (!WebAssembly.validate(bytes)) return undefined;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    return new Md5Lanes(timers, exports as unknown as Exports);
  }

  open(): Md5Stream {
    return new Md5Stream();
  }

  /** @param done called when `view` is no longer read, perhaps during the call */
  update(stream: Md5Stream, view: Uint8Array, done: () => void): void {
    stream.updates.push({ view, at: 0, done });
    stream.totalBytes += view.length;
    this.#waiting.add(stream);
    this.#active.add(stream);
    if (this.#waiting.size >= Math.min(LANES, this.#active.size)) this.run();
    else this.#cancel ??= this.#timers.later(() => this.run(), WAIT_MS);
  }

  /** Hashes everything that waits. */
  run(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#active = new Set(this.#waiting);
    while (this.#waiting.size > 0) this.#step();
  }

  /** Ends the stream. */
  digest(stream: Md5Stream): Uint8Array {
    if (stream.updates.length > 0) this.run();
    this.#active.delete(stream);
    // RFC 1321, section 3.1 and 3.2.
    const fill = stream.tailBytes < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    const padded = new Uint8Array(fill);
    padded.set(stream.tail.subarray(0, stream.tailBytes));
    padded[stream.tailBytes] = 0x80;
    new DataView(padded.buffer).setBigUint64(fill - 8, BigInt(stream.totalBytes) * 8n, true);
    this.#compress([stream], [padded], fill / BLOCK_BYTES);
    const digest = new Uint8Array(16);
    const view = new DataView(digest.buffer);
    for (const [i, word] of stream.words.entries()) view.setUint32(4 * i, word, true);
    return digest;
  }

  /** Ends the stream without a digest. */
  abort(stream: Md5Stream): void {
    this.#active.delete(stream);
    this.#waiting.delete(stream);
    for (const { done } of stream.updates.splice(0)) done();
  }

  /** As many blocks of as many streams as fit. */
  #step(): void {
    const streams: Md5Stream[] = [];
    const inputs: Uint8Array[] = [];
    let bytes = LANE_BYTES;
    for (const stream of this.#waiting) {
      const input = this.#blocksOf(stream);
      if (input === undefined) continue;
      bytes = Math.min(bytes, input.length);
      if (streams.push(stream) && inputs.push(input) === LANES) break;
    }
    if (streams.length === 0) return;
    this.#compress(
      streams,
      inputs.map((input) => input.subarray(0, bytes)),
      bytes / BLOCK_BYTES,
    );
    for (const stream of streams) this.#advance(stream, bytes);
  }

  /** Whole blocks of the first update; undefined when the update has none any more. */
  #blocksOf(stream: Md5Stream): Uint8Array | undefined {
    const update = stream.updates[0];
    if (update === undefined) return undefined;
    const { view } = update;
    if (stream.tailBytes > 0) {
      const part = view.subarray(update.at, update.at + BLOCK_BYTES - stream.tailBytes);
      stream.tail.set(part, stream.tailBytes);
      stream.tailBytes += part.length;
      if (stream.tailBytes === BLOCK_BYTES) {
        this.#compress([stream], [stream.tail], 1);
        stream.tailBytes = 0;
      }
      this.#advance(stream, part.length);
      if (stream.updates[0] !== update) return undefined;
    }
    const left = view.length - update.at;
    if (left >= BLOCK_BYTES) return view.subarray(update.at, view.length - (left % BLOCK_BYTES));
    stream.tail.set(view.subarray(update.at));
    stream.tailBytes = left;
    this.#advance(stream, left);
    return undefined;
  }

  #advance(stream: Md5Stream, bytes: number): void {
    const update = stream.updates[0];
    if (update === undefined) return;
    update.at += bytes;
    if (update.at < update.view.length) return;
    stream.updates.shift();
    if (stream.updates.length === 0) this.#waiting.delete(stream);
    update.done();
  }

  #compress(streams: readonly Md5Stream[], inputs: readonly Uint8Array[], blocks: number): void {
    for (const [lane, { words }] of streams.entries()) {
      for (let i = 0; i < INITIAL.length; i++) this.#state[LANES * i + lane] = words[i] as number;
      this.#input.set(inputs[lane] as Uint8Array, lane * LANE_BYTES);
    }
    if (streams.length === 1) this.#exports.one(blocks, 0);
    else this.#exports.four(blocks);
    for (const [lane, { words }] of streams.entries()) {
      for (let i = 0; i < INITIAL.length; i++) words[i] = this.#state[LANES * i + lane] as number;
    }
  }
}
