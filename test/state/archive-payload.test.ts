/** Archived rows on SQLite: a payload in a payload file outlives the version that it was written with. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
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

test.each([
  ["a flipped byte", (path: string, size: number) => writeAt(path, size - 10, new Uint8Array([0xff]))],
  ["a file that ends early", (path: string, size: number) => truncateSync(path, size - 100)],
])(
  "%s in the payload of an archived row: the entry applies, and the copy is as damaged as the row",
  (name, damage) => {
    const file = join(directory, `${name}.db`);
    const store = new SqliteStore({ file, fsmSyncMode: "sync" });
    const fsm = new Fsm(store);
    let ts = timestampFromMs(1_700_000_000_000);
    const apply = (index: number, mutations: TxnMutation[]): void => {
      const identity = { origin: new Uint8Array(8).fill(1), sequence: index, acknowledgedBelow: 1 };
      const data = encodeTxn({ conditions: [], mutations }, identity);
      stampCommitTs(data, ++ts);
      fsm.apply([{ term: 1, index, type: EntryType.Normal, data }]);
    };
    const put = (fill: number): TxnMutation => ({
      kind: "put",
      key: bytes("now"),
      value: bytes(`v${fill}`),
      payload: bulk(fill),
      keepContent: true,
    });
    apply(1, [put(1)]);
    const segment = join(`${file}-payload`, "0000000001.seg");
    damage(segment, BULK_BYTES);
    apply(2, [{ kind: "archive", from: bytes("now"), to: bytes("then") }, put(2)]);
    expect(store.appliedState().index).toBe(2);
    expect(store.getAt(bytes("now"), ts)?.payload).toEqual(bulk(2));
    expect(store.getMetaAt(bytes("then"), ts)?.value).toEqual(bytes("v1"));
    expect(() => store.getAt(bytes("then"), ts)).toThrow("its checksum does not match");
    // Another copy of the copy is damaged too, and deleting it is possible.
    apply(3, [{ kind: "archive", from: bytes("then"), to: bytes("again") }]);
    expect(() => store.getAt(bytes("again"), ts)).toThrow("its checksum does not match");
    apply(4, [
      { kind: "delete", key: bytes("then") },
      { kind: "delete", key: bytes("again") },
    ]);
    expect(store.getAt(bytes("again"), ts)).toBeUndefined();
    store.close();
  },
);

function writeAt(path: string, position: number, data: Uint8Array): void {
  const fd = openSync(path, "r+");
  writeSync(fd, data, 0, data.length, position);
  closeSync(fd);
}
