/** What a machine keeps its keyspace in: the store in memory, or the real one (sqlite-keyspace.ts). */
import type { KeyspaceGenerations } from "../../../src/store/types.ts";
import {
  MemoryGenerations,
  type MemoryGenerationsOptions,
} from "../../support/memory-store/memory-generations.ts";
import type { MemoryStore } from "../../support/memory-store/memory-store.ts";
import type { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { copyKeyspace } from "./directory-copy.ts";

export interface SimKeyspace {
  readonly generations: KeyspaceGenerations;
  /** Of the keyspace in force: what is compared with other replicas. */
  reader(): MemoryStore;
  /** The highest index that a power cut would leave now. */
  durableIndex(): number;
  /** The process was killed, and the disk has been told. */
  killed(): void;
  /** The power is gone, and the disk has been told. */
  powerCut(): void;
  /** Directories of the disk that a backup must hold. */
  readonly directories: readonly string[];
  /** The same content for another disk, to which `directories` have been copied; undefined when it cannot be copied now. */
  copyTo(disk: SimulatedDisk): SimKeyspace | undefined;
  /** It lies on the machine's disk from now on. */
  takePlace(): void;
  /** At rest. @throws Violation when the files do not hold what was written */
  audit(): void;
  dispose(): void;
}

export class MemoryKeyspace implements SimKeyspace {
  readonly generations: MemoryGenerations;
  readonly directories = [];
  readonly #options: MemoryGenerationsOptions;
  readonly #survivors: (unsynced: number) => number;

  /** @param survivors of so many transactions that were not synced, those that a power cut leaves */
  constructor(options: MemoryGenerationsOptions, survivors: (unsynced: number) => number) {
    this.#options = options;
    this.#survivors = survivors;
    this.generations = new MemoryGenerations(options);
  }

  reader(): MemoryStore {
    return this.generations.openReader() as MemoryStore;
  }

  durableIndex(): number {
    const reader = this.reader();
    const { index } = reader.durableApplied();
    reader.close();
    return index;
  }

  killed(): void {
    this.generations.crash((unsynced) => unsynced);
  }

  powerCut(): void {
    this.generations.crash(this.#survivors);
  }

  copyTo(): SimKeyspace | undefined {
    if (this.generations.pendingImport() !== undefined) return undefined;
    const copy = new MemoryKeyspace(this.#options, this.#survivors);
    copyKeyspace(this.generations, copy.generations);
    return copy;
  }

  takePlace(): void {}

  audit(): void {}

  dispose(): void {}
}
