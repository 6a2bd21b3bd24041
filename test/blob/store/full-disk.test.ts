/** A disk without a free block, for real: what needs no space goes on. */
import { expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { needs } from "../../platform/support/needs.ts";
import { temporaryDirectory } from "../../store/helpers.ts";
import { blob, openStore } from "./helpers.ts";

test.if(needs("mount"))("on a full disk the blobs are listed and read whose rows wait for space", () => {
  const root = temporaryDirectory();
  const disk = join(root.path, "disk");
  mkdirSync(disk);
  expect(Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=8m", "elastickv-test", disk]).exitCode).toBe(0);
  try {
    const { store, timers } = openStore(join(disk, "blobs"));
    const [first, ...others] = [1, 2, 3, 4, 5].map((seed) => blob(seed));
    if (first === undefined) throw new Error("no blobs");
    store.write([first]);
    timers.run();
    store.write(others);
    fill(join(disk, "filler"));

    const names = [first, ...others].map(({ sha256 }) => sha256).sort(Buffer.compare);
    const list = (after: Uint8Array | undefined, limit: number) =>
      store.list(after, limit).map(({ sha256 }) => sha256);
    expect(list(undefined, 10)).toEqual(names);
    expect(list(names[1], 2)).toEqual(names.slice(2, 4));
    for (const { sha256, bytes } of others) expect(store.read(sha256)).toEqual(new Uint8Array(bytes));
    store.close();
  } finally {
    Bun.spawnSync(["umount", "--lazy", disk]);
    root.remove();
  }
});

function fill(path: string): void {
  const fd = openSync(path, "w");
  try {
    for (;;) writeSync(fd, new Uint8Array(4096));
  } catch (error) {
    expect(error).toHaveProperty("code", "ENOSPC");
  } finally {
    closeSync(fd);
  }
}
