/**
 * CRC-32C, XXH64, XXH3-64 and XXH3-128 (seed 0), in WebAssembly (hash-wasm; decision 073 has the figures). An instance takes
 * 1.5 ms and 256 KiB to make, and is made asynchronously; so each thread has one of each kind, made when the module is loaded,
 * and the streams take turns: whoever comes puts the other one's state aside.
 */
import { createCRC32, createXXHash3, createXXHash64, createXXHash128 } from "hash-wasm";

/** Castagnoli's, reflected. */
const CRC32C_POLYNOMIAL = 0x82f63b78;

const MAKERS = {
  crc32c: () => createCRC32(CRC32C_POLYNOMIAL),
  xxhash64: () => createXXHash64(),
  xxhash3: () => createXXHash3(),
  xxhash128: () => createXXHash128(),
} as const;

export type WasmAlgorithm = keyof typeof MAKERS;

type Instance = Awaited<ReturnType<typeof createXXHash64>>;

interface Engine {
  readonly instance: Instance;
  /** Whose bytes are in it. */
  stream: WasmHasher | undefined;
}

const engines = new Map<WasmAlgorithm, Engine>();

/** Resolves when `WasmHasher` can be used in this thread. */
export const wasmReady: Promise<void> = load();

async function load(): Promise<void> {
  // No top-level await: a Worker drops what it is sent before its module has set a handler.
  const names = Object.keys(MAKERS) as WasmAlgorithm[];
  const instances = await Promise.all(names.map((name) => MAKERS[name]()));
  names.forEach((name, i) => {
    engines.set(name, { instance: instances[i] as Instance, stream: undefined });
  });
}

/** Digests are canonical: big-endian, 8 bytes, CRC-32C 4, XXH3-128 16. */
export class WasmHasher {
  readonly #engine: Engine;
  /** While another stream has the engine; undefined before the first byte. */
  #state: Uint8Array | undefined;

  /** @throws Error before `wasmReady` has resolved */
  constructor(algorithm: WasmAlgorithm) {
    const engine = engines.get(algorithm);
    if (engine === undefined) throw new Error(`${algorithm} is used before wasmReady has resolved`);
    this.#engine = engine;
  }

  update(view: Uint8Array): void {
    this.#enter().update(view);
  }

  digest(): Uint8Array {
    const digest = this.#enter().digest("binary");
    this.#engine.stream = undefined;
    return digest;
  }

  #enter(): Instance {
    const engine = this.#engine;
    if (engine.stream === this) return engine.instance;
    if (engine.stream !== undefined) engine.stream.#state = engine.instance.save();
    engine.stream = this;
    return this.#state === undefined ? engine.instance.init() : engine.instance.load(this.#state);
  }
}
