/**
 * Damaged files, foreign files, no permission, no space: typed errors that name the file, and life afterwards.
 *
 * More than 400 lines: one kind of damage after the other.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { encodeKey } from "../../src/store/key-encoding.ts";
import { SqliteReader } from "../../src/store/sqlite/reader.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { BLIND, type Mutation } from "../../src/store/types.ts";
import { has, needs } from "../platform/support/needs.ts";
import { storeError, temporaryDirectory, text } from "./helpers.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let file: string;
beforeEach(() => {
  directory = temporaryDirectory();
  file = join(directory.path, "kv.db");
});
afterEach(() => directory.remove());

const open = (fsmSyncMode: "sync" | "nosync" = "sync") => new SqliteStore({ file, fsmSyncMode });
const put = (name: string, size: number, payloadSize?: number): Mutation => ({
  kind: "put",
  key: encodeKey([name]),
  value: new Uint8Array(size).fill(7),
  payload: payloadSize === undefined ? undefined : new Uint8Array(payloadSize).fill(9),
});

function filled(): void {
  const store = open();
  for (let i = 1; i <= 50; i++) store.applyMutations([put(`k${i}`, 2000, 5000)], BLIND, BigInt(i));
  store.close();
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const fd = openSync(path, "r+");
  writeSync(fd, bytes, 0, bytes.length, offset);
  closeSync(fd);
}

/** A small file system of its own. @throws Error when this user may not mount one */
function smallDisk(path: string, bytes: number): { unmount(): void } {
  const mount = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", path]);
  if (mount.exitCode !== 0) throw new Error(mount.stderr.toString());
  return { unmount: () => void Bun.spawnSync(["umount", path]) };
}

describe("files that are not what they should be", () => {
  test("flipped header", () => {
    filled();
    overwrite(file, 0, text("nonsense"));
    const error = storeError(() => open());
    expect([error.code, error.message]).toEqual(["CORRUPT", expect.stringContaining(file)]);
    expect(storeError(() => new SqliteReader(file)).code).toBe("CORRUPT");
  });

  test("truncated in the middle", () => {
    filled();
    truncateSync(file, 3 * 4096);
    const error = storeError(() => {
      const store = open();
      try {
        for (let i = 1; i <= 50; i++) store.getAt(encodeKey([`k${i}`]), BLIND);
      } finally {
        store.close();
      }
    });
    expect(error.code).toBe("CORRUPT");
  });

  test("a flipped bit in a payload file is never returned", () => {
    filled();
    const segment = join(`${file}-payload`, "0000000001.seg");
    overwrite(segment, 8192 + 100, Uint8Array.of(1));
    const store = open();
    const error = storeError(() => store.getAt(encodeKey(["k2"]), BLIND));
    expect([error.code, error.message]).toEqual([
      "CORRUPT",
      expect.stringContaining("payload file 1 at 8192"),
    ]);
    expect(store.getAt(encodeKey(["k1"]), BLIND)?.payload?.length).toBe(5000);
    expect(store.getMetaAt(encodeKey(["k2"]), BLIND)?.value.length).toBe(2000);
    store.close();
  });

  test("a payload file that is too short refuses to open", () => {
    filled();
    truncateSync(join(`${file}-payload`, "0000000001.seg"), 8192);
    const error = storeError(() => open());
    expect([error.code, error.message]).toEqual(["CORRUPT", expect.stringContaining("committed rows need")]);
  });

  test("another version names file, found and expected", () => {
    filled();
    const db = new Database(file);
    db.run("UPDATE fsm_meta SET value = CAST('99' AS BLOB) WHERE name = 'format'");
    db.close();
    for (const action of [() => open(), () => new SqliteReader(file)]) {
      const error = storeError(action);
      expect(error.code).toBe("WRONG_FORMAT");
      expect(error.message).toContain(file);
      expect(error.message).toContain("found store format 99, expected elastickv store format 1");
    }
  });

  test("another program's database is left alone", () => {
    const db = new Database(file, { create: true });
    db.run("CREATE TABLE theirs(x)");
    db.close();
    const before = readFileSync(file);
    expect(storeError(() => open()).code).toBe("WRONG_FORMAT");
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(`${file}-payload`)).toBe(false);
  });

  test("a reader of a file that is not there", () => {
    const error = storeError(() => new SqliteReader(file));
    expect([error.code, error.message]).toEqual(["IO", expect.stringContaining(file)]);
    expect(existsSync(file)).toBe(false);
  });

  test("a directory that is not there", () => {
    const error = storeError(
      () => new SqliteStore({ file: join(directory.path, "no/kv.db"), fsmSyncMode: "sync" }),
    );
    expect([error.code, error.message]).toEqual(["IO", expect.stringContaining("no/kv.db")]);
  });

  test("a directory that may not be written", () => {
    // Root writes where it may not: a read-only disk.
    const disk = has("mount") ? smallDisk(directory.path, 1 << 20) : undefined;
    if (disk === undefined) chmodSync(directory.path, 0o500);
    else Bun.spawnSync(["mount", "-o", "remount,ro", directory.path]);
    try {
      const error = storeError(() => open());
      expect([error.code, error.message]).toEqual(["IO", expect.stringContaining(file)]);
    } finally {
      if (disk === undefined) chmodSync(directory.path, 0o700);
      else disk.unmount();
    }
  });
});

