import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareDataDirectory } from "../../src/node/data-directory.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "elastickv-dir-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test("every directory that got a new entry is synced: a power cut must not take the whole data directory", () => {
  const synced: string[] = [];
  const dataDir = join(base, "srv", "elastickv", "data");
  prepareDataDirectory(dataDir, (path) => synced.push(path));
  expect(synced.sort()).toEqual([base, join(base, "srv"), join(base, "srv", "elastickv"), dataDir].sort());
});

test("one that was there is only synced itself", () => {
  const synced: string[] = [];
  prepareDataDirectory(base, (path) => synced.push(path));
  expect(synced).toEqual([base]);
});
