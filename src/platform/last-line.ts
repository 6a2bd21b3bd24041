import { closeSync, openSync, writeSync } from "node:fs";
import { duplicate, redirect } from "./disk/libc.ts";

const STDERR = 2;

/**
 * Writes a line to standard error and nothing behind it, whatever other threads still log: they write to the same descriptor, and
 * the end of a process takes them milliseconds. So the descriptor leads nowhere before the line is written to a copy of it.
 * Nothing of this process is seen on standard error afterwards.
 */
export function writeLastLine(line: string): void {
  const copy = duplicate(STDERR);
  if (copy === undefined) {
    writeSync(STDERR, line);
    return;
  }
  const nowhere = openSync("/dev/null", "w");
  redirect(STDERR, nowhere);
  closeSync(nowhere);
  writeSync(copy, line);
}
