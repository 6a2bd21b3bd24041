/**
 * Checks that every reference in a comment, a document or the README exists in the repository: documents and their
 * sections, decisions, files and folders, links and their anchors.
 */
import { dirname, join, normalize } from "node:path";

/** The repository as this check sees it: its files, and the text of a file. */
export interface Tree {
  /** Paths from the root, as git lists them. */
  readonly files: ReadonlySet<string>;
  /** @throws when there is no such file. */
  text(path: string): string;
}

/** A reference whose target does not exist. */
export interface DeadReference {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Folders that a build or a run makes: documents name them, and they are never committed. */
const GENERATED = /^(?:dist|coverage|node_modules|bench\/results|\.[a-z-]+)(?:\/|$)/;
/** Files that a tool generates from another source, or data of a test. */
const NOT_PROSE =
  /^(?:src\/gen\/|bun\.lock|package-lock\.json|LICENSE$|test\/raft\/interaction\/cases\/|test\/scripts\/references\.test\.ts$)/;
const TEXT = /\.(?:ts|md|mjs|py|go|java|sh|proto|service|toml|json|html|txt|css)$|(?:^|\/)(?:Makefile|run)$/;

/** Every dead reference in the tree, in the order of the files. */
export function deadReferences(tree: Tree): DeadReference[] {
  return [...tree.files]
    .filter((file) => TEXT.test(file) && !NOT_PROSE.test(file))
    .sort()
    .flatMap((file) => inFile(tree, file));
}

function inFile(tree: Tree, file: string): DeadReference[] {
  const dead: DeadReference[] = [];
  const prose = proseOf(file, tree.text(file));
  for (const [index, text] of prose.entries()) {
    // A reference may continue in the next line: the document's name in one line, the section in the next.
    const joined = `${text} ${(prose[index + 1] ?? "").replace(/^[\s*/#]+/, "")}`;
    const messages = [
      ...documents(tree, file, text, joined),
      ...paths(tree, text),
      ...decisions(tree, text),
      ...(file.endsWith(".md") ? links(tree, file, text) : []),
    ];
    for (const message of new Set(messages)) dead.push({ file, line: index + 1, message });
  }
  return dead;
}

/** Empties lines that are no prose: code of a source file, fenced blocks of a document. */
function proseOf(file: string, source: string): string[] {
  const lines = source.split("\n");
  if (file.endsWith(".md")) {
    let fenced = false;
    return lines.map((line) => {
      if (/^\s*```/.test(line)) fenced = !fenced;
      return fenced ? "" : line;
    });
  }
  if (!/\.(?:ts|mjs|go|java|proto|css)$/.test(file)) return lines.map((line) => /#.*/.exec(line)?.[0] ?? "");
  let inside = false;
  return lines.map((line) => {
    const begins = !inside && line.includes("/*");
    const text = inside
      ? line
      : begins
        ? line.slice(line.indexOf("/*"))
        : (/(?:^|\s)\/\/.*/.exec(line)?.[0] ?? "");
    if (inside || begins) inside = !text.includes("*/");
    return text;
  });
}

/** `engine.md`, `docs/format/wal.md, "Recovery"`, `design/runtime.md, section 5`. */
function documents(tree: Tree, file: string, text: string, joined: string): string[] {
  const messages: string[] = [];
  for (const match of text.matchAll(/(?<![\w./:-])((?:\.{0,2}[\w-]*\/)*[\w-]+\.md)\b/g)) {
    const name = match[1] ?? "";
    if (/:\/\/\S*$/.test(text.slice(0, match.index))) continue;
    // The text of a link is skipped, because the link itself is checked.
    if (
      file.endsWith(".md") &&
      text[match.index - 1] === "[" &&
      text.startsWith("](", match.index + name.length)
    )
      continue;
    const target = resolveDocument(tree, file, name);
    if (target === undefined) {
      messages.push(`${name} is not in the repository`);
      continue;
    }
    const after = joined.slice(match.index + match[0].length);
    messages.push(...sections(tree, target, /^(?:\]\([^)]*\))?[`,]*\s*(.*)/.exec(after)?.[1] ?? ""));
  }
  for (const [, name] of text.matchAll(/\b([A-Z]{5,})(?:\.md)?,? sections? \d/g)) {
    if (resolveDocument(tree, file, `${name}.md`) === undefined)
      messages.push(`${name} is no document of the repository`);
  }
  return messages;
}

function sections(tree: Tree, target: string, after: string): string[] {
  const headings = headingsOf(tree.text(target));
  const messages: string[] = [];
  const quoted = /^"[^"]+"(?:(?:,| and) "[^"]+")*/.exec(after)?.[0] ?? "";
  for (const [, heading = ""] of quoted.matchAll(/"([^"]+)"/g)) {
    if (!headings.some((known) => known.includes(heading)))
      messages.push(`${target} has no section "${heading}"`);
  }
  const numbered = /^sections? (\d[\w.]*?)(?: (?:and|to) (\d[\w.]*?))?(?![\w.]*\w)/.exec(after);
  for (const number of [numbered?.[1], numbered?.[2]]) {
    if (
      number !== undefined &&
      !headings.some((known) => known.replace(/^§/, "").match(/^[\w.]*\w/)?.[0] === number)
    ) {
      messages.push(`${target} has no section ${number}`);
    }
  }
  return messages;
}

function headingsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^(?:#+\s+|\*\*)(.+?)(?:\*\*.*)?$/gm)].map(([, heading]) => heading ?? "");
}

/** Resolves a name from the root, from the file's own folder, or below docs/. */
function resolveDocument(tree: Tree, file: string, name: string): string | undefined {
  const candidates = [name, join(dirname(file), name), join("docs", name)].map((path) => normalize(path));
  return candidates.find((path) => tree.files.has(path));
}

/** Paths from the root: `src/state/state-machine.ts`, `test/sim`, `scripts/check/`. */
function paths(tree: Tree, text: string): string[] {
  const messages: string[] = [];
  const found = text.matchAll(
    /(?<![\w./:@-])((?:src|test|scripts|bench|docs|systemd|proto|findings|deploy)\/[\w./*-]*[\w*/])/g,
  );
  for (const [, path = ""] of found) {
    // `src/kv/read-*.ts` means files with this prefix, `src/gen/NAME.js` means files in the folder.
    const fixed = path.replace(/(?:\*|(?<=\/)[A-Z]{3,}\b(?!\.md)).*$/, "");
    const bare = fixed.replace(/\/$/, "");
    if (GENERATED.test(bare) || tree.files.has(bare)) continue;
    // A name without its extension is a reference to the file too.
    const begins = fixed === path ? [`${bare}/`, `${bare}.`] : [fixed];
    const known = [...tree.files].some((one) => begins.some((begin) => one.startsWith(begin)));
    if (!known) messages.push(`${path} is not in the repository`);
  }
  return messages;
}

function decisions(tree: Tree, text: string): string[] {
  return [...text.matchAll(/\b[Dd]ecisions? (\d{3})(?:(?:,| and) (\d{3}))?/g)]
    .flatMap(([, one, two]) => [one, two])
    .filter((number) => number !== undefined)
    .filter((number) => ![...tree.files].some((file) => file.startsWith(`docs/decisions/${number}-`)))
    .map((number) => `there is no decision ${number} in docs/decisions/`);
}

/** `[text](path#anchor)`, relative to the document. */
function links(tree: Tree, file: string, text: string): string[] {
  const messages: string[] = [];
  for (const [, target = ""] of text.replace(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = "", anchor] = target.split("#");
    const resolved = path === "" ? file : normalize(join(dirname(file), path));
    const bare = resolved.replace(/\/$/, "");
    const isFolder = [...tree.files].some((one) => one.startsWith(`${bare}/`));
    if (!tree.files.has(bare) && !isFolder) messages.push(`the link to ${target} leads nowhere`);
    else if (anchor !== undefined && !isFolder && !headingsOf(tree.text(bare)).map(slug).includes(anchor)) {
      messages.push(`${bare} has no heading for #${anchor}`);
    }
  }
  return messages;
}

/** Makes the anchor of a heading in the same way as the usual viewers. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}
