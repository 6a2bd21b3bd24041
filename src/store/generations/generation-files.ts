/**
 * The names in the directory of generations, and the steps that change them one crash-proof step at a time
 * (docs/format/sqlite.md): `CURRENT` names the generation in force, `PENDING` a complete one that waits.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { syncFile } from "../sqlite/connection.ts";
import { guarded } from "../store-errors.ts";
import { type AppliedState, StoreError } from "../types.ts";

/** The database file inside a generation's directory. */
const DATABASE_NAME = "keyspace.db";
const CURRENT = "CURRENT";
const PENDING = "PENDING";
const TEMPORARY_SUFFIX = ".tmp";
const FIRST_GENERATION = 1;
const GENERATION_NAME = /^\d{10}$/;

/** A complete import that waits to be put in force. */
export interface PendingGeneration {
  readonly generation: number;
  readonly position: AppliedState;
}

/** Names a step that has just been done; tests end the process there. */
export type StepObserver = (step: GenerationStep) => void;

export type GenerationStep =
  | "current-written"
  | "generation-made"
  | "pending-written"
  | "pending-renamed"
  | "pending-removed"
  | "current-renamed"
  | "current-synced"
  | "generation-removed"
  | "import-synced";

function generationName(generation: number): string {
  return String(generation).padStart(10, "0");
}

export class GenerationFiles {
  readonly directory: string;
  readonly #onStep: StepObserver;

  constructor(directory: string, onStep: StepObserver = () => {}) {
    this.directory = directory;
    this.#onStep = onStep;
  }

  step(step: GenerationStep): void {
    this.#onStep(step);
  }

  generationDirectory(generation: number): string {
    return join(this.directory, generationName(generation));
  }

  databaseFile(generation: number): string {
    return join(this.generationDirectory(generation), DATABASE_NAME);
  }

  /** Every generation that has a directory, ascending. */
  generations(): number[] {
    return guarded(this.directory, () =>
      readdirSync(this.directory)
        .filter((name) => GENERATION_NAME.test(name))
        .map(Number)
        .sort((a, b) => a - b),
    );
  }

  /** The generation in force; undefined in a directory that never had one. @throws StoreError CORRUPT */
  current(): number | undefined {
    const path = join(this.directory, CURRENT);
    const text = readOptional(path);
    if (text === undefined) return undefined;
    const name = text.trimEnd();
    if (!GENERATION_NAME.test(name)) {
      throw new StoreError("CORRUPT", `${path}: ${JSON.stringify(text.slice(0, 64))} is not a generation`);
    }
    return Number(name);
  }

  /**
   * Like `current`; in an empty directory the first generation is put in force. The pointer comes before what it points
   * to, so that generations without a pointer are a loss that somebody must look at, never one that is cleaned up.
   */
  currentOrFirst(): number {
    guarded(this.directory, () => {
      if (mkdirSync(this.directory, { recursive: true, mode: 0o700 }) !== undefined)
        syncFile(dirname(this.directory));
    });
    const found = this.current();
    const present = this.generations();
    if (found === undefined) {
      if (present.length > 0) {
        const names = present.map(generationName).join(", ");
        throw new StoreError("CORRUPT", `${this.directory}: ${CURRENT} is missing, but there is ${names}`);
      }
      this.setCurrent(FIRST_GENERATION);
    } else if (found !== FIRST_GENERATION && !present.includes(found)) {
      const name = generationName(found);
      throw new StoreError("CORRUPT", `${this.directory}: ${CURRENT} names ${name}, which is missing`);
    }
    const generation = found ?? FIRST_GENERATION;
    this.makeGeneration(generation);
    return generation;
  }

  makeGeneration(generation: number): void {
    const path = this.generationDirectory(generation);
    guarded(path, () => {
      if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) syncFile(this.directory);
    });
    this.step("generation-made");
  }

  /** The point at which a generation takes another one's place. */
  setCurrent(generation: number): void {
    const path = join(this.directory, CURRENT);
    this.#write(path, `${generationName(generation)}\n`, "current-written");
    guarded(path, () => renameSync(path + TEMPORARY_SUFFIX, path));
    this.step("current-renamed");
    guarded(path, () => syncFile(this.directory));
    this.step("current-synced");
  }

  /** @throws StoreError CORRUPT */
  pending(): PendingGeneration | undefined {
    const path = join(this.directory, PENDING);
    const text = readOptional(path);
    if (text === undefined) return undefined;
    const match = /^(\d{10}) index (\d+) term (\d+) commit_ts (\d+)\n$/.exec(text);
    if (match === null) {
      throw new StoreError("CORRUPT", `${path}: ${JSON.stringify(text.slice(0, 128))} is not a position`);
    }
    const [, generation, index, term, commitTs] = match;
    return {
      generation: Number(generation),
      position: { index: Number(index), term: Number(term), commitTs: BigInt(commitTs ?? "0") },
    };
  }

  setPending({ generation, position }: PendingGeneration): void {
    const path = join(this.directory, PENDING);
    const { index, term, commitTs } = position;
    const text = `${generationName(generation)} index ${index} term ${term} commit_ts ${commitTs}\n`;
    this.#write(path, text, "pending-written");
    guarded(path, () => {
      renameSync(path + TEMPORARY_SUFFIX, path);
      syncFile(this.directory);
    });
    this.step("pending-renamed");
  }

  /** Durable before anything that it named is removed: a mark must never name half a keyspace. */
  removePending(): void {
    const path = join(this.directory, PENDING);
    if (!existsSync(path)) return;
    guarded(path, () => {
      unlinkSync(path);
      syncFile(this.directory);
    });
    this.step("pending-removed");
  }

  removeGeneration(generation: number): void {
    const path = this.generationDirectory(generation);
    guarded(path, () => rmSync(path, { recursive: true, force: true }));
    this.step("generation-removed");
  }

  /** Removes everything that a crash can have left: half-written pointers, generations that nothing names. */
  removeLeftovers(current: number): void {
    for (const name of [CURRENT, PENDING]) {
      const path = join(this.directory, name + TEMPORARY_SUFFIX);
      guarded(path, () => rmSync(path, { force: true }));
    }
    let pending = this.pending();
    // It is in force already: the crash came between the two steps of the installation.
    if (pending?.generation === current) {
      this.removePending();
      pending = undefined;
    }
    for (const generation of this.generations()) {
      if (generation !== current && generation !== pending?.generation) this.removeGeneration(generation);
    }
  }

  #write(path: string, text: string, step: GenerationStep): void {
    guarded(path, () => {
      const fd = openSync(path + TEMPORARY_SUFFIX, "w", 0o600);
      try {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
    this.step(step);
  }
}

function readOptional(path: string): string | undefined {
  return guarded(path, () => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  });
}
