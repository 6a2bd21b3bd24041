/** What `cp -a` does to the data directory of a stopped node, in the simulator. */

import { parentDirectory } from "../../../src/platform/disk.ts";
import type { MemoryGenerations } from "../../support/memory-store/memory-generations.ts";
import type { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";

const CHUNK_BYTES = 64 << 10;

/** Directories with all that is in them, durable there. @throws DiskError */
export function copyFiles(from: SimulatedDisk, to: SimulatedDisk, directories: readonly string[]): void {
  for (const directory of directories) {
    if (from.stat(directory) === undefined) continue;
    copyDirectory(from, to, directory);
    to.syncDirectory(parentDirectory(directory));
  }
}

function copyDirectory(from: SimulatedDisk, to: SimulatedDisk, path: string): void {
  if (to.stat(path) === undefined) to.mkdir(path);
  for (const name of from.readdir(path)) {
    const child = `${path}/${name}`;
    if (from.stat(child)?.kind === "directory") copyDirectory(from, to, child);
    else copyFile(from, to, child);
  }
  to.syncDirectory(path);
}

function copyFile(from: SimulatedDisk, to: SimulatedDisk, path: string): void {
  const source = from.open(path, "read");
  const target = to.open(path, "create");
  const bytes = new Uint8Array(source.size());
  if (source.pread(bytes, 0) !== bytes.length) throw new Error(`${path} was not read whole`);
  target.pwrite(bytes, 0);
  target.datasync();
  source.close();
  target.close();
}

export function copyKeyspace(from: MemoryGenerations, to: MemoryGenerations): void {
  const source = from.openExport();
  if (source.position.index > 0) {
    const target = to.createImport();
    for (let piece = source.next(CHUNK_BYTES); piece !== undefined; piece = source.next(CHUNK_BYTES)) {
      target.write(piece);
    }
    target.finish();
    to.installImport();
  }
  source.close();
}
