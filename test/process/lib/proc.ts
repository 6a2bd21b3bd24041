/** What /proc says about a process. */
import { readdirSync, readFileSync } from "node:fs";

const CLOCK_TICKS_PER_SECOND = 100;

/** Resident set size now. */
export function residentMebibytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes ?? Number.NaN) / 1024;
}

/** CPU seconds (user and system) of every thread, by thread name and id. */
export function threadCpuSeconds(pid: number): Map<string, number> {
  const seconds = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    } catch {
      continue; // ended in between
    }
    // The name stands in parentheses and may hold anything; fields are counted behind it.
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    seconds.set(`${name}/${thread}`, ticks / CLOCK_TICKS_PER_SECOND);
  }
  return seconds;
}

export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Argument lists of all processes of this machine in which one of the words stands (proc_pid_cmdline(5)). */
export function argumentListsWith(words: readonly string[]): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const list = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        return words.some((word) => list.includes(word)) ? [list] : [];
      } catch (error) {
        // The process has ended since the directory was read.
        if (["ENOENT", "ESRCH"].includes((error as { code?: string }).code ?? "")) return [];
        throw error;
      }
    });
}
