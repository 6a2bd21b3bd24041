/** A cgroup of a test's own with a limit of memory: version 2 where the machine counts memory there, else version 1. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILES = {
  1: { limit: "memory.limit_in_bytes", events: "memory.oom_control", usage: "memory.usage_in_bytes" },
  2: { limit: "memory.max", events: "memory.events", usage: "memory.current" },
} as const;

const REMOVE_ATTEMPTS = 100;
const REMOVE_EVERY_MS = 50;

interface Hierarchy {
  readonly version: 1 | 2;
  readonly directory: string;
}

/** Where cgroups that count memory can be made; undefined: nowhere. */
function hierarchy(): Hierarchy | undefined {
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const point = before.split(" ")[4] ?? "";
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup" && options.split(",").includes("memory")) return { version: 1, directory: point };
    if (type === "cgroup2" && countsMemory(point)) return { version: 2, directory: point };
  }
  return undefined;
}

function countsMemory(root: string): boolean {
  const has = (file: string): boolean =>
    readFileSync(join(root, file), "utf8").trim().split(" ").includes("memory");
  try {
    if (!has("cgroup.subtree_control") && has("cgroup.controllers")) {
      writeFileSync(join(root, "cgroup.subtree_control"), "+memory");
    }
    return has("cgroup.subtree_control");
  } catch {
    return false;
  }
}

export class MemoryCgroup {
  readonly #version: 1 | 2;
  readonly #directory: string;

  private constructor({ version, directory }: Hierarchy, name: string) {
    this.#version = version;
    this.#directory = join(directory, name);
    mkdirSync(this.#directory);
  }

  /** @throws Error where this machine has none or this user may not */
  static make(name: string, limitBytes: number): MemoryCgroup {
    const found = hierarchy();
    if (found === undefined) throw new Error("no cgroup hierarchy counts memory here");
    const group = new MemoryCgroup(found, `${name}-${process.pid}`);
    group.limitBytes = limitBytes;
    return group;
  }

  /** Put before a command, to start it there. */
  get wrapper(): readonly string[] {
    return ["sh", "-c", `echo $$ > "${this.#directory}/cgroup.procs" && exec "$@"`, "sh"];
  }

  set limitBytes(bytes: number) {
    writeFileSync(join(this.#directory, FILES[this.#version].limit), String(bytes));
    // Without this a machine with swap would swap instead.
    const swap = join(
      this.#directory,
      this.#version === 2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
    );
    if (existsSync(swap)) writeFileSync(swap, this.#version === 2 ? "0" : String(bytes));
  }

  /** Everything that is counted, page cache included. */
  get usageBytes(): number {
    return Number(readFileSync(join(this.#directory, FILES[this.#version].usage), "utf8"));
  }

  /** How often the kernel has killed a process of it. */
  get kills(): number {
    const text = readFileSync(join(this.#directory, FILES[this.#version].events), "utf8");
    const kills = /^oom_kill (\d+)$/m.exec(text)?.[1];
    if (kills === undefined) throw new Error(`no count of kills in ${this.#directory}`);
    return Number(kills);
  }

  /** Its processes have been ended, and may take a moment to be gone. @throws Error when they do not */
  async remove(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        rmdirSync(this.#directory);
        return;
      } catch (error) {
        if (attempt === REMOVE_ATTEMPTS) throw error;
        await Bun.sleep(REMOVE_EVERY_MS);
      }
    }
  }

  /** Whether cgroups with a limit of memory can be made here. */
  static canBeMade(): boolean {
    try {
      const group = MemoryCgroup.make("elastickv-test-probe", 1 << 30);
      const counts = group.kills === 0;
      rmdirSync(group.#directory);
      return counts;
    } catch {
      return false;
    }
  }
}
