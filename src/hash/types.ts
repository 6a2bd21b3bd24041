/**
 * Hashing of bodies: small bodies inline, large bodies in hash Workers.
 *
 * - `pool.ts`    `class HashPool` implements `HashService`; runs Workers through an injected `spawn`, or inline.
 * - `crc.ts`     incremental CRC-64/NVME.
 * - `wasm.ts`    CRC-32C, XXH64, XXH3-64, XXH3-128; to be loaded first (`hashersReady` of `hashers.ts`).
 * - `combine.ts` `crcCombine(algorithm, a, b, lengthOfB)`: the CRC of A followed by B, without reading A or B.
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
   * Adds `view`. Resolves when there is space for more, possibly before `view` is hashed: the bytes must not change
   * until `settled()` (or `digest()`) has resolved. Views over SharedArrayBuffer are shared with the Worker, other
   * views are copied. Returns undefined instead of a promise when there is space already (always when inline).
   */
  update(view: Uint8Array): Promise<void> | undefined;
  /** Resolves when all bytes passed to `update` so far are hashed: the caller may reuse the buffers. */
  settled(): Promise<void>;
  /**
   * SHA-256 of the bytes since the last cut (or the start). Only when the stream was made with `cuts`. Further
   * updates may follow before the promise resolves.
   */
  cut(): Promise<Uint8Array>;
  /** Ends the stream. @throws HashError when the Worker died. */
  digest(): Promise<Digests>;
  /** Ends the stream without a result. May be called at any time, any number of times. */
  abort(): void;
}

export interface HashService {
  /**
   * `expectedLength` decides where the stream runs (<= 64 KiB: inline, synchronously); undefined = unknown, so large.
   * `cuts`: the stream also keeps a running SHA-256 for `cut()`.
   */
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
