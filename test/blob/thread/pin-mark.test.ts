import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FilePinMark } from "../../../src/blob/thread/pin-mark.ts";
import { realDisk } from "../../../src/platform/disk/real-disk.ts";
import { type Disk, DiskError } from "../../../src/platform/disk.ts";

const directory = mkdtempSync(join(tmpdir(), "elastickv-pin-mark-"));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, "pinned-until");

/** The real disk, on which no file can be made. */
function failing(code: string): Disk {
  return new Proxy(realDisk, {
    get(disk, name) {
      if (name !== "open") return Reflect.get(disk, name).bind(disk);
      return (file: string, mode: "create" | "read" | "write") => {
        if (mode === "create") throw new DiskError(code, file, "open");
        return disk.open(file, mode);
      };
    },
  });
}

test("a full disk or a used-up quota refuses a pin, another error ends the node; the old mark stays", () => {
  new FilePinMark(realDisk, path).raise(5);
  for (const [code, expected] of [
    ["ENOSPC", "DISK_FULL"],
    ["EDQUOT", "DISK_FULL"],
    ["EIO", "IO"],
  ] as const) {
    const mark = new FilePinMark(failing(code), path);
    expect(() => mark.raise(9)).toThrow(expect.objectContaining({ code: expected }));
    expect([mark.untilMs, new FilePinMark(realDisk, path).untilMs]).toEqual([5, 5]);
  }
});

test("another content than a time is refused, and named", () => {
  const other = join(directory, "other");
  writeFileSync(other, "soon");
  expect(() => new FilePinMark(realDisk, other)).toThrow(`${other}: "soon" is no time`);
});
