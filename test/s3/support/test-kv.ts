/**
 * A KvGroup in one thread: the real command codec and state machine over the in-memory store, without Raft. Commit
 * order is the order of the calls. `before` sees every transaction first, which is how tests make races happen.
 */

import { EntryType } from "../../../src/raft/core/types.ts";
import { Fsm } from "../../../src/state/state-machine.ts";
import { prefixEnd } from "../../../src/store/key-encoding.ts";
import type { ScanItem, VersionedValue } from "../../../src/store/types.ts";
import {
  COMMAND_HEADER_BYTES,
  encodeTxnHeader,
  payloadsOf,
  stampCommitTs,
} from "../../../src/txn/command.ts";
import { decodeGarbage } from "../../../src/txn/garbage.ts";
import { GARBAGE_PREFIX } from "../../../src/txn/keys.ts";
import {
  type KvClient,
  KvError,
  type KvGroup,
  type PayloadBuffer,
  type ReadView,
  type Txn,
  type TxnOutcome,
} from "../../../src/txn/types.ts";
import { encodeTxn } from "../../support/encode-txn.ts";
import { MemoryStore } from "../../support/memory-store/memory-store.ts";

const ORIGIN = new Uint8Array(8).fill(7);
const IDENTITY_BYTES_MAX = 40;

export interface TestKvOptions {
  readonly maxTxnBytes?: number;
  /** Chunk payloads are counted and thrown away: for bodies larger than the test's memory. */
  readonly discardChunks?: boolean;
}

/** A keyspace of one group, which is the keyspace too. */
export class TestKv implements KvClient, KvGroup {
  readonly store = new MemoryStore();
  readonly maxTxnBytes: number;
  readonly #fsm = new Fsm(this.store);
  readonly #discard: boolean;
  #sequence = 1;
  #index = 0;
  #clock = 1_000n << 16n;

  /** Of transactions sent: encoded bytes, in order. */
  readonly sizes: number[] = [];
  scans = 0;
  rowsScanned = 0;
  gets = 0;
  snapshots = 0;
  /** Payload buffers not yet released. */
  buffers = 0;
  buffersMax = 0;
  /** Called before each transaction is applied; may run transactions of its own, or throw. */
  before: ((txn: Txn) => Promise<void> | void) | undefined;
  /** Called after each transaction was applied, before the caller learns of it; may throw (a lost answer). */
  after: ((txn: Txn, outcome: TxnOutcome) => Promise<void> | void) | undefined;

  readonly system = this;
  readonly groups: readonly KvGroup[] = [this];

  constructor(options: TestKvOptions = {}) {
    this.maxTxnBytes = options.maxTxnBytes ?? 4 * 1024 * 1024 - 64;
    this.#discard = options.discardChunks ?? false;
  }

  group(_bucket: string): TestKv {
    return this;
  }

  async snapshot(): Promise<ReadView> {
    await Promise.resolve();
    this.snapshots++;
    const readTs = this.store.appliedState().commitTs;
    const { store } = this;
    return {
      readTs,
      get: async (key) => {
        this.gets++;
        return store.getAt(key, readTs);
      },
      getMeta: async (key) => {
        this.gets++;
        return store.getMetaAt(key, readTs);
      },
      scan: async (start, end, options): Promise<ScanItem[]> => {
        const rows = store.scanAt(start, end, { readTs, ...options });
        this.scans++;
        this.rowsScanned += rows.length;
        return rows;
      },
    };
  }

  async getImmutable(key: Uint8Array): Promise<VersionedValue | undefined> {
    this.gets++;
    return this.store.getAt(key, this.store.appliedState().commitTs);
  }

  async transact(txn: Txn): Promise<TxnOutcome> {
    await Promise.resolve();
    const hook = this.before;
    if (hook !== undefined) {
      // A hook's own transactions pass unseen.
      this.before = undefined;
      try {
        await hook(txn);
      } finally {
        this.before ??= hook;
      }
    }
    const size = this.encodedSize(txn);
    this.sizes.push(size);
    if (size > this.maxTxnBytes) throw new KvError("TOO_LARGE", `a transaction of ${size} bytes`);
    const outcome = this.#apply(this.#discard ? withoutPayloads(txn) : txn);
    await this.after?.(txn, outcome);
    return outcome;
  }

  #apply(txn: Txn): TxnOutcome {
    const sequence = this.#sequence++;
    const data = encodeTxn(txn, { origin: ORIGIN, sequence, acknowledgedBelow: sequence });
    this.#clock += 1n << 16n;
    stampCommitTs(data, this.#clock);
    const entry = { index: ++this.#index, term: 1, type: EntryType.Normal, data };
    const answer = this.#fsm.apply([entry]).answers[0];
    if (answer === undefined) throw new Error("the state machine gave no answer");
    return answer.outcome;
  }

  /** The time of the log, as the leader stamps it, is at least this from now on. */
  advanceTo(ms: number): void {
    const ts = BigInt(ms) << 16n;
    if (ts > this.#clock) this.#clock = ts;
  }

  encodedSize(txn: Txn): number {
    const identity = { origin: ORIGIN, sequence: 0, acknowledgedBelow: 0 };
    return (
      COMMAND_HEADER_BYTES +
      payloadsOf(txn).bytes +
      encodeTxnHeader(txn, identity).byteLength +
      IDENTITY_BYTES_MAX
    );
  }

  allocate(length: number): PayloadBuffer {
    this.buffers++;
    this.buffersMax = Math.max(this.buffersMax, this.buffers);
    let released = false;
    return {
      bytes: new Uint8Array(new SharedArrayBuffer(length)),
      release: () => {
        if (released) throw new Error("a payload buffer was released twice");
        released = true;
        this.buffers--;
      },
    };
  }

  /** Live rows under a prefix, now. */
  rows(prefix: Uint8Array): ScanItem[] {
    const readTs = this.store.appliedState().commitTs;
    return this.store.scanAt(prefix, prefixEnd(prefix), { readTs, limit: 1_000_000 });
  }

  /** Prefixes in the garbage queue. */
  garbage(): Uint8Array[] {
    return this.rows(GARBAGE_PREFIX).flatMap((row) =>
      (decodeGarbage(row.value) ?? []).map((item) => item.prefix),
    );
  }

  /** Is a row's key under a prefix of the garbage queue? */
  isGarbage(key: Uint8Array): boolean {
    return this.garbage().some((prefix) => Buffer.compare(key.subarray(0, prefix.length), prefix) === 0);
  }
}

function withoutPayloads(txn: Txn): Txn {
  const mutations = txn.mutations.map((mutation) =>
    mutation.kind === "put" && (mutation.payload?.byteLength ?? 0) > 100_000
      ? { ...mutation, payload: new Uint8Array(0) }
      : mutation,
  );
  return { ...txn, mutations };
}
