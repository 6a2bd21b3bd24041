/**
 * CRC-32C, XXH64, XXH3-64 and XXH3-128 (seed 0), in WebAssembly (hash-wasm; decision 073 has the figures). An
 * instance needs 1.5 ms and 256 KiB, and is created asynchronously. So each thread creates one instance of each kind
 * when the module is loaded, and the streams share the instance: a stream that needs the instance first saves the
 * state of the previous stream.
 */
import { createCRC32, createXXHash3, createXXHash64, createXXHash128 } from "hash-wasm";

/** The Castagnoli polynomial, reflected. */
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
  /** The stream whose state the instance holds. */
  stream: WasmHasher | undefined;
}

const engines = new Map<WasmAlgorithm, Engine>();

/** Resolves when `WasmHasher` can be used in this thread. */
export const wasmReady: Promise<void> = load();

async function load(): Promise<void> {
  // No top-level await: a Worker drops messages that arrive before its module has set a handler.
  const names = Object.keys(MAKERS) as WasmAlgorithm[];
  const instances = await Promise.all(names.map((name) => MAKERS[name]()));
  names.forEach((name, i) => {
    engines.set(name, { instance: instances[i] as Instance, stream: undefined });
  });
}

/** Digests are canonical: big-endian, 8 bytes, CRC-32C 4, XXH3-128 16. */
export class WasmHasher {
  readonly #engine: Engine;
  /** The state saved while another stream uses the engine; undefined before the first byte. */
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
