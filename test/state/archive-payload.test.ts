/** Archived rows on SQLite: a payload in a payload file outlives the version that it was written with. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Entry, EntryType } from "../../src/raft/core/types.ts";
import { Fsm } from "../../src/state/state-machine.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { stampCommitTs } from "../../src/txn/command.ts";
import { timestampFromMs } from "../../src/txn/hlc.ts";
import type { TxnMutation } from "../../src/txn/types.ts";
import { encodeTxn } from "../support/encode-txn.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Above what lies in its row. */
const BULK_BYTES = 300_000;
const bulk = (fill: number): Uint8Array => new Uint8Array(BULK_BYTES).fill(fill);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "elastickv-archive-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

for (const together of [false, true]) {
  test(`${together ? "in the batch that wrote it" : "batch by batch"}: read back after compaction and a restart`, () => {
    const file = join(directory, `${together}.db`);
    let store = new SqliteStore({ file, fsmSyncMode: "sync", payloadFileBytes: 1 << 20 });
    const fsm = new Fsm(store);
    let index = 0;
    let ts = timestampFromMs(1_700_000_000_000);
    const entry = (...mutations: TxnMutation[]): Entry => {
      index += 1;
      const identity = { origin: new Uint8Array(8).fill(1), sequence: index, acknowledgedBelow: 1 };
      const data = encodeTxn({ conditions: [], mutations }, identity);
      stampCommitTs(data, ++ts);
      return { term: 1, index, type: EntryType.Normal, data };
    };
    const put = (version: number): TxnMutation => ({
      kind: "put",
      key: bytes("now"),
      value: bytes(`v${version}`),
      payload: bulk(version),
      keepContent: true,
    });
    const entries = [entry(put(1))];
    for (let version = 2; version <= 6; version++) {
      const to = bytes(`then/${version - 1}`);
      entries.push(entry({ kind: "archive", from: bytes("now"), to }, put(version)));
    }
    if (together) fsm.apply(entries);
    else for (const one of entries) fsm.apply([one]);
    // Nothing below the newest commit can be read any more, and the places of what was replaced are given back.
    while (store.compactVersions(ts, 1000) > 0);
    while (store.compactVersions(ts, 1000) > 0);
    const check = (): void => {
      for (let version = 1; version <= 6; version++) {
        const row = store.getAt(bytes(version === 6 ? "now" : `then/${version}`), ts);
        expect(row?.value).toEqual(bytes(`v${version}`));
        expect(Buffer.compare(row?.payload ?? bytes(""), bulk(version))).toBe(0);
      }
    };
    check();
    store.close();
    store = new SqliteStore({ file, fsmSyncMode: "sync" });
    check();
    store.close();
  });
}
