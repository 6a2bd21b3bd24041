/**
 * XXH64, XXH3-64 and XXH3-128 with seed 0, in WebAssembly (hash-wasm). An instance takes 1.5 ms and 256 KiB to make, and is
 * made asynchronously; so each thread has one of each kind, made when the module is loaded, and the streams take turns:
 * whoever comes puts the other one's state aside.
 */
import { createXXHash3, createXXHash64, createXXHash128 } from "hash-wasm";

export type XxhAlgorithm = "xxhash64" | "xxhash3" | "xxhash128";

type Instance = Awaited<ReturnType<typeof createXXHash64>>;

interface Engine {
  readonly instance: Instance;
  /** Whose bytes are in it. */
  stream: XxhHasher | undefined;
}

const engines = new Map<XxhAlgorithm, Engine>();

/** Resolves when `XxhHasher` can be used in this thread. */
export const xxhashReady: Promise<void> = load();

async function load(): Promise<void> {
  // No top-level await: a Worker drops what it is sent before its module has set a handler.
  const [xxhash64, xxhash3, xxhash128] = await Promise.all([
    createXXHash64(),
    createXXHash3(),
    createXXHash128(),
  ]);
  engines.set("xxhash64", { instance: xxhash64, stream: undefined });
  engines.set("xxhash3", { instance: xxhash3, stream: undefined });
  engines.set("xxhash128", { instance: xxhash128, stream: undefined });
}

/** Digests are canonical: big-endian, 8 bytes, XXH3-128 16. */
export class XxhHasher {
  readonly #engine: Engine;
  /** While another stream has the engine; undefined before the first byte. */
  #state: Uint8Array | undefined;

  /** @throws Error before `xxhashReady` has resolved */
  constructor(algorithm: XxhAlgorithm) {
    const engine = engines.get(algorithm);
    if (engine === undefined) throw new Error(`${algorithm} is used before xxhashReady has resolved`);
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
