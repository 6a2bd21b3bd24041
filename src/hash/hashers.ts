/** Synchronous hashers: one object for each running hash. */
import { crc32 } from "node:zlib";
import { Crc64Nvme } from "./crc.ts";
import type { Digests, HashAlgorithm } from "./types.ts";
import { WasmHasher, wasmReady } from "./wasm.ts";

/** Resolves when hashers of every algorithm can be made in this thread. */
export const hashersReady: Promise<void> = wasmReady;

export interface Hasher {
  update(view: Uint8Array): void;
  /** Ends the hasher. */
  digest(): Uint8Array;
}

/** @throws Error before `hashersReady` has resolved */
export function createHasher(algorithm: HashAlgorithm): Hasher {
  switch (algorithm) {
    case "md5":
    case "sha1":
    case "sha256":
    case "sha512":
      return new NativeHasher(algorithm);
    case "crc32":
      return new Crc32Hasher();
    case "crc64nvme":
      return new Crc64Nvme();
    case "crc32c":
    case "xxhash64":
    case "xxhash3":
    case "xxhash128":
      return new WasmHasher(algorithm);
  }
}

class NativeHasher implements Hasher {
  readonly #hasher: Bun.CryptoHasher;

  constructor(algorithm: "md5" | "sha1" | "sha256" | "sha512") {
    this.#hasher = new Bun.CryptoHasher(algorithm);
  }

  update(view: Uint8Array): void {
    this.#hasher.update(view);
  }

  digest(): Uint8Array {
    return new Uint8Array(this.#hasher.digest());
  }
}

class Crc32Hasher implements Hasher {
  #crc = 0;

  update(view: Uint8Array): void {
    this.#crc = crc32(view, this.#crc);
  }

  digest(): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, this.#crc);
    return bytes;
  }
}

/** Several hashes over the same bytes, in cache-sized steps so that memory is read once. */
export class HasherSet {
  readonly #names: readonly HashAlgorithm[];
  readonly #hashers: readonly Hasher[];
  readonly #cuts: boolean;
  #cut: Hasher | undefined;

  constructor(algorithms: readonly HashAlgorithm[], cuts: boolean) {
    this.#names = [...new Set(algorithms)];
    this.#hashers = this.#names.map(createHasher);
    this.#cuts = cuts;
  }

  update(view: Uint8Array): void {
    for (let at = 0; at < view.length; at += STEP_BYTES) {
      const step = view.length <= STEP_BYTES ? view : view.subarray(at, at + STEP_BYTES);
      for (const hasher of this.#hashers) hasher.update(step);
      if (this.#cuts) {
        this.#cut ??= createHasher("sha256");
        this.#cut.update(step);
      }
    }
  }

  /** SHA-256 since the last cut. */
  cut(): Uint8Array {
    const cut = this.#cut ?? createHasher("sha256");
    this.#cut = undefined;
    return cut.digest();
  }

  digest(): Digests {
    const digests: Digests = {};
    this.#names.forEach((name, i) => {
      digests[name] = (this.#hashers[i] as Hasher).digest();
    });
    return digests;
  }
}

const STEP_BYTES = 128 * 1024;
