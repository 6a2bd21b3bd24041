/**
 * The file names in the directory of generations, and the crash-proof steps that change them
 * (docs/format/sqlite.md): `CURRENT` names the generation in force, `PENDING` names a complete generation that
 * waits.
 */
import { join } from "node:path";
import {
  type AtomicFileStep,
  ensureDirectory,
  readWholeFile,
  removeFile,
  removeTree,
  writeFileAtomically,
} from "../../platform/disk/atomic-file.ts";
import type { Disk } from "../../platform/disk.ts";
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

/** Names a completed step; tests end the process there. */
export type StepObserver = (step: GenerationStep) => void;

export type GenerationStep =
  | "current-written"
  | "generation-made"
  | "pending-written"
  | "pending-renamed"
  | "pending-synced"
  | "pending-removed"
  | "current-renamed"
  | "current-synced"
  | "generation-removed"
  | "import-synced";

function generationName(generation: number): string {
  return String(generation).padStart(10, "0");
}

export class GenerationFiles {
  readonly disk: Disk;
  readonly directory: string;
  readonly #onStep: StepObserver;

  constructor(disk: Disk, directory: string, onStep: StepObserver = () => {}) {
    this.disk = disk;
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
      this.disk
        .readdir(this.directory)
        .filter((name) => GENERATION_NAME.test(name))
        .map(Number)
        .sort((a, b) => a - b),
    );
  }

  /** The generation in force; undefined in a directory that never had one. @throws StoreError CORRUPT */
  current(): number | undefined {
    const path = join(this.directory, CURRENT);
    const text = this.#read(path);
    if (text === undefined) return undefined;
    const name = text.trimEnd();
    if (!GENERATION_NAME.test(name)) {
      throw new StoreError("CORRUPT", `${path}: ${JSON.stringify(text.slice(0, 64))} is not a generation`);
    }
    return Number(name);
  }

  /**
   * Like `current`; in an empty directory the first generation is put in force. The pointer is written before its
   * generation. So generations without a pointer are data loss that an operator must look at, and no start removes
   * them.
   */
  currentOrFirst(): number {
    guarded(this.directory, () => ensureDirectory(this.disk, this.directory));
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
    guarded(path, () => ensureDirectory(this.disk, path));
    this.step("generation-made");
  }

  /** From here on the generation is in force. */
  setCurrent(generation: number): void {
    const path = join(this.directory, CURRENT);
    this.#write(path, `${generationName(generation)}\n`, (step) => this.step(`current-${step}`));
  }

  /** @throws StoreError CORRUPT */
  pending(): PendingGeneration | undefined {
    const path = join(this.directory, PENDING);
    const text = this.#read(path);
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
    this.#write(path, text, (step) => this.step(`pending-${step}`));
  }

  /**
   * The removal is durable before any file of the pending generation is removed: PENDING must never name an
   * incomplete keyspace.
   */
  removePending(): void {
    const path = join(this.directory, PENDING);
    const removed = guarded(path, () => {
      if (this.disk.stat(path) === undefined) return false;
      this.disk.unlink(path);
      this.disk.syncDirectory(this.directory);
      return true;
    });
    if (!removed) return;
    this.step("pending-removed");
  }

  removeGeneration(generation: number): void {
    const path = this.generationDirectory(generation);
    guarded(path, () => removeTree(this.disk, path));
    this.step("generation-removed");
  }

  /** Removes everything that a crash can leave: half-written pointers and generations that no pointer names. */
  removeLeftovers(current: number): void {
    for (const name of [CURRENT, PENDING]) {
      const path = join(this.directory, name + TEMPORARY_SUFFIX);
      guarded(path, () => removeFile(this.disk, path));
    }
    let pending = this.pending();
    // The pending generation is in force already: the crash came between the two steps of the installation.
    if (pending?.generation === current) {
      this.removePending();
      pending = undefined;
    }
    for (const generation of this.generations()) {
      if (generation !== current && generation !== pending?.generation) this.removeGeneration(generation);
    }
  }

  #write(path: string, text: string, onStep: (step: AtomicFileStep) => void): void {
    guarded(path, () =>
      writeFileAtomically(this.disk, path, text, { temporarySuffix: TEMPORARY_SUFFIX, onStep }),
    );
  }

  #read(path: string): string | undefined {
    const bytes = guarded(path, () => readWholeFile(this.disk, path));
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }
}
