/**
 * Builds the tarball for other distributions: the same files, with install.sh. Two builds from the same input give
 * the same bytes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contents, type PackageFile, type PackageInput, stage, template, textLicence } from "./contents.ts";

export interface TarballInput extends PackageInput {
  readonly outfile: string;
}

/** Name without `.tar.gz`; the folder in the tarball has the same name. */
export function tarballName(release: string): string {
  return `elastickv-${release}-linux-amd64`;
}

/** @throws Error with the output of tar. */
export function buildTarball(input: TarballInput): void {
  const { release } = input;
  const name = tarballName(release.name);
  const folder = mkdtempSync(join(tmpdir(), "elastickv-tarball-"));
  try {
    const inside = (file: PackageFile): PackageFile => ({ ...file, path: join(name, "files", file.path) });
    const installer: PackageFile = {
      path: join(name, "install.sh"),
      mode: 0o755,
      body: { text: template("packaging/install.sh", release) },
    };
    stage(
      folder,
      [installer, textLicence(join(name, "LICENSE")), ...contents(input).map(inside)],
      release.epoch,
    );
    const options = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];
    const { exitCode, stderr } = Bun.spawnSync(
      ["tar", ...options, "--use-compress-program=gzip -n -6", "-cf", input.outfile, "-C", folder, name],
      { env: { ...process.env, LC_ALL: "C.UTF-8" }, stdout: "ignore", stderr: "pipe" },
    );
    if (exitCode !== 0) throw new Error(`tar: ${stderr.toString().trim()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
