/** What tests do to the files of a node that does not run. */
import { closeSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Log segments, oldest first. */
function logSegments(dataDir: string): string[] {
  const directory = join(dataDir, "wal");
  return readdirSync(directory)
    .filter((name) => name.endsWith(".wal"))
    .toSorted()
    .map((name) => join(directory, name));
}

/** Flips a bit in the middle of what is written. @returns the file */
export function flipBitInLog(dataDir: string): string {
  const path = logSegments(dataDir).at(-1);
  if (path === undefined) throw new Error(`no log segment in ${dataDir}`);
  const fd = openSync(path, "r+");
  try {
    const step = new Uint8Array(1 << 20);
    let end = 0;
    for (let at = 0, read = readSync(fd, step, 0, step.length, 0); read > 0; ) {
      const last = step.subarray(0, read).findLastIndex((byte) => byte !== 0);
      if (last >= 0) end = at + last + 1;
      at += read;
      read = readSync(fd, step, 0, step.length, at);
    }
    const byte = new Uint8Array(1);
    readSync(fd, byte, 0, 1, end >> 1);
    byte[0] = (byte[0] ?? 0) ^ 0x10;
    writeSync(fd, byte, 0, 1, end >> 1);
  } finally {
    closeSync(fd);
  }
  return path;
}
