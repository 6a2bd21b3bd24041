/**
 * What some tests need of the machine. Without it they are skipped, which `bun test` prints and counts; in CI, which installs what is
 * missing, they run all the same and fail by what they lack, so that nothing there is ever left out in silence.
 */

import { MemoryCgroup } from "./memory-cgroup.ts";

const command = (name: string) => () => Bun.which(name) !== null;

const PRESENT = {
  openssl: command("openssl"),
  ip: command("ip"),
  bash: command("bash"),
  zsh: command("zsh"),
  fish: command("fish"),
  man: command("man"),
  mandoc: command("mandoc"),
  shellcheck: command("shellcheck"),
  lintian: command("lintian"),
  dpkg: command("dpkg-deb"),
  systemd: command("systemd-analyze"),
  root: () => process.getuid?.() === 0,
  /** Root of a container may not be allowed to. */
  mount: () =>
    Bun.spawnSync(["unshare", "--mount", "mount", "-t", "tmpfs", "elastickv-test", "/tmp"]).exitCode === 0,
  "memory-cgroup": () => MemoryCgroup.canBeMade(),
} as const;

export type Need = keyof typeof PRESENT;

const looked = new Map<Need, boolean>();

/** Whether this machine has it. Only for a test that has another way to the same end; others ask `needs`. */
export function has(need: Need): boolean {
  const known = looked.get(need) ?? PRESENT[need]();
  looked.set(need, known);
  return known;
}

/** For `test.if(needs("root"))` and `describe.if(...)`: whether to run it. Says what is missing. */
export function needs(...all: readonly Need[]): boolean {
  const missing = all.filter((need) => !has(need));
  if (missing.length === 0) return true;
  const inCi = process.env["CI"] === "true";
  console.log(`${inCi ? "will fail" : "skipped"}, needs ${missing.join(" and ")}:`);
  return inCi;
}
