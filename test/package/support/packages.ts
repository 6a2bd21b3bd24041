/** Packages whose executable is a short script, and roots of a host to install them in. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PackageInput } from "../../../scripts/package/contents.ts";

/** 2026-01-31 12:00:00 UTC, and a minute later for each next version. */
const EPOCH = 1_769_860_800;

/** A version: `0.1.0~git20260131120N00.commit`. @param body of a shell script that is its executable. */
export function fakeRelease(folder: string, number: number, body?: string): PackageInput {
  const name = `0.1.0~git2026013112${String(number).padStart(2, "0")}00.0123456789ab`;
  const binary = join(folder, `binary-${number}`);
  writeFileSync(binary, `#!/bin/sh\n${body ?? `echo "elastickv of ${number}"`}\n`);
  chmodSync(binary, 0o755);
  const release = { name, commit: "0123456789ab", epoch: EPOCH + number * 60 };
  return { release, binary, copyright: "Copyright of nobody\n" };
}

export function temporary(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "elastickv-package-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Command's output, both streams, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly out: string;
}

export function run(words: string[], environment: Record<string, string> = {}): Ran {
  const { exitCode, stdout, stderr } = Bun.spawnSync(words, {
    env: { ...process.env, LC_ALL: "C.UTF-8", ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  return { code: exitCode, out: `${stdout}${stderr}` };
}

/** The root of a Debian host without anything on it but a dpkg database, and dpkg working in it. */
export class FakeHost {
  readonly root: string;

  constructor(folder: string) {
    this.root = join(folder, "host");
    for (const path of ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "usr/lib/sysusers.d"]) {
      mkdirSync(join(this.root, path), { recursive: true });
    }
    writeFileSync(join(this.root, "var/lib/dpkg/status"), "");
    writeFileSync(join(this.root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    writeFileSync(join(this.root, "etc/group"), "root:x:0:\n");
  }

  dpkg(words: string[], environment: Record<string, string> = {}): Ran {
    const forced = ["--force-script-chrootless", "--force-not-root", "--force-depends", "--force-bad-path"];
    return run(["dpkg", `--root=${this.root}`, ...forced, ...words], {
      ...environment,
      PATH: `/usr/sbin:/sbin:${process.env["PATH"]}`,
    });
  }

  /** What `current` leads to, and what the program on the path says. */
  runs(prefix = "usr"): [string, string] {
    return [
      readlinkSync(join(this.root, prefix, "lib/elastickv/current")),
      run([join(this.root, prefix, "bin/elastickv"), "version"]).out.trim(),
    ];
  }

  /** Folders of versions, sorted; with anything that does not belong there. */
  versions(prefix = "usr"): string[] {
    return readdirSync(join(this.root, prefix, "lib/elastickv"))
      .filter((name) => name !== "switch-version" && name !== "current")
      .sort();
  }
}