// Root writes what it may not: a read-only mount over the file stops it too.
const canForbid = !has("root") || needs("mount");
test.if(canForbid)(
  "a keyspace that may not be written is said when it is opened, not at its first entry",
  () => {
    open().close();
    chmodSync(file, 0o400);
    const bound = has("root");
    if (bound) expect(Bun.spawnSync(["mount", "--bind", file, file]).success).toBe(true);
    try {
      if (bound) expect(Bun.spawnSync(["mount", "-o", "remount,bind,ro", file]).success).toBe(true);
      const error = storeError(() => open());
      expect([error.code, error.message]).toEqual(["IO", expect.stringContaining(`not writable: ${file}`)]);
    } finally {
      if (bound) Bun.spawnSync(["umount", file]);
    }
  },
);

test("opening a keyspace that is there writes nothing: a full disk must not keep a node from starting", () => {
  filled();
  const store = open();
  expect(store.walBytes()).toBe(0);
  store.close();
});

describe("format", () => {
  test("the file says what docs/format/sqlite.md says", () => {
    filled();
    const db = new Database(file, { readonly: true });
    const pragma = (name: string) => Object.values(db.query(`PRAGMA ${name}`).get() as object)[0];
    expect(["application_id", "page_size", "journal_mode", "auto_vacuum", "encoding"].map(pragma)).toEqual([
      0x656b7653,
      4096,
      "wal",
      2,
      "UTF-8",
    ]);
    const columns = (table: string) =>
      db
        .query<{ name: string }, []>(`PRAGMA table_info(${table})`)
        .all()
        .map((column) => column.name)
        .join(" ");
    expect(
      ["kv", "kv_garbage", "payload_garbage", "payload_segment", "fsm_state", "fsm_meta"].map(columns),
    ).toEqual([
      "key commit_ts end_ts value disposal bulk payload",
      "since_ts key commit_ts",
      "segment offset length",
      "segment freed_bytes",
      "name value",
      "name value",
    ]);
    const row = db.query<{ bulk: Uint8Array }, []>("SELECT bulk FROM kv WHERE commit_ts = 2").get();
    expect(Buffer.from(row?.bulk ?? []).toString("hex")).toBe("00000001000000000000200000001388bb3db69c");
    const meta = db
      .query<{ name: string; h: string }, []>("SELECT name, hex(value) h FROM fsm_meta ORDER BY name")
      .all();
    expect(meta.map(({ name, h }) => `${name} ${h}`)).toEqual([
      "applied 000000000000000000000000000000000000000000000032",
      "format 31",
      "horizon 0000000000000000",
      "payload-tail 000000010000000000064000",
    ]);
    db.close();
  });
});

