/** A keyspace in memory for what a node's front writes: conditions are decided as at apply, and nothing else is there. */

import type { ScanItem, VersionedValue } from "../../../src/store/types.ts";
import { timestampFromMs } from "../../../src/txn/hlc.ts";
import type { Condition, ReadView, Txn, TxnOutcome } from "../../../src/txn/types.ts";

const hex = (key: Uint8Array) => Buffer.from(key).toString("hex");

export class Rows {
  readonly #rows = new Map<string, VersionedValue>();
  /** Run, one for each transaction, before it is decided: another node was faster. */
  readonly beforeWrite: (() => void)[] = [];
  refused = 0;
  #commitTs = 0n;
  readonly #nowMs: () => number;

  /** @param nowMs physical time of commit timestamps; default: they count from 1 */
  constructor(nowMs: () => number = () => 0) {
    this.#nowMs = nowMs;
  }

  async snapshot(): Promise<ReadView> {
    const rows = new Map(this.#rows);
    const get = async (key: Uint8Array) => rows.get(hex(key));
    const scan = async (start: Uint8Array, end: Uint8Array | undefined): Promise<ScanItem[]> =>
      [...rows]
        .filter(([key]) => key >= hex(start) && (end === undefined || key < hex(end)))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, row]) => ({ ...row, key: new Uint8Array(Buffer.from(key, "hex")) }));
    return { readTs: this.#commitTs, get, getMeta: get, scan };
  }

  async transact({ conditions, mutations }: Txn): Promise<TxnOutcome> {
    this.beforeWrite.shift()?.();
    const failed = conditions.findIndex((condition) => !this.#holds(condition));
    if (failed >= 0) {
      this.refused++;
      return { ok: false, failed };
    }
    for (const mutation of mutations) {
      if (mutation.kind === "put") this.put(mutation.key, mutation.value);
      else if (mutation.kind === "delete") this.#rows.delete(hex(mutation.key));
      else throw new Error(`${mutation.kind} was not expected`);
    }
    return { ok: true, commitTs: this.#commitTs };
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const nowTs = timestampFromMs(this.#nowMs());
    this.#commitTs = nowTs > this.#commitTs ? nowTs : this.#commitTs + 1n;
    const commitTs = this.#commitTs;
    this.#rows.set(hex(key), { commitTs, value, payload: undefined, garbage: undefined });
  }

  value(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(hex(key))?.value;
  }

  /** Everything, as text. */
  get content(): string {
    return [...this.#rows.values()].map(({ value }) => Buffer.from(value).toString()).join("\n");
  }

  #holds(condition: Condition): boolean {
    switch (condition.kind) {
      case "must-exist":
        return this.#rows.has(hex(condition.key));
      case "must-not-exist":
        return !this.#rows.has(hex(condition.key));
      case "version-equals":
        return this.#rows.get(hex(condition.key))?.commitTs === condition.commitTs;
      default:
        throw new Error(`${condition.kind} was not expected`);
    }
  }
}
