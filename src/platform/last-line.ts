import { closeSync, openSync, writeSync } from "node:fs";
import { duplicate, redirect } from "./disk/libc.ts";

const STDERR = 2;
/** More than a write to a pipe takes. */
const IN_FLIGHT_MS = 20;

/**
 * Writes a line to standard error as the last output of the process. Other threads write to the same descriptor, and
 * the end of the process takes milliseconds. So the descriptor is redirected to /dev/null before the line is written
 * to a copy of the descriptor. Later output of this process to standard error is lost.
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
  // A write of another thread that has begun still goes to the old file.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, IN_FLIGHT_MS);
  writeSync(copy, line);
}
