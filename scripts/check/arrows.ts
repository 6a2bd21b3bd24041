import { dirname, join, normalize } from "node:path";
import {
  AMBIENT_ALLOWED,
  AMBIENT_ALLOWED_SUFFIX,
  AMBIENT_WORDS,
  IMPURE_WORDS,
  LAYERS,
  OWNED_PACKAGES,
} from "./layers.ts";

/** A broken rule: which file, and one sentence that names both sides. */
export interface Violation {
  readonly file: string;
  readonly message: string;
}

/** @param file path from the repository's root, `src/...`. */
export function checkSource(file: string, source: string): Violation[] {
  const own = layerOf(file);
  if (own === undefined)
    return [{ file, message: "lies in no layer: add its folder to scripts/check/layers.ts" }];
  const messages = importsOf(source).flatMap((specifier) => importProblems(file, own, specifier));
  if (!file.endsWith(".d.ts")) messages.push(...wordProblems(file, own, source));
  return messages.map((message) => ({ file, message }));
}

/** The layers themselves must not form a circle. */
export function checkLayers(): Violation[] {
  return LAYERS.filter(({ folder }) => reach(folder).has(folder)).map(({ folder }) => ({
    file: "scripts/check/layers.ts",
    message: `${folder} reaches itself`,
  }));
}

function importProblems(file: string, own: string, specifier: string): string[] {
  if (specifier.startsWith(".")) {
    const target = normalize(join(dirname(file), specifier));
    if (!target.startsWith("src/")) {
      // The package's own name and version, and nothing else from outside.
      return target === "package.json" ? [] : [`imports ${target}, which is not part of src/`];
    }
    const layer = layerOf(target);
    if (layer === undefined) return [`imports ${target}, which lies in no layer`];
    if (layer === own || reach(own).has(layer)) return [];
    return [`imports ${target}: ${own} must not know ${layer}`];
  }
  if (own === "raft/core") return [`imports ${specifier}: raft/core imports nothing outside itself`];
  const owners = OWNED_PACKAGES[packageOf(specifier)];
  if (owners === undefined || owners.includes(own)) return [];
  return [`imports ${specifier}, which belongs to ${owners.join(" and ")}`];
}

function wordProblems(file: string, own: string, source: string): string[] {
  const pure = own === "raft/core";
  const exempt =
    AMBIENT_ALLOWED.some((prefix) => file.startsWith(prefix)) || file.endsWith(AMBIENT_ALLOWED_SUFFIX);
  const words: readonly string[] = pure ? IMPURE_WORDS : exempt ? [] : AMBIENT_WORDS;
  if (words.length === 0 || !file.endsWith(".ts")) return [];
  const code = codeOnly(source);
  return words
    .filter((word) =>
      new RegExp(`(?<![\\w$.#])${word.replace(".", "\\s*\\.\\s*")}(?![\\w$]|\\s*:)`).test(code),
    )
    .map(
      (word) =>
        `uses ${word}: ${pure ? "raft/core is a pure function of its inputs" : "take a Clock or Random (src/platform)"}`,
    );
}

/** Everything a layer may see: what is below it, and what is below that. */
function reach(folder: string, seen = new Set<string>()): Set<string> {
  for (const below of LAYERS.find((layer) => layer.folder === folder)?.below ?? []) {
    if (seen.has(below)) continue;
    seen.add(below);
    reach(below, seen);
  }
  return seen;
}

function layerOf(file: string): string | undefined {
  const inside = file.slice("src/".length);
  if (!inside.includes("/")) return inside.replace(/\.ts$/, "") === "main" ? "main" : undefined;
  return LAYERS.map(({ folder }) => folder)
    .filter((folder) => inside.startsWith(`${folder}/`))
    .sort((left, right) => right.length - left.length)[0];
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Module names after `from`, `import` and `import(`, type imports included (a transpiler would drop those). */
function importsOf(source: string): string[] {
  const withoutComments = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const found = withoutComments.matchAll(/(?<![.\w])(?:from|import|import\s*\()\s*["']([^"'\n]+)["']/g);
  return [...found].map(([, specifier]) => specifier ?? "");
}

const transpiler = new Bun.Transpiler({ loader: "ts", target: "bun" });

/** The code without types, comments and the content of plain strings. */
function codeOnly(source: string): string {
  return transpiler.transformSync(source).replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}
