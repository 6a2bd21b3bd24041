/** The number of files and sockets that the process may have open (getrlimit(2), RLIMIT_NOFILE). */
import { closeSync, openSync, readFileSync } from "node:fs";

/**
 * The limit in force; undefined where /proc does not show it. Bun raises the soft limit to the hard limit at its
 * start, so the process cannot raise the limit further.
 */
export function descriptorLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return line?.[1] === undefined ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}

/** True when the process can open another descriptor now: EMFILE is the process's limit, ENFILE the machine's. */
export function descriptorAvailable(): boolean {
  try {
    closeSync(openSync("/dev/null", "r"));
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code !== "EMFILE" && code !== "ENFILE";
  }
}
