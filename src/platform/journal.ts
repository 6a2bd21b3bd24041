import { fstatSync } from "node:fs";

/**
 * Whether a descriptor leads to systemd's journal: the unit manager says in `JOURNAL_STREAM` which device and inode the
 * stream has (systemd.exec(5)), and a child that redirected its output has another.
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
