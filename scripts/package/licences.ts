/** The licences of all parts: elastickv's own, those of the npm packages in the binary, and those of Bun's parts. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { WORKER_ENTRYPOINTS } from "../../src/threads/worker-entrypoints.ts";
import { RUNTIME_PARTS } from "./runtime-licences.ts";

const root = join(import.meta.dir, "../..");
const TEXTS = join(root, "packaging/licences/texts");
/** Texts that every Debian has (base-files, essential). The builder has them too, because it has dpkg-deb. */
const COMMON = "/usr/share/common-licenses";
const COMMON_NAMES: Readonly<Record<string, string>> = {
  "LGPL-2.0-or-later": "LGPL-2",
  "LGPL-2.1-or-later": "LGPL-2.1",
};

/**
 * Packages that name a licence in package.json and contain no text. A further such package fails the build until a
 * person has checked it.
 */
const WITHOUT_TEXT: Readonly<Record<string, { licence: string; copyright: string }>> = {
  "@nodable/entities": { licence: "MIT", copyright: "Copyright Amit Gupta (https://solothought.com)" },
};

const LICENCE_FILE = /^(licen[cs]e|copying|notice)|\.licen[cs]e(\.txt)?$/i;
const RULE = "-".repeat(100);

/** A package in the binary. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Text of the package's own licence file. */
  readonly text: string;
}

/** Names of the npm packages with a file in the bundle, sorted. The entrypoints are those of scripts/build.ts. */
export async function bundledNames(): Promise<string[]> {
  const built = await Bun.build({
    entrypoints: ["main.ts", ...Object.values(WORKER_ENTRYPOINTS)].map((path) => join(root, "src", path)),
    root: join(root, "src"),
    target: "bun",
    metafile: true,
  });
  const inputs = Object.keys(built.metafile?.inputs ?? {});
  const names = inputs.flatMap((path) => {
    const at = path.lastIndexOf("node_modules/");
    return at < 0 ? [] : [/^(?:@[^/]+\/)?[^/]+/.exec(path.slice(at + "node_modules/".length))?.[0] ?? ""];
  });
  return [...new Set(names)].sort();
}

/** @throws Error naming every package without a known licence text. */
export function licencesOf(names: readonly string[], modules = join(root, "node_modules")): BundledPackage[] {
  const missing: string[] = [];
  const packages = names.map((name): BundledPackage => {
    const folder = join(modules, name);
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      version: string;
      license?: string;
    };
    const files = readdirSync(folder)
      .filter((file) => LICENCE_FILE.test(file))
      .sort();
    const known = WITHOUT_TEXT[name];
    const own = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
    if (own.length === 0 && known !== undefined && known.licence === manifest.license) {
      own.push(`${known.copyright}\n\n${textOf(known.licence)}`);
    }
    if (own.length === 0) missing.push(name);
    return {
      name,
      version: manifest.version,
      licence: manifest.license ?? "",
      text: own.join(`\n\n${RULE}\n\n`),
    };
  });
  if (missing.length > 0)
    throw new Error(`no licence text of ${missing.join(", ")} (scripts/package/licences.ts)`);
  return packages;
}

/** @throws Error when there is no text. */
export function textOf(licence: string): string {
  const common = COMMON_NAMES[licence];
  const path =
    licence === "Apache-2.0"
      ? join(root, "LICENSE")
      : common === undefined
        ? join(TEXTS, `${licence}.txt`)
        : join(COMMON, common);
  if (!existsSync(path)) throw new Error(`no text of the licence ${licence}: ${path} is missing`);
  return readFileSync(path, "utf8").trim();
}

/** The content of Debian's file `copyright`. */
export function copyrightFile(packages: readonly BundledPackage[]): string {
  const used = [...new Set(["Apache-2.0", ...RUNTIME_PARTS.flatMap(({ licences }) => licences)])].sort();
  return [
    "elastickv is licensed under the Apache License, Version 2.0 (Apache-2.0 below; on Debian systems also in",
    "/usr/share/common-licenses/Apache-2.0). The binary contains the packages and the runtime that are listed here.",
    "",
    `${RULE}\nNPM PACKAGES`,
    ...packages.map(
      ({ name, version, licence, text }) => `${RULE}\n${name} ${version} (${licence})\n\n${text}\n`,
    ),
    `${RULE}\nTHE RUNTIME: BUN AND WHAT IT IS MADE OF\n`,
    ...RUNTIME_PARTS.map(
      ({ name, source, licences, copyright }) =>
        `${name}\n  ${copyright}\n  ${licences.join(", ")}\n  ${source}\n`,
    ),
    ...used.map((licence) => `${RULE}\n${licence}\n\n${textOf(licence)}\n`),
  ].join("\n");
}
