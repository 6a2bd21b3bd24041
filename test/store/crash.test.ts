/** A writer killed at random moments: after reopening, every batch is there whole or not at all. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { encodeKey } from "../../src/store/key-encoding.ts";
import { SqliteReader } from "../../src/store/sqlite/reader.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { StoreError } from "../../src/store/types.ts";
import { batchPayload, KEYS_PER_BATCH } from "./crash-content.ts";
import { SeededRandom, temporaryDirectory } from "./helpers.ts";

const ROUNDS = 8;
const seed = Number(process.env["STORE_CRASH_SEED"] ?? Date.now() % 1_000_000);

/** Kills the writer `ms` after its first few batches, and returns the last index it reported. */
async function runAndKill(
  file: string,
  mode: string,
  ms: number,
): Promise<{ opened: number; acknowledged: number }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "crash-writer.ts"), file, mode], {
    stdout: "pipe",
    stderr: "inherit",
  });
  let output = "";
  const decoder = new TextDecoder();
  let killed = false;
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    // Not before a few batches, however slow the machine is.
    if (killed || output.split("\n").length < 6) continue;
    killed = true;
    setTimeout(() => child.kill("SIGKILL"), ms);
  }
  await child.exited;
  const lines = output.split("\n").slice(0, -1);
  const opened = Number(lines[0]?.replace("open ", ""));
  return { opened, acknowledged: Number(lines.length > 1 ? lines.at(-1) : opened) };
}

function expectWholeBatch(file: string, mode: "sync" | "nosync", acknowledged: number): number {
  const store = new SqliteStore({ file, fsmSyncMode: mode });
  try {
    const { index, term, commitTs } = store.appliedState();
    // One more than was reported may have committed: the report, not the commit, was cut off.
    expect([acknowledged, acknowledged + 1]).toContain(index);
    expect([term, commitTs]).toEqual([1, BigInt(index)]);
    expect(store.durableApplied().index).toBe(index);
    for (let n = 0; n < KEYS_PER_BATCH; n++) {
      for (const at of [index, index - 1, index - 2]) {
        const row = store.getAt(encodeKey(["k", n]), BigInt(at));
        expect(row?.commitTs).toBe(BigInt(at));
        expect(new TextDecoder().decode(row?.value)).toBe(String(at));
        expect(Buffer.compare(row?.payload ?? Buffer.from("absent"), batchPayload(at))).toBe(0);
      }
    }
    expect(new TextDecoder().decode(store.getState("batch"))).toBe(String(index));
    return index;
  } finally {
    store.close();
  }
}

describe("another process reads while the writer writes", () => {
  test("every snapshot is one whole batch, payloads included", async () => {
    const directory = temporaryDirectory();
    const file = join(directory.path, "kv.db");
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "crash-writer.ts"), file, "nosync", "quiet"],
      {
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    try {
      for await (const chunk of child.stdout) if (chunk.length > 0) break;
      const reader = new SqliteReader(file);
      const seen = new Set<number>();
      for (let round = 0; seen.size < 40; round++) {
        if (round % 20 === 0) await Bun.sleep(1);
        const { index, commitTs } = reader.appliedState();
        // The writer has said that it is up, not that it has written.
        if (index === 0) continue;
        seen.add(index);
        try {
          const rows = reader.scanAt(encodeKey(["k"]), undefined, { limit: 100, readTs: commitTs });
          expect(rows.map((row) => [Number(row.commitTs), new TextDecoder().decode(row.value)])).toEqual(
            Array.from({ length: KEYS_PER_BATCH }, () => [index, String(index)]),
          );
          const row = reader.getAt(encodeKey(["k", index % KEYS_PER_BATCH]), commitTs);
          expect(Buffer.compare(row?.payload ?? Buffer.from("absent"), batchPayload(index))).toBe(0);
        } catch (error) {
          // The writer keeps five batches of history: a reader that slept longer is told so, never given a mixture.
          if (!(error instanceof StoreError) || error.code !== "HISTORY_COMPACTED") throw error;
        }
      }
      reader.close();
    } finally {
      child.kill("SIGKILL");
      await child.exited;
      directory.remove();
    }
  }, 30_000);
});

describe("SIGKILL at random moments", () => {
  for (const mode of ["sync", "nosync"] as const) {
    test(mode, async () => {
      console.log(`store crash seed ${seed}`);
      const random = new SeededRandom(seed);
      const directory = temporaryDirectory();
      const file = join(directory.path, "kv.db");
      let before = 0;
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const { opened, acknowledged } = await runAndKill(file, mode, random.below(120));
          expect(opened).toBe(before);
          expect(acknowledged).toBeGreaterThanOrEqual(opened + 4);
          before = expectWholeBatch(file, mode, acknowledged);
        }
      } finally {
        directory.remove();
      }
    }, 60_000);
  }
});
