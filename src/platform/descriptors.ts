/** How many files and sockets the process may have open (getrlimit(2), RLIMIT_NOFILE). */
import { closeSync, openSync, readFileSync } from "node:fs";

/**
 * The limit in force; undefined where /proc does not say. Bun raises the soft limit to the hard one when it starts, so
 * there is nothing left to raise.
 */
export function descriptorLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return line?.[1] === undefined ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}

/** Whether another descriptor can be had now: EMFILE is the process's limit, ENFILE the machine's. */
export function descriptorAvailable(): boolean {
  try {
    closeSync(openSync("/dev/null", "r"));
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code !== "EMFILE" && code !== "ENFILE";
  }
}
