import { dirname, join, normalize } from "node:path";
import {
  AMBIENT_ALLOWED,
  AMBIENT_ALLOWED_SUFFIX,
  AMBIENT_WORDS,
  COMMON,
  FILE_PACKAGES,
  FILES_ALLOWED,
  FILES_ALLOWED_BECAUSE,
  IMPURE_WORDS,
  LAYERS,
  type Layer,
  OWNED_PACKAGES,
  SQLITE_FILES,
} from "./layers.ts";

/** A broken rule: the file, and one sentence that names both sides. */
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
  if (source.includes("bun:sqlite") && opensDatabase(source) && !SQLITE_FILES.some((name) => name === file)) {
    messages.push("opens a database: that is done where its files are looked after (SQLITE_FILES)");
  }
  return messages.map((message) => ({ file, message }));
}

/** Checks the table itself: a layer comes after every layer that it imports, so there is no circle. */
export function checkLayers(layers: readonly Layer[] = LAYERS): Violation[] {
  const order = layers.map(({ folder }) => folder);
  const file = "scripts/check/layers.ts";
  return layers.flatMap(({ folder, below }, index) =>
    below
      .filter((other) => !order.slice(0, index).includes(other))
      .map((other) => ({ file, message: `${folder} imports ${other}, which does not stand before it` })),
  );
}

/**
 * Checks that need the whole tree: circles between files, types included, and arrows of the table that no import
 * needs.
 * @param sources sources by path from the repository's root, without generated code.
 */
export function checkTree(sources: ReadonlyMap<string, string>): Violation[] {
  const graph = new Map(
    [...sources].map(([file, source]) => [
      file,
      importsOf(source).map((specifier) => targetOf(file, specifier)),
    ]),
  );
  return [...circles(graph), ...unusedArrows(graph), ...unusedExceptions(graph)];
}

function unusedExceptions(graph: ReadonlyMap<string, readonly string[]>): Violation[] {
  const uses = (file: string): boolean => graph.get(file)?.some(isFilePackage) === true;
  return Object.keys(FILES_ALLOWED_BECAUSE)
    .filter((file) => !uses(file))
    .map((name) => ({
      file: "scripts/check/layers.ts",
      message: `${name} does not import node:fs: take it out of FILES_ALLOWED_BECAUSE`,
    }));
}

function isFilePackage(specifier: string): boolean {
  return (FILE_PACKAGES as readonly string[]).includes(specifier);
}

function mayReachFiles(file: string): boolean {
  return FILES_ALLOWED.some((prefix) => file.startsWith(prefix)) || file in FILES_ALLOWED_BECAUSE;
}

/** Types of statements are free in the store; a database is opened only where its files are managed. */
function opensDatabase(source: string): boolean {
  return /\bnew\s+Database\s*\(/.test(codeOnly(source));
}

function unusedArrows(graph: ReadonlyMap<string, readonly string[]>): Violation[] {
  const used = new Set(
    [...graph].flatMap(([file, targets]) => targets.map((target) => `${layerOf(file)} ${layerOf(target)}`)),
  );
  return LAYERS.flatMap(({ folder, below }) =>
    below
      .filter((other) => !used.has(`${folder} ${other}`))
      .map((other) => ({
        file: "scripts/check/layers.ts",
        message: `no file of ${folder} imports ${other}: take the arrow out`,
      })),
  );
}

/** One violation for each circle: the first path back to a file that is still being visited. */
function circles(graph: ReadonlyMap<string, readonly string[]>): Violation[] {
  const found: Violation[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push({ file, message: `is part of a circle: ${[...path.slice(at), file].join(" -> ")}` });
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

function targetOf(file: string, specifier: string): string {
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier;
}

function importProblems(file: string, own: string, specifier: string): string[] {
  if (specifier.startsWith(".")) {
    const target = normalize(join(dirname(file), specifier));
    if (!target.startsWith("src/")) {
      // Only the package's own name and version may come from outside src/.
      return target === "package.json" ? [] : [`imports ${target}, which is not part of src/`];
    }
    const layer = layerOf(target);
    if (layer === undefined) return [`imports ${target}, which lies in no layer`];
    if (layer === own || mayImport(own, layer)) return [];
    return [`imports ${target}: ${own} must not know ${layer}`];
  }
  if (own === "raft/core") return [`imports ${specifier}: raft/core imports nothing outside itself`];
  if (isFilePackage(specifier) && !mayReachFiles(file)) {
    return [`imports ${specifier}: files are reached through a Disk (src/platform/disk.ts)`];
  }
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

function mayImport(own: string, other: string): boolean {
  const common: readonly string[] = COMMON;
  if (own !== "raft/core" && common.includes(other)) {
    // Common layers may import each other in the order of the list.
    const order = LAYERS.map(({ folder }) => folder);
    return !common.includes(own) || order.indexOf(other) < order.indexOf(own);
  }
  return LAYERS.some(({ folder, below }) => folder === own && below.includes(other));
}

function layerOf(file: string): string | undefined {
  if (!file.startsWith("src/")) return undefined;
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
