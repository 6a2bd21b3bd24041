import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realDisk } from "../../src/platform/disk/real-disk.ts";
import { FSYNC_DELAY_VARIABLE, maybeSlowSync } from "../../src/platform/disk/slow-sync.ts";

test("without the variable, or with 0, the disk is the disk", () => {
  expect(maybeSlowSync(realDisk, {})).toBe(realDisk);
  expect(maybeSlowSync(realDisk, { [FSYNC_DELAY_VARIABLE]: "" })).toBe(realDisk);
  expect(maybeSlowSync(realDisk, { [FSYNC_DELAY_VARIABLE]: "0" })).toBe(realDisk);
});

test("with it every sync is late, and nothing else is different", () => {
  const directory = mkdtempSync(join(tmpdir(), "elastickv-slow-"));
  try {
    const disk = maybeSlowSync(realDisk, { [FSYNC_DELAY_VARIABLE]: "20" });
    const file = disk.open(join(directory, "file"), "create");
    file.pwrite(new TextEncoder().encode("content"), 0);
    const begin = performance.now();
    file.datasync();
    disk.syncDirectory(directory);
    // A lower bound that the delay itself guarantees, whatever the machine does.
    expect(performance.now() - begin).toBeGreaterThanOrEqual(38);
    const read = new Uint8Array(7);
    expect(file.pread(read, 0)).toBe(7);
    expect(new TextDecoder().decode(read)).toBe("content");
    expect(file.size()).toBe(7);
    file.close();
    expect(disk.readdir(directory)).toEqual(["file"]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("what is no delay is refused by name", () => {
  for (const text of ["slow", "-1", "1.5", "60001"]) {
    expect(() => maybeSlowSync(realDisk, { [FSYNC_DELAY_VARIABLE]: text })).toThrow(
      `ELASTICKV_TEST_FSYNC_DELAY_MS: "${text}"`,
    );
  }
});
