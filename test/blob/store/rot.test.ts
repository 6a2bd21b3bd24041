/** Rot in segment files: a read gives the right bytes, nothing, or CORRUPT. */
import { expect, test } from "bun:test";
import { BlobError, type BlobStore, type NewBlob } from "../../../src/blob/types.ts";
import { seededRandom } from "../../raft/log/support/seeded-random.ts";
import { SeededRandom } from "../../store/helpers.ts";
import { MemoryBlobIndex } from "../../support/blobs/memory-index.ts";
import { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { blob, openStore } from "./helpers.ts";
import { DIRECTORY } from "./history.ts";

const SEED = Number(process.env["BLOB_STORE_SEED"] ?? Date.now() % 1_000_000);
const FLIPS = 400;
const BLOBS = 20;

function verdict(store: BlobStore, { sha256, bytes }: NewBlob): "right" | "nothing" | "corrupt" | "wrong" {
  try {
    const found = store.read(sha256);
    if (found === undefined) return "nothing";
    return Buffer.compare(found, bytes) === 0 ? "right" : "wrong";
  } catch (error) {
    if (error instanceof BlobError && error.code === "CORRUPT") return "corrupt";
    throw error;
  }
}

test(`bit flips never give wrong bytes (BLOB_STORE_SEED=${SEED} repeats it)`, () => {
  const random = new SeededRandom(SEED);
  const seen = new Set<string>();
  const blobs = Array.from({ length: BLOBS }, (_, i) => blob(i, 100 + i * 600));
  for (let flip = 0; flip < FLIPS; flip++) {
    const disk = new SimulatedDisk({ random: seededRandom(SEED) });
    disk.mkdir("/data");
    const index = new MemoryBlobIndex();
    const { store } = openStore(DIRECTORY, { disk, index });
    for (const one of blobs) store.write([one]);
    const name = random.pick(disk.readdir(DIRECTORY).filter((found) => found.endsWith(".seg")));
    const path = `${DIRECTORY}/${name}`;
    const offset = random.below(disk.stat(path)?.bytes ?? 1);
    // Half of the flips hit a header or the head.
    disk.flipBit(path, flip % 2 === 0 ? offset : (offset & ~4095) + random.below(80), random.below(8));
    for (const one of blobs) seen.add(verdict(store, one));
    store.close();
    disk.kill();
    // Without the index only the files are asked.
    const again = openStore(DIRECTORY, { disk, index: new MemoryBlobIndex() }).store;
    const verdicts = blobs.map((one) => verdict(again, one));
    for (const one of verdicts) seen.add(`rebuilt: ${one}`);
    expect(verdicts.filter((one) => one !== "right").length).toBeLessThanOrEqual(1);
    again.close();
  }
  expect([...seen].filter((one) => one.endsWith("wrong"))).toEqual([]);
  expect(seen).toContain("corrupt");
  expect(seen).toContain("rebuilt: nothing");
});
