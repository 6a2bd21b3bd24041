/** Raft groups in one database file: what belongs to a group is kept under its name, and group 0 has the names of old. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { EntryType } from "../../src/raft/core/types.ts";
import { Fsm } from "../../src/state/state-machine.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { encodeCeiling, stampCommitTs } from "../../src/txn/command.ts";
import { encodeTxn } from "../support/encode-txn.ts";
import { temporaryDirectory, text } from "./helpers.ts";

const ORIGIN = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function withFile(action: (file: string) => void): void {
  const directory = temporaryDirectory();
  try {
    action(join(directory.path, "kv.db"));
  } finally {
    directory.remove();
  }
}

/** Runs with the store of one group, the only writer for so long. */
function inGroup<T>(file: string, group: number, action: (store: SqliteStore) => T): T {
  const store = new SqliteStore({ file, fsmSyncMode: "sync", group });
  try {
    return action(store);
  } finally {
    store.close();
  }
}

function names(file: string, table: "fsm_meta" | "fsm_state"): string[] {
  const db = new Database(file, { readonly: true });
  const rows = db.query<{ name: string }, []>(`SELECT name FROM ${table} ORDER BY name`).all();
  db.close();
  return rows.map(({ name }) => name);
}

/** A ceiling and a transaction: what leaves every kind of state behind. */
function applyTo(store: SqliteStore, key: string, index: number, commitTs: bigint): Fsm {
  const ceiling = encodeCeiling(Number(commitTs));
  stampCommitTs(ceiling, commitTs);
  const txn = encodeTxn(
    { conditions: [], mutations: [{ kind: "put", key: text(key), value: text(key) }] },
    { origin: ORIGIN, sequence: 1, acknowledgedBelow: 1 },
  );
  stampCommitTs(txn, commitTs + 1n);
  const fsm = new Fsm(store);
  fsm.apply([ceiling, txn].map((data, i) => ({ term: 1, index: index + i, type: EntryType.Normal, data })));
  return fsm;
}

test("position, sessions and ceiling of two groups lie side by side and never meet", () =>
  withFile((file) => {
    inGroup(file, 0, (store) => applyTo(store, "a", 1, 100n));
    expect(inGroup(file, 7, (store) => store.appliedState())).toEqual({ index: 0, term: 0, commitTs: 0n });
    inGroup(file, 7, (store) => {
      // The same origin and sequence: in another group that is another session, and no repetition.
      applyTo(store, "b", 1, 500n);
      applyTo(store, "c", 3, 600n);
      expect(store.getAt(text("b"), 501n)?.value).toEqual(text("b"));
    });
    inGroup(file, 0, (store) => {
      expect(store.appliedState()).toEqual({ index: 2, term: 1, commitTs: 101n });
      expect(Fsm.ceilingMs(store)).toBe(100);
    });
    inGroup(file, 7, (store) => {
      expect(store.appliedState()).toEqual({ index: 4, term: 1, commitTs: 601n });
      expect(Fsm.ceilingMs(store)).toBe(600);
    });
  }));

test("group 0 has the names of old (docs/format/sqlite.md)", () =>
  withFile((file) => {
    inGroup(file, 0, (store) => applyTo(store, "a", 1, 100n));
    const state = ["hlc-ceiling-ms", "session/0102030405060708", "sessions"];
    expect(names(file, "fsm_state")).toEqual(state);
    expect(names(file, "fsm_meta")).toEqual(["applied", "format", "horizon", "payload-tail"]);
    inGroup(file, 3, (store) => applyTo(store, "b", 1, 100n));
    expect(names(file, "fsm_state")).toEqual([...state.map((name) => `group/3/${name}`), ...state]);
    expect(names(file, "fsm_meta")).toContain("group/3/applied");
  }));
