import { fstatSync } from "node:fs";

/**
 * True when a descriptor leads to systemd's journal. The unit manager sets `JOURNAL_STREAM` to the device and inode
 * of the stream (systemd.exec(5)); a child with redirected output has another device or inode.
 */
export function isJournal(fd: number, journalStream: string | undefined): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return `${dev}:${ino}` === journalStream;
  } catch {
    return false;
  }
}
