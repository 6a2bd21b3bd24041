/** The atomic file over a disk that fails and crashes at every step: the old content or the new one, whole. */
import { describe, expect, test } from "bun:test";
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ensureDirectory,
  readWholeFile,
  removeTree,
  writeFileAtomically,
} from "../../src/platform/disk/atomic-file.ts";
import { realDisk } from "../../src/platform/disk/real-disk.ts";
import { type Disk, DiskError } from "../../src/platform/disk.ts";
import { seededRandom } from "../raft/log/support/seeded-random.ts";
import { SimulatedDisk } from "../support/simulated-disk/simulated-disk.ts";

const OLD = "old content, which is longer than the new one";
const NEW = "new content";

function disk(seed: number, onOperation: () => void = () => {}): SimulatedDisk {
  const made = new SimulatedDisk({ random: seededRandom(seed), onOperation });
  made.mkdir("/d");
  made.syncDirectory("/");
  return made;
}

function text(of: Disk, path: string): string | undefined {
  const bytes = readWholeFile(of, path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

function diskError(action: () => void): DiskError {
  try {
    action();
  } catch (error) {
    if (error instanceof DiskError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

class PowerCut extends Error {}

describe("writeFileAtomically", () => {
  test("a power cut before every operation leaves the old content or the new one, and a later write works", () => {
    for (let seed = 1; seed <= 40; seed++) {
      for (let at = 0, ended = false; !ended; at++) {
        let left = Number.POSITIVE_INFINITY;
        const made = disk(seed, () => {
          // Nothing that the program does after the cut reaches the disk.
          if (left-- <= 0) throw new PowerCut();
        });
        writeFileAtomically(made, "/d/f", OLD);
        left = at;
        try {
          writeFileAtomically(made, "/d/f", NEW);
          ended = true;
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
        }
        left = Number.POSITIVE_INFINITY;
        made.crash();
        expect([seed, at, [OLD, NEW]]).toEqual([
          seed,
          at,
          expect.arrayContaining([text(made, "/d/f") as string]),
        ]);
        if (ended) expect(text(made, "/d/f")).toBe(NEW);
        writeFileAtomically(made, "/d/f", "third");
        expect([text(made, "/d/f"), made.readdir("/d")]).toEqual(["third", ["f"]]);
      }
    }
  });

  test.each(["open", "pwrite", "datasync", "rename"] as const)(
    "%s fails: the old content stays and nothing is left beside it",
    (operation) => {
      for (const code of ["EIO", "ENOSPC"]) {
        const made = disk(3);
        writeFileAtomically(made, "/d/f", OLD);
        made.inject({ code, operation });
        expect(diskError(() => writeFileAtomically(made, "/d/f", NEW)).code).toBe(code);
        expect([text(made, "/d/f"), made.readdir("/d")]).toEqual([OLD, ["f"]]);
        writeFileAtomically(made, "/d/f", NEW);
        expect(text(made, "/d/f")).toBe(NEW);
      }
    },
  );

  test("what failed first is told when the temporary file cannot be removed either", () => {
    const made = disk(3);
    made.inject({ code: "EIO", operation: "rename" });
    made.inject({ code: "EROFS", operation: "unlink", after: 1 });
    expect(diskError(() => writeFileAtomically(made, "/d/f", NEW)).code).toBe("EIO");
    expect(made.readdir("/d")).toEqual(["f.new"]);
    writeFileAtomically(made, "/d/f", NEW);
    expect(made.readdir("/d")).toEqual(["f"]);
  });

  test("a stale temporary file, or a link in its place, is removed and not followed; the mode is 0600", () => {
    const directory = mkdtempSync(join(tmpdir(), "atomic-"));
    const before = process.umask(0o000);
    try {
      const path = join(directory, "f");
      writeFileSync(join(directory, "elsewhere"), "theirs");
      symlinkSync(join(directory, "elsewhere"), `${path}.new`);
      writeFileAtomically(realDisk, path, NEW);
      expect(readFileSync(path, "utf8")).toBe(NEW);
      expect(readFileSync(join(directory, "elsewhere"), "utf8")).toBe("theirs");
      expect(lstatSync(path).mode & 0o7777).toBe(0o600);
      writeFileSync(`${path}.new`, "half a fi", { mode: 0o644 });
      writeFileAtomically(realDisk, path, OLD);
      expect([readFileSync(path, "utf8"), lstatSync(path).mode & 0o7777]).toEqual([OLD, 0o600]);
      ensureDirectory(realDisk, join(directory, "sub"));
      ensureDirectory(realDisk, join(directory, "sub"));
      expect(lstatSync(join(directory, "sub")).mode & 0o7777).toBe(0o700);
    } finally {
      process.umask(before);
      rmSync(directory, { recursive: true });
    }
  });
});

test("removeTree removes what is below, links but not what they lead to, and is content with nothing", () => {
  const directory = mkdtempSync(join(tmpdir(), "tree-"));
  try {
    const tree = join(directory, "tree");
    ensureDirectory(realDisk, tree);
    ensureDirectory(realDisk, join(tree, "sub"));
    writeFileSync(join(tree, "sub", "file"), "x");
    writeFileSync(join(directory, "kept"), "kept");
    symlinkSync(directory, join(tree, "link"));
    removeTree(realDisk, tree);
    removeTree(realDisk, tree);
    expect(realDisk.readdir(directory)).toEqual(["kept"]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
