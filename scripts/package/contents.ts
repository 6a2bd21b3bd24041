/** Files that a package installs, the same for Debian and for the tarball: paths on a host, modes, bytes. */
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { bashCompletion, fishCompletion, zshCompletion } from "./completions.ts";
import { manPage } from "./man.ts";
import type { Release } from "./release.ts";

const root = join(import.meta.dir, "../..");

export interface PackageFile {
  /** Path below the root of a host. */
  readonly path: string;
  readonly mode: number;
  readonly body:
    | { readonly text: string | Uint8Array }
    | { readonly copyOf: string }
    | { readonly linkTo: string };
}

export interface PackageInput {
  readonly release: Release;
  /** Path of the executable. */
  readonly binary: string;
  /** Text with the licences of all parts (licences.ts). */
  readonly copyright: string;
}

const EXECUTABLE = 0o755;
const READABLE = 0o644;
/** Folders whose mode is not 0755. */
const FOLDER_MODES: Readonly<Record<string, number>> = { "etc/elastickv": 0o750 };

/** All files except those for Debian alone. */
export function contents({ release, binary, copyright }: PackageInput): PackageFile[] {
  const file = (path: string, text: string | Uint8Array, mode = READABLE): PackageFile => ({
    path,
    mode,
    body: { text },
  });
  const copy = (path: string, from: string, mode = READABLE): PackageFile => ({
    path,
    mode,
    body: { copyOf: join(root, from) },
  });
  const manuals = readdirSync(join(root, "docs/operations")).sort();
  return [
    { path: `usr/lib/elastickv/${release.name}/elastickv`, mode: EXECUTABLE, body: { copyOf: binary } },
    copy("usr/lib/elastickv/switch-version", "packaging/switch-version", EXECUTABLE),
    { path: "usr/bin/elastickv", mode: EXECUTABLE, body: { linkTo: "../lib/elastickv/current/elastickv" } },
    copy("lib/systemd/system/elastickv.service", "systemd/elastickv.service"),
    copy("usr/lib/sysusers.d/elastickv.conf", "packaging/elastickv.sysusers"),
    copy("etc/elastickv/elastickv.env", "packaging/elastickv.env", 0o640),
    file("usr/share/man/man1/elastickv.1.gz", compressed(manPage(release))),
    file("usr/share/bash-completion/completions/elastickv", bashCompletion()),
    file("usr/share/zsh/vendor-completions/_elastickv", zshCompletion()),
    file("usr/share/fish/vendor_completions.d/elastickv.fish", fishCompletion()),
    file("usr/share/doc/elastickv/copyright", copyright),
    copy("usr/share/doc/elastickv/examples/rolling-update.sh", "scripts/rolling-update.sh", EXECUTABLE),
    copy("usr/share/doc/elastickv/examples/rolling-update.env", "scripts/rolling-update.env.example"),
    ...manuals.map((name) =>
      copy(`usr/share/doc/elastickv/operations/${name}`, join("docs/operations", name)),
    ),
  ];
}

/** Compresses as `gzip -9n`: the result contains no name and no time of the build machine. */
export function compressed(text: string): Uint8Array {
  const bytes = gzipSync(text, { level: 9 });
  // Byte 9 names the system of the build; Unix is set for a reproducible result.
  bytes[9] = 3;
  return bytes;
}

/** Writes the files below `folder` with one modification time and fixed modes, whatever the umask is. */
export function stage(folder: string, files: readonly PackageFile[], epoch: number): void {
  const folders = new Set<string>();
  for (const { path, mode, body } of files) {
    for (let at = dirname(path); at !== "."; at = dirname(at)) folders.add(at);
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    if ("linkTo" in body) symlinkSync(body.linkTo, target);
    else if ("copyOf" in body) copyFileSync(body.copyOf, target);
    else writeFileSync(target, body.text);
    if (!("linkTo" in body)) chmodSync(target, mode);
    lutimesSync(target, epoch, epoch);
  }
  // The innermost folder is first, because making a file changes the time of its folder.
  for (const path of ["", ...[...folders].sort()].reverse()) {
    chmodSync(join(folder, path), FOLDER_MODES[path] ?? EXECUTABLE);
    lutimesSync(join(folder, path), epoch, epoch);
  }
}

export function template(path: string, release: Release): string {
  return readFileSync(join(root, path), "utf8").replaceAll("@RELEASE@", release.name);
}

export function textLicence(path: string): PackageFile {
  return { path, mode: READABLE, body: { copyOf: join(root, "LICENSE") } };
}
