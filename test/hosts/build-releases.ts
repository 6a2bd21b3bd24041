/**
 * `bun test/hosts/build-releases.ts FOLDER`: the packages that the host tests install, made from this checkout. Two real
 * releases of the same sources (the second under a later name), releases that fail in one way each, and LANDED. FOLDER/releases.json names them.
 */
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildDeb, debName } from "../../scripts/package/deb.ts";
import { type Release, releaseOf } from "../../scripts/package/release.ts";
import { buildTarball, tarballName } from "../../scripts/package/tarball.ts";

const root = join(import.meta.dir, "../..");
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: build-releases.ts FOLDER");
mkdirSync(folder, { recursive: true });

/** What a shell script says in place of `serve`; everything else it leaves to the release that is installed. */
const FAULTY = {
  /** It ends at once, as a program with a broken library does. */
  crashing: "kill -SEGV $$",
  /** It runs and never says that it serves. */
  silent: "exec sleep 100000",
} as const;

/** The release that hosts are updated from, if this checkout has its history: a commit that landed. It moves forward with each landing. */
const LANDED = "fd8179eff6f0fb0e449c76fa011a4c6a70aa341f";

const releases: Record<string, { name: string; commit: string; deb: string; tarball?: string }> = {};
const first = add("first", "");
const second = add("second", ".next");
for (const [kind, serve] of Object.entries(FAULTY)) addFaulty(kind, serve);
addLanded();
writeFileSync(join(folder, "releases.json"), JSON.stringify(releases));
console.log(`${first.name} and ${second.name}`);

function add(kind: string, suffix: string): Release {
  const binary = join(folder!, kind, "elastickv");
  mkdirSync(join(folder!, kind));
  const environment = { ...process.env, ELASTICKV_RELEASE_SUFFIX: suffix };
  const { exitCode } = Bun.spawnSync([process.execPath, join(root, "scripts/build.ts"), binary], {
    env: environment,
    stdout: "ignore",
    stderr: "inherit",
  });
  if (exitCode !== 0) process.exit(1);
  return pack(kind, releaseOf(environment), binary);
}

/** Builds LANDED with its own scripts in a clone. A shallow checkout does not have it, and the test of updates from it is skipped. */
function addLanded(): void {
  const git = (...words: string[]): boolean =>
    Bun.spawnSync(["git", ...words], { cwd: root, stdout: "ignore", stderr: "ignore" }).success;
  if (!git("cat-file", "-e", `${LANDED}^{commit}`)) return;
  const tree = join(folder!, "landed");
  if (
    !git("clone", "--quiet", "--no-checkout", root, tree) ||
    !git("-C", tree, "checkout", "--quiet", LANDED)
  ) {
    throw new Error(`${LANDED} cannot be checked out`);
  }
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  const made = Bun.spawnSync([process.execPath, "scripts/package.ts", "deb"], {
    cwd: tree,
    stdout: "ignore",
    stderr: "inherit",
  });
  const deb = readdirSync(join(tree, "dist")).find((name) => name.endsWith(".deb"));
  if (!made.success || deb === undefined) throw new Error(`${LANDED} cannot be built`);
  releases["landed"] = { name: deb.split("_")[1] ?? "", commit: LANDED, deb: join(tree, "dist", deb) };
}

function addFaulty(kind: string, serve: string): void {
  const { commit, epoch, name } = releaseOf({ ...process.env, ELASTICKV_RELEASE_SUFFIX: `.${kind}` });
  const binary = join(folder!, kind, "elastickv");
  mkdirSync(join(folder!, kind));
  const said = Bun.spawnSync([join(folder!, "first/elastickv"), "version", "--json"]).stdout.toString();
  const version = JSON.stringify({ ...JSON.parse(said), release: name, commit });
  const script = [
    "#!/bin/sh",
    `case "$1" in`,
    `serve) ${serve} ;;`,
    `version) echo '${version}' ;;`,
    `*) exec /usr/lib/elastickv/${first.name}/elastickv "$@" ;;`,
    "esac",
    "",
  ];
  writeFileSync(binary, script.join("\n"));
  chmodSync(binary, 0o755);
  pack(kind, { commit, epoch, name }, binary);
}

function pack(kind: string, release: Release, binary: string): Release {
  const input = { release, binary, copyright: "a test\n" };
  const deb = join(folder!, debName(release.name));
  buildDeb({ ...input, outfile: deb });
  const tarball = join(folder!, `${tarballName(release.name)}.tar.gz`);
  if (kind === "second") buildTarball({ ...input, outfile: tarball });
  const { name, commit } = release;
  releases[kind] = { name, commit, deb, ...(kind === "second" ? { tarball } : {}) };
  return release;
}
