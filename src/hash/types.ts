/**
 * Hashing of bodies, inline for small ones and in hash Workers for large ones.
 *
 * - `pool.ts`    `class HashPool` implements `HashService`; runs Workers through an injected `spawn`, or inline.
 * - `crc.ts`     incremental CRC-64/NVME.
 * - `wasm.ts`    CRC-32C, XXH64, XXH3-64, XXH3-128; to be loaded first (`hashersReady` of `hashers.ts`).
 * - `combine.ts` `crcCombine(algorithm, a, b, lengthOfB)`: the CRC of A followed by B, without reading either.
 */

export type HashAlgorithm =
  | "md5"
  | "sha512"
  | "sha256"
  | "sha1"
  | "crc32"
  | "crc32c"
  | "crc64nvme"
  | "xxhash64"
  | "xxhash3"
  | "xxhash128";

/**
 * Digests by algorithm, big-endian bytes: md5 16, sha1 20, sha256 32, sha512 64, crc32 and crc32c 4, crc64nvme 8, xxhash64
 * (XXH64) and xxhash3 (XXH3-64) 8, xxhash128 (XXH3-128) 16; XXH with seed 0.
 */
export type Digests = Partial<Record<HashAlgorithm, Uint8Array>>;

/** One body. Calls are made one after the other; the order of updates is the order of the bytes. */
export interface HashStream {
  /**
   * Adds `view`. Resolves when there is space for more, which may be before it was hashed: the bytes must not change
   * until `settled()` has resolved (or `digest()`). Views over SharedArrayBuffer are shared with the Worker, others
   * are copied. The common case (inline) returns undefined instead of a promise.
   */
  update(view: Uint8Array): Promise<void> | undefined;
  /** Resolves when everything passed to `update` so far has been hashed: its buffers may be reused. */
  settled(): Promise<void>;
  /** SHA-256 of the bytes since the last cut (or the start). Only when the stream was made with `cuts`. Waits for
   *  nothing: further updates may follow before it resolves. */
  cut(): Promise<Uint8Array>;
  /** Ends the stream. @throws HashError when the Worker died. */
  digest(): Promise<Digests>;
  /** Ends the stream without a result. May be called at any time, any number of times. */
  abort(): void;
}

export interface HashService {
  /** `expectedLength` decides where it runs (<= 64 KiB: inline, synchronously); undefined = unknown, so large.
   *  `cuts`: also keep a running SHA-256 for `cut()`. */
  open(
    algorithms: readonly HashAlgorithm[],
    expectedLength: number | undefined,
    options?: { readonly cuts?: boolean },
  ): HashStream;
}

/** The hash Worker died or the pool was closed: the digests of this stream are lost. */
export class HashError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HashError";
  }
}
