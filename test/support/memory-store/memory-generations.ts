import { crc32 } from "node:zlib";
import { claimStore, type StoreIdentity } from "../../../src/store/generations/store-identity.ts";
import { type DecodedRow, SnapshotDecoder, type SnapshotSink } from "../../../src/store/snapshot/decoder.ts";
import {
  type SnapshotSource,
  type SourcePayload,
  type SourceRow,
  StreamExport,
} from "../../../src/store/snapshot/export.ts";
import type { SnapshotHeader } from "../../../src/store/snapshot/format.ts";
import {
  type AppliedState,
  type FsmSyncMode,
  type KeyspaceExport,
  type KeyspaceGenerations,
  type KeyspaceImport,
  type KeyspaceReader,
  StoreError,
  type Timestamp,
} from "../../../src/store/types.ts";
import { type KeyspaceWatch, MemoryStore } from "./memory-store.ts";
import { MemoryState } from "./state.ts";
import type { MemoryVersion } from "./versions.ts";

export interface MemoryGenerationsOptions {
  readonly fsmSyncMode: FsmSyncMode;
  readonly identity: StoreIdentity;
  /** What is in force at first; nothing: an empty keyspace. */
  readonly content?: MemoryState;
  readonly watch?: KeyspaceWatch;
}

/**
 * The twin of `SqliteGenerations`, in memory: for tests and the simulator. It outlives the node whose keyspace it keeps;
 * `crash` takes away what a power cut would. Everything that it does itself is durable when it returns.
 */
export class MemoryGenerations implements KeyspaceGenerations {
  readonly #options: MemoryGenerationsOptions;
  #content: MemoryState;
  #pending: MemoryState | undefined;
  #import: MemoryImport | undefined;
  /** Everything handed out that uses a keyspace: dead after a crash. */
  readonly #handles = new Set<{ close(): void }>();

  constructor(options: MemoryGenerationsOptions) {
    this.#options = options;
    this.#content = options.content ?? new MemoryState();
  }

  open(): MemoryStore {
    const { fsmSyncMode, watch } = this.#options;
    const store = this.#handOut(new MemoryStore(this.#content, fsmSyncMode, watch));
    this.#reached();
    claimStore(store, "the keyspace in memory", this.#options.identity);
    return store;
  }

  openReader(): KeyspaceReader {
    return this.#handOut(new MemoryStore(this.#content, this.#options.fsmSyncMode));
  }

  openExport(): KeyspaceExport {
    return this.#handOut(new StreamExport(new MemorySource(this.#content)));
  }

  createImport(): KeyspaceImport {
    this.discardImport();
    this.#import = new MemoryImport((content) => {
      this.#pending = content;
      this.#import = undefined;
    });
    return this.#import;
  }

  pendingImport(): AppliedState | undefined {
    return this.#pending?.applied;
  }

  installImport(): void {
    if (this.#pending === undefined) throw new StoreError("CORRUPT", "no complete snapshot waits");
    this.#content = this.#pending;
    this.#pending = undefined;
    this.#reached();
  }

  /** Nothing to do: what nobody reads any more is collected. */
  discardReplaced(): void {}

  discardImport(): void {
    this.#pending = undefined;
    this.#import?.abort();
    this.#import = undefined;
  }

  /**
   * The machine loses power: everything that was handed out is closed, an import that was not complete is gone, and of
   * the transactions that were not durable (nosync mode) the first `survivors` remain.
   * @param survivors gets how many there are; none survive unless it says so. All of them = only the process died.
   */
  crash(survivors: (unsynced: number) => number = () => 0): void {
    for (const handle of this.#handles) handle.close();
    this.#handles.clear();
    this.#import?.abort();
    this.#import = undefined;
    this.#content.crash(survivors);
  }

  #reached(): void {
    const { applied, versions } = this.#content;
    if (applied.index > 0) this.#options.watch?.reached(applied, versions.digest);
  }

  #handOut<T extends { close(): void }>(handle: T): T {
    this.#handles.add(handle);
    return handle;
  }
}

/** The rows as they are now; chains are never changed in place, so a list of them is a copy. */
class MemorySource implements SnapshotSource {
  readonly position: AppliedState;
  readonly horizon: Timestamp;
  #chains: readonly (readonly [Uint8Array, readonly MemoryVersion[]])[];
  #states: readonly (readonly [string, Uint8Array])[];

  constructor(content: MemoryState) {
    this.position = content.applied;
    this.horizon = content.versions.horizon;
    this.#chains = content.versions.allChains();
    this.#states = content.versions.allStates();
  }

  getState(name: string): Uint8Array | undefined {
    const value = this.#states.find(([other]) => other === name)?.[1];
    return value === undefined ? undefined : new Uint8Array(value);
  }

  states(): Iterable<readonly [string, Uint8Array]> {
    return this.#states;
  }

  *rows(): Generator<SourceRow> {
    for (const [key, chain] of this.#chains) {
      for (const { commitTs, value, garbage, payload } of chain) {
        yield { key, commitTs, value, garbage, payload: payload && payloadOf(payload) };
      }
    }
  }

  close(): void {
    this.#chains = [];
    this.#states = [];
  }
}

function payloadOf(payload: Uint8Array): SourcePayload {
  return {
    length: payload.length,
    crc: crc32(payload),
    read: (offset, into) => into.set(payload.subarray(offset, offset + into.length)),
  };
}

class MemoryImport implements KeyspaceImport, SnapshotSink {
  readonly #content = new MemoryState();
  readonly #decoder = new SnapshotDecoder(this);
  readonly #complete: (content: MemoryState) => void;
  #ended = false;

  constructor(complete: (content: MemoryState) => void) {
    this.#complete = complete;
  }

  begin({ position, horizon }: SnapshotHeader): void {
    this.#content.applied = position;
    this.#content.versions.startAt(horizon);
  }

  state(name: string, value: Uint8Array): void {
    this.#content.versions.putState(name, new Uint8Array(value));
  }

  row({ key, commitTs, value, garbage, payload }: DecodedRow): void {
    const copy = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : new Uint8Array(bytes));
    this.#content.versions.append(key, {
      commitTs,
      value: copy(value),
      garbage: copy(garbage),
      payload: copy(payload),
    });
  }

  write(bytes: Uint8Array): void {
    this.#checkOpen();
    try {
      this.#decoder.write(bytes);
    } catch (error) {
      this.#ended = true;
      throw error;
    }
  }

  finish(): AppliedState {
    this.#checkOpen();
    this.#ended = true;
    const { position } = this.#decoder.finish();
    this.#content.versions.begin();
    this.#content.makeDurable();
    this.#complete(this.#content);
    return position;
  }

  abort(): void {
    this.#ended = true;
  }

  #checkOpen(): void {
    if (this.#ended) throw new StoreError("CLOSED", "this import has ended");
  }
}
