/**
 * `bun scripts/package.ts deb|tarball [folder]`: writes dist/elastickv_VERSION_amd64.deb or
 * dist/elastickv-VERSION-linux-amd64.tar.gz.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildDeb, debName } from "./package/deb.ts";
import { bundledNames, copyrightFile, licencesOf } from "./package/licences.ts";
import { type Release, releaseOf } from "./package/release.ts";
import { buildTarball, tarballName } from "./package/tarball.ts";

const root = join(import.meta.dir, "..");
const binary = join(root, "dist/elastickv");
const [kind, folder = join(root, "dist")] = process.argv.slice(2);

if (kind !== "deb" && kind !== "tarball") fail("usage: bun scripts/package.ts deb|tarball [folder]");
const tool = kind === "deb" ? "dpkg-deb" : "tar";
if (Bun.which(tool) === null) fail(`${tool} is not installed`);

const release = releaseOf();
if (nameIn(binary) !== release.name) build();
if (nameIn(binary) !== release.name) fail(`${binary} is not ${release.name} although it was just built`);
mkdirSync(folder, { recursive: true });
const outfile = join(folder, kind === "deb" ? debName(release.name) : `${tarballName(release.name)}.tar.gz`);
const temporary = `${outfile}.${process.pid}.new`;
try {
  const input = {
    release,
    binary,
    copyright: copyrightFile(licencesOf(await bundledNames())),
    outfile: temporary,
  };
  if (kind === "deb") buildDeb(input);
  else buildTarball(input);
  renameSync(temporary, outfile);
} catch (error) {
  rmSync(temporary, { force: true });
  fail(error instanceof Error ? error.message : String(error));
}
console.log(`${outfile} (${(statSync(outfile).size / 2 ** 20).toFixed(1)} MiB)`);

/** The release that a binary reports, so that a binary of an older commit is not packed as the current release. */
function nameIn(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const { stdout, exitCode } = Bun.spawnSync([path, "version", "--json"], { env: {}, stderr: "ignore" });
  if (exitCode !== 0) return undefined;
  return (JSON.parse(stdout.toString()) as Partial<Release> & { release?: string }).release;
}

function build(): void {
  const { exitCode } = Bun.spawnSync([process.execPath, join(root, "scripts/build.ts"), binary], {
    stdout: "inherit",
    stderr: "inherit",
  });
  if (exitCode !== 0) process.exit(1);
}

function fail(message: string): never {
  console.error(`package: ${message}`);
  process.exit(1);
}