describe.if(needs("mount"))("no space left", () => {
  test.each([
    ["rows", 3000, undefined],
    ["payloads", 10, 200_000],
  ] as const)(
    "%s: DISK_FULL, nothing half written, reads go on, and writes too once there is space",
    (_n, size, payload) => {
      const disk = smallDisk(directory.path, 6 << 20);
      try {
        const ballast = join(directory.path, "ballast");
        writeFileSync(ballast, new Uint8Array(2 << 20));
        const store = open("nosync");
        let index = 0;
        const error = storeError(() => {
          for (;;) {
            store.raftBatch({ index: index + 1, term: 1, commitTs: BigInt(index + 1) }, (batch) => {
              for (const part of ["a", "b"]) {
                batch.applyMutationsRaft(
                  [put(`${part}${index + 1}`, size, payload)],
                  BLIND,
                  BigInt(index + 1),
                );
              }
            });
            index++;
          }
        });
        expect(error.code).toBe("DISK_FULL");
        expect(index).toBeGreaterThan(2);
        const check = (s: SqliteStore, last: number) => {
          expect(s.appliedState()).toEqual({ index: last, term: 1, commitTs: BigInt(last) });
          for (let i = 1; i <= last; i++) {
            const row = s.getAt(encodeKey([`b${i}`]), BLIND);
            expect([i, row?.value.length, row?.payload?.length]).toEqual([i, size, payload]);
          }
          expect(s.getAt(encodeKey([`a${last + 1}`]), BLIND)).toBeUndefined();
        };
        check(store, index);
        rmSync(ballast);
        store.raftBatch({ index: index + 1, term: 1, commitTs: BigInt(index + 1) }, (batch) => {
          const mutations = [put(`a${index + 1}`, size, payload), put(`b${index + 1}`, size, payload)];
          batch.applyMutationsRaft(mutations, BLIND, BigInt(index + 1));
        });
        check(store, index + 1);
        store.close();
        const again = open();
        check(again, index + 1);
        again.close();
      } finally {
        disk.unmount();
      }
    },
  );

  test("a full disk can be opened and read", () => {
    const disk = smallDisk(directory.path, 4 << 20);
    try {
      filled();
      const { bavail, bsize } = statfsSync(directory.path);
      writeFileSync(join(directory.path, "ballast"), new Uint8Array(bavail * bsize - 80 * 1024));
      const store = open();
      expect(store.getAt(encodeKey(["k7"]), BLIND)?.payload?.length).toBe(5000);
      expect(storeError(() => store.applyMutations([put("x", 10, 500_000)], BLIND, 100n)).code).toBe(
        "DISK_FULL",
      );
      expect(store.appliedState().commitTs).toBe(50n);
      store.close();
    } finally {
      disk.unmount();
    }
  });
});

