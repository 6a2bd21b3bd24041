/** Row N4: what lies behind the last complete batch is kept aside for whoever wants to look, and zeroed. */
import { type Disk, DiskError, type DiskFile } from "../../platform/disk.ts";
import type { Segment, TailToCut } from "./recovery.ts";
import type { TornTail } from "./types.ts";

const TAIL_NAME = /^torn-([0-9]{6})-[0-9]+-[0-9]+\.tail$/;
/** Older ones are removed: a machine that loses power every day must not fill its disk with them. */
const TAILS_KEPT = 8;
const COPY_BYTES = 1 << 20;

/** Copies the tail to a file of its own, durable before the original is touched; then zeroes the original. */
export function cutTail(disk: Disk, directory: string, segment: Segment, tail: TailToCut): TornTail {
  const keptAs = keepAside(disk, directory, segment, tail);
  const { file, path, capacity } = segment;
  // Cut off and reserved again rather than overwritten: zeros that a failing disk never took would show the old bytes
  // once more, truncation is metadata and either happens or does not.
  file.truncate(tail.from);
  file.preallocate(capacity);
  file.datasync();
  return { file: path, offset: tail.from, bytes: tail.to - tail.from, reason: tail.reason, keptAs };
}

function keepAside(disk: Disk, directory: string, segment: Segment, tail: TailToCut): string | undefined {
  const kept = disk.readdir(directory).filter((name) => TAIL_NAME.test(name));
  for (const name of kept.splice(0, kept.length - TAILS_KEPT + 1)) disk.unlink(`${directory}/${name}`);
  const number = Number(TAIL_NAME.exec(kept.at(-1) ?? "")?.[1] ?? "0") + 1;
  const name = `torn-${String(number).padStart(6, "0")}-${segment.sequence}-${tail.from}.tail`;
  const path = `${directory}/${name}`;
  const file = disk.open(path, "create-or-open");
  try {
    copy(segment.file, file, tail);
    file.datasync();
    return path;
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "ENOSPC") throw error;
    // A full disk must not keep the node from starting: what is lost is a copy of what nobody was promised.
    disk.unlink(path);
    return undefined;
  } finally {
    file.close();
    disk.syncDirectory(directory);
  }
}

function copy(from: DiskFile, to: DiskFile, tail: TailToCut): void {
  const buffer = new Uint8Array(COPY_BYTES);
  to.truncate(0);
  for (let at = tail.from; at < tail.to; at += COPY_BYTES) {
    const piece = buffer.subarray(0, Math.min(COPY_BYTES, tail.to - at));
    to.pwrite(piece.subarray(0, from.pread(piece, at)), at - tail.from);
  }
}
