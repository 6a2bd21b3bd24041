/** A small disk of its own (a tmpfs) for the data of one node. Needs root. */
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./node-process.ts";

export interface SmallDisk {
  readonly directory: string;
  /** Somebody else's file takes all but this. */
  fill(leaveBytes: number): void;
  /** That file is gone. */
  free(): void;
}

/** @throws Error when nothing can be mounted */
export async function withSmallDisk(
  mebibytes: number,
  run: (disk: SmallDisk) => Promise<void>,
): Promise<void> {
  const directory = join(temporaryDirectory("full"), "disk");
  mkdirSync(directory);
  const command = ["mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "elastickv-test", directory];
  const mount = Bun.spawnSync(command);
  if (mount.exitCode !== 0) throw new Error(`mount: ${mount.stderr}`);
  const filler = join(directory, "filler");
  try {
    await run({
      directory,
      fill: (leaveBytes) => {
        const { bavail, bsize } = statfsSync(directory);
        const fd = openSync(filler, "w");
        try {
          // What the node writes meanwhile is missing here.
          const step = new Uint8Array(4 << 20);
          for (let left = bavail * bsize - leaveBytes; left > 0; left -= step.length) writeSync(fd, step);
        } catch (error) {
          if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
        } finally {
          closeSync(fd);
        }
      },
      free: () => rmSync(filler, { force: true }),
    });
  } finally {
    // Lazily: a process that has just been killed may hold a file for another moment.
    Bun.spawnSync(["umount", "--lazy", directory]);
  }
}
