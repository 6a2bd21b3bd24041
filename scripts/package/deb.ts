/** Builds the Debian package. Two builds from the same input give the same bytes. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compressed, contents, type PackageFile, type PackageInput, stage, template } from "./contents.ts";

const MAINTAINER_SCRIPTS = ["preinst", "postinst", "prerm", "postrm"] as const;
const MAINTAINER = "elastickv <elastickv@localhost>";

export interface DebInput extends PackageInput {
  /** Path of the package to write. */
  readonly outfile: string;
}

export function debName(release: string): string {
  return `elastickv_${release}_amd64.deb`;
}

/** @throws Error with the output of dpkg-deb. */
export function buildDeb(input: DebInput): void {
  const { release } = input;
  const files = [...contents(input), ...debianFiles(input)];
  const folder = mkdtempSync(join(tmpdir(), "elastickv-deb-"));
  try {
    stage(folder, files, release.epoch);
    // The sizes and sums of the control files are computed from the staged files; then the control files are staged
    // too.
    stage(folder, [...files, ...controlFiles(folder, files, input)].filter(isControl), release.epoch);
    const options = ["--root-owner-group", "-Zgzip", "-z6", "--threads-max=1"];
    const { exitCode, stderr } = Bun.spawnSync(["dpkg-deb", ...options, "--build", folder, input.outfile], {
      // Sets the modification time of the archive's members.
      env: { ...process.env, SOURCE_DATE_EPOCH: String(release.epoch), LC_ALL: "C.UTF-8" },
      stdout: "ignore",
      stderr: "pipe",
    });
    if (exitCode !== 0) throw new Error(`dpkg-deb: ${stderr.toString().trim()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const isControl = ({ path }: PackageFile): boolean => path.startsWith("DEBIAN/");

function debianFiles({ release }: PackageInput): PackageFile[] {
  const text = (path: string, body: string | Uint8Array): PackageFile => ({
    path,
    mode: 0o644,
    body: { text: body },
  });
  const date = new Date(release.epoch * 1000).toUTCString().replace("GMT", "+0000");
  const changelog = `elastickv (${release.name}) unstable; urgency=medium\n\n  * Built from commit ${release.commit}.\n\n -- ${MAINTAINER}  ${date}\n`;
  return [
    text("usr/share/doc/elastickv/changelog.gz", compressed(changelog)),
    text("usr/share/lintian/overrides/elastickv", template("packaging/debian/lintian-overrides", release)),
  ];
}

function controlFiles(
  folder: string,
  files: readonly PackageFile[],
  { release }: PackageInput,
): PackageFile[] {
  const text = (name: string, body: string, mode = 0o644): PackageFile => ({
    path: `DEBIAN/${name}`,
    mode,
    body: { text: body },
  });
  const plain = files.filter(({ body }) => !("linkTo" in body));
  const sums = plain
    .map(({ path }) => `${md5(join(folder, path))}  ${path}`)
    .sort((a, b) => (a.slice(34) < b.slice(34) ? -1 : 1));
  const kib = plain.reduce((sum, { path }) => sum + Math.ceil(statSync(join(folder, path)).size / 1024), 0);
  const conffiles = files.filter(({ path }) => path.startsWith("etc/")).map(({ path }) => `/${path}\n`);
  return [
    text("control", control(release.name, kib)),
    text("md5sums", `${sums.join("\n")}\n`),
    text("conffiles", conffiles.join("")),
    ...MAINTAINER_SCRIPTS.map((name) => text(name, template(`packaging/debian/${name}`, release), 0o755)),
  ];
}

/** dpkg uses MD5 sums to find changed files. The sums protect nothing. */
function md5(path: string): string {
  return createHash("md5").update(readFileSync(path)).digest("hex");
}

/** @param kib size on the disk in KiB. */
function control(version: string, kib: number): string {
  return `Package: elastickv
Version: ${version}
Architecture: amd64
Maintainer: ${MAINTAINER}
Installed-Size: ${kib}
Depends: libc6 (>= 2.17), systemd | systemd-standalone-sysusers
Section: net
Priority: optional
Description: S3-compatible object storage in one binary
 A node keeps objects in one directory and serves them by the S3 protocol.
 Metadata is replicated by a Raft log: one node alone, or three and more that
 lose nothing when one of them is lost.
 .
 Versions lie side by side, so that going back needs no download.
`;
}
