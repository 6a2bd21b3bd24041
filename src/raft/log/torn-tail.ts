/** Row N4: the bytes after the last complete batch are kept in a file for inspection, and zeroed in the segment. */
import { type Disk, DiskError, type DiskFile } from "../../platform/disk.ts";
import type { Segment, TailToCut } from "./recovery.ts";
import type { TornTail } from "./types.ts";

const TAIL_NAME = /^torn-([0-9]{6})-[0-9]+-[0-9]+\.tail$/;
/**
 * Number of kept tails. Older tails are removed: a machine that loses power every day must not fill its disk with
 * tails.
 */
const TAILS_KEPT = 8;
const COPY_BYTES = 1 << 20;

/** Copies the tail to a file of its own, durable before the segment changes; then zeroes the tail in the segment. */
export function cutTail(disk: Disk, directory: string, segment: Segment, tail: TailToCut): TornTail {
  const keptAs = keepAside(disk, directory, segment, tail);
  const { file, path, capacity } = segment;
  // The tail is truncated and reserved again, not overwritten. A failing disk may lose written zeros, and the old
  // bytes would appear again; a truncation is metadata, which happens completely or not at all.
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
    // A full disk must not prevent the start of the node: the copy has only bytes that were never acknowledged.
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