describe("space", () => {
  const blocks = (path: string): number =>
    Number(
      Bun.spawnSync(["du", "-k", "--total", ...readdirSync(path).map((n) => join(path, n))])
        .stdout.toString()
        .trim()
        .split("\n")
        .at(-1)
        ?.split("\t")[0],
    );

  test("compaction gives the space of dropped payloads back, whole files included", () => {
    const store = new SqliteStore({ file, fsmSyncMode: "nosync", payloadFileBytes: 4 << 20 });
    const payloads = `${file}-payload`;
    let ts = 0n;
    for (let i = 0; i < 20; i++) store.applyMutations([put(`c${i}`, 10, 1 << 20)], BLIND, ++ts);
    expect(blocks(payloads)).toBeGreaterThan(19 * 1024);
    for (let i = 0; i < 20; i += 2)
      store.applyMutations([{ kind: "delete", key: encodeKey([`c${i}`]) }], BLIND, ++ts);
    while (store.compactVersions(ts, 7) > 0);
    expect(blocks(payloads)).toBeLessThan(11 * 1024);
    for (let i = 1; i < 20; i += 2) {
      expect(store.getAt(encodeKey([`c${i}`]), BLIND)?.payload?.length).toBe(1 << 20);
    }
    for (let i = 1; i < 20; i += 2)
      store.applyMutations([{ kind: "delete", key: encodeKey([`c${i}`]) }], BLIND, ++ts);
    while (store.compactVersions(ts, 7) > 0);
    expect(readdirSync(payloads)).toEqual(["0000000005.seg"]);
    expect(blocks(payloads)).toBeLessThan(64);
    store.close();
  });

  test("payloads of a batch that failed take no space", () => {
    const store = open("nosync");
    const batch = (fail: boolean, index: number) =>
      store.raftBatch({ index, term: 1, commitTs: BigInt(index) }, (b) => {
        b.applyMutationsRaft([put(`s${index}`, 1, 5000), put(`l${index}`, 1, 300_000)], BLIND, BigInt(index));
        if (fail) throw new Error("planned");
      });
    for (let i = 0; i < 20; i++) expect(() => batch(true, 1)).toThrow("planned");
    batch(false, 1);
    expect(() => batch(true, 2)).toThrow("planned");
    expect(store.getAt(encodeKey(["s1"]), BLIND)?.payload?.length).toBe(5000);
    store.close();
    expect(statSync(join(`${file}-payload`, "0000000001.seg")).size).toBe(8192 + 303_104);
  });

  test("a payload file emptied while it still grew goes when it has stopped", () => {
    const store = new SqliteStore({ file, fsmSyncMode: "nosync", payloadFileBytes: 1 << 20 });
    store.applyMutations([put("a", 1, 600_000)], BLIND, 1n);
    store.applyMutations([put("b", 1, 600_000)], BLIND, 2n);
    store.applyMutations(
      [
        { kind: "delete", key: encodeKey(["a"]) },
        { kind: "delete", key: encodeKey(["b"]) },
      ],
      BLIND,
      3n,
    );
    while (store.compactVersions(3n, 9) > 0);
    expect(readdirSync(`${file}-payload`)).toEqual(["0000000001.seg"]);
    store.applyMutations([put("c", 1, 600_000)], BLIND, 4n);
    expect(store.compactVersions(3n, 9)).toBe(0);
    expect(readdirSync(`${file}-payload`)).toEqual(["0000000002.seg"]);
    expect(store.getAt(encodeKey(["c"]), BLIND)?.payload?.length).toBe(600_000);
    store.close();
  });

  test("a reader that stays for long makes the write-ahead file grow, does not stop the writer, and is made good", () => {
    const store = new SqliteStore({ file, fsmSyncMode: "nosync", walLimitBytes: 8 << 20 });
    const write = (from: number) => {
      for (let i = from; i < from + 200; i++) {
        store.raftBatch({ index: i, term: 1, commitTs: BigInt(i) }, (batch) =>
          batch.applyMutationsRaft([put(`k${i % 50}`, 60_000)], BLIND, BigInt(i)),
        );
      }
    };
    write(1);
    const long = new Database(file, { readonly: true });
    long.run("BEGIN");
    expect(long.query<{ n: number }, []>("SELECT count(*) n FROM kv").get()).toEqual({ n: 200 });
    write(201);
    write(401);
    expect(store.walBytes()).toBeGreaterThan(20 << 20);
    expect(long.query<{ n: number }, []>("SELECT count(*) n FROM kv").get()).toEqual({ n: 200 });
    long.run("COMMIT");
    long.close();
    write(601);
    expect(store.checkpoint().walPages * 4096).toBeLessThan(16 << 20);
    store.close();
  }, 30_000);

  test("the write-ahead file starts over although a reader comes again and again", () => {
    const store = new SqliteStore({ file, fsmSyncMode: "nosync", walLimitBytes: 16 << 20 });
    const reader = new SqliteReader(file);
    let ts = 0n;
    for (let i = 0; i < 1500; i++) {
      ts++;
      store.raftBatch({ index: i + 1, term: 1, commitTs: ts }, (batch) =>
        batch.applyMutationsRaft(
          Array.from({ length: 8 }, (_, n) => put(`k${(i * 977 + n * 131) % 5000}`, 900)),
          BLIND,
          ts,
        ),
      );
      expect(reader.appliedState().index).toBe(i + 1);
    }
    expect(store.walBytes()).toBeLessThan(24 << 20);
    const { walPages, copiedPages } = store.checkpoint();
    expect(copiedPages).toBe(walPages);
    reader.close();
    store.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
  }, 30_000);
});
