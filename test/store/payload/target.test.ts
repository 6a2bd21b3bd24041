import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { SqliteStore } from "../../../src/store/sqlite/store.ts";
import { BLIND } from "../../../src/store/types.ts";

test("a large payload is read into the caller's memory, and its checksum told; a small one comes with its row", () => {
  const directory = mkdtempSync(join(tmpdir(), "elastickv-target-"));
  const store = new SqliteStore({ file: join(directory, "kv.db"), fsmSyncMode: "nosync" });
  try {
    const large = new Uint8Array(5_000).map((_, i) => i);
    const small = new Uint8Array(100).fill(7);
    store.applyMutations(
      [
        { kind: "put", key: Uint8Array.of(1), value: new Uint8Array(0), payload: large },
        { kind: "put", key: Uint8Array.of(2), value: new Uint8Array(0), payload: small },
      ],
      BLIND,
      1n,
    );
    const memory = new Uint8Array(8_192);
    const told: number[] = [];
    const target = {
      allocate: (length: number) => memory.subarray(0, length),
      verified: (crc: number) => told.push(crc),
    };
    const row = store.getAt(Uint8Array.of(1), 1n, target);
    expect(row?.payload?.buffer).toBe(memory.buffer);
    expect(row?.payload).toEqual(large);
    expect(told).toEqual([crc32(large)]);
    expect(store.getAt(Uint8Array.of(2), 1n, target)?.payload).toEqual(small);
    expect(told.length).toBe(1);
  } finally {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
