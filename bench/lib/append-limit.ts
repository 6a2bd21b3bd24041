/**
 * The limit of a large PUT: appending to a file in pieces of 1 MiB with an fdatasync every 4 MiB. In a process of its
 * own: `bun bench/lib/append-limit.ts DIRECTORY BYTES` prints MB/s.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const PIECE = new Uint8Array(1 << 20).fill(98);
const PIECES_PER_SYNC = 4;

function main(directory: string, bytes: number): void {
  const path = join(directory, "append-limit");
  const fd = openSync(path, "w");
  const begin = performance.now();
  for (let written = 0, pieces = 1; written < bytes; pieces++) {
    written += writeSync(fd, PIECE);
    if (pieces % PIECES_PER_SYNC === 0) fdatasyncSync(fd);
  }
  const seconds = (performance.now() - begin) / 1000;
  closeSync(fd);
  rmSync(path);
  console.log(bytes / seconds / 1e6);
}

if (import.meta.main) main(process.argv[2] ?? ".", Number(process.argv[3]));
