/**
 * The memory that the kernel counts against this process and cannot take back, and the limit above which the kernel
 * kills (docs/decisions/150-memory-watermark.md): of a cgroup with a limit (version 2 or 1), else of the machine.
 */
import { readFileSync } from "node:fs";

export interface MemoryAccount {
  readonly limitBytes: number;
  /** Where the limit comes from, for the log. */
  readonly source: string;
  /** Bytes in use now that the kernel cannot take back; undefined: not readable now. */
  usedBytes(): number | undefined;
}

/** Reads a file of the kernel; undefined where it cannot be read. */
export type ReadFile = (path: string) => string | undefined;

interface Level {
  readonly version: 1 | 2;
  readonly directory: string;
}

/**
 * The account with the smallest limit: of the process's cgroup, of the cgroups around it, or of the machine. undefined
 * where the kernel shows none of them.
 */
export function memoryAccount(read: ReadFile = readSystemFile): MemoryAccount | undefined {
  const accounts = levels(read).flatMap((level) => accountOf(level, read) ?? []);
  const machine = machineAccount(read);
  // With equal limits the process's own cgroup wins, which comes first.
  return [...accounts, ...(machine === undefined ? [] : [machine])].reduce<MemoryAccount | undefined>(
    (least, account) => (least === undefined || account.limitBytes < least.limitBytes ? account : least),
    undefined,
  );
}

/** @internal */
export function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // The kernel has no such account, or hides it: the caller uses another one.
  }
}

/** The cgroups that count this process's memory, the innermost first. */
function levels(read: ReadFile): Level[] {
  const memberships = read("/proc/self/cgroup");
  const mounts = read("/proc/self/mountinfo");
  if (memberships === undefined || mounts === undefined) return [];
  return memberships.split("\n").flatMap((line) => {
    // Hierarchy id, controllers, path (cgroups(7)); version 2 has id 0 and no controllers.
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (id === "0") return levelsBelow(2, path, mountOf(mounts, "cgroup2", undefined));
    if (controllers?.split(",").includes("memory") !== true) return [];
    return levelsBelow(1, path, mountOf(mounts, "cgroup", "memory"));
  });
}

interface Mount {
  /** The part of the hierarchy that lies at the mount point. */
  readonly root: string;
  readonly point: string;
}

/** The mount of a cgroup hierarchy (proc_pid_mountinfo(5)). */
function mountOf(mounts: string, type: string, option: string | undefined): Mount | undefined {
  for (const line of mounts.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [mountedType, , options = ""] = after.split(" ");
    if (mountedType !== type) continue;
    if (option !== undefined && !options.split(",").includes(option)) continue;
    const [, , , root, point] = before.split(" ");
    if (root !== undefined && point !== undefined) return { root: unescaped(root), point: unescaped(point) };
  }
  return undefined;
}

/** mountinfo writes blanks and backslashes as octal numbers. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function levelsBelow(version: 1 | 2, path: string, mount: Mount | undefined): Level[] {
  if (mount === undefined) return [];
  const { root, point } = mount;
  // In a container the path may lie outside of what is mounted: then the mount point is the container's own cgroup.
  const inside = root === "/" || path === root || path.startsWith(`${root}/`);
  const below = !inside || path.includes("/..") ? "" : path.slice(root === "/" ? 0 : root.length);
  const names = below.split("/").filter((name) => name !== "");
  return Array.from({ length: names.length + 1 }, (_, up) => ({
    version,
    directory: [point, ...names.slice(0, names.length - up)].join("/"),
  }));
}

function accountOf({ version, directory }: Level, read: ReadFile): MemoryAccount | undefined {
  const numberIn = (file: string): number | undefined => decimal(read(`${directory}/${file}`));
  // Above memory.high the kernel stops the process again and again, which is no better than the end.
  const limits = version === 2 ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"];
  const limitBytes = Math.min(...limits.map((file) => numberIn(file) ?? Number.POSITIVE_INFINITY));
  if (limitBytes === Number.POSITIVE_INFINITY) return undefined;
  const current = version === 2 ? "memory.current" : "memory.usage_in_bytes";
  return {
    limitBytes,
    source: `cgroup ${directory}`,
    usedBytes: () => {
      const stat = read(`${directory}/memory.stat`);
      const counted = numberIn(current);
      if (counted === undefined || stat === undefined) return undefined;
      return Math.max(0, counted - reclaimable(version, stat));
    },
  };
}

/**
 * What the kernel takes back before it kills: the cache of files, dirty pages included, because it writes them first.
 * The lists of file pages hold no tmpfs pages and no shared memory; freed memory that is still mapped lies in them.
 * Version 1 says nothing about the kernel's own caches.
 */
function reclaimable(version: 1 | 2, stat: string): number {
  const names =
    version === 2
      ? ["inactive_file", "active_file", "slab_reclaimable"]
      : ["total_inactive_file", "total_active_file"];
  const values = new Map(stat.split("\n").map((line) => line.split(" ") as [string, string | undefined]));
  return names.reduce((sum, name) => sum + (decimal(values.get(name)) ?? 0), 0);
}

/** Without a cgroup's limit: this process alone against the machine's memory, because other processes are not its. */
function machineAccount(read: ReadFile): MemoryAccount | undefined {
  const limitBytes = kibibytes(read("/proc/meminfo"), "MemTotal");
  if (limitBytes === undefined) return undefined;
  return {
    limitBytes,
    source: "the machine",
    usedBytes: () => {
      const status = read("/proc/self/status");
      const anonymous = kibibytes(status, "RssAnon");
      return anonymous === undefined ? undefined : anonymous + (kibibytes(status, "RssShmem") ?? 0);
    },
  };
}

function kibibytes(text: string | undefined, name: string): number | undefined {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text ?? "")?.[1];
  return value === undefined ? undefined : Number(value) * 1024;
}

/** undefined for `max` and for a missing file. */
function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}
