/** The case format of docs/design/raft-interaction.md, section 1. */

export interface Argument {
  readonly key: string;
  /** Empty for a positional argument. */
  readonly values: readonly string[];
}

export interface Case {
  /** 1-based line of the directive. */
  readonly line: number;
  readonly command: string;
  readonly args: readonly Argument[];
  readonly input: string;
  readonly expected: string;
}

/** The file is not in the format, or a value is not what the directive takes. */
export class CaseFormatError extends Error {
  override readonly name = "CaseFormatError";
}

/** All cases of a file, in order. Throws CaseFormatError. */
export function parseCases(text: string): readonly Case[] {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  const reader = new Reader(lines);
  const cases: Case[] = [];
  for (let next = reader.readCase(); next !== null; next = reader.readCase()) cases.push(next);
  return cases;
}

class Reader {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  readCase(): Case | null {
    for (;;) {
      const first = this.#next();
      if (first === null) return null;
      let directive = first.trim();
      if (directive === "" || directive.startsWith("#")) continue;
      const line = this.#at;
      while (directive.endsWith("\\")) {
        const more = this.#next();
        if (more === null) break;
        directive = `${directive.slice(0, -1)} ${more.trim()}`;
      }
      const { command, args } = parseDirective(directive, line);
      if (command === "subtest") continue;
      const { input, separated } = this.#readInput();
      const expected = separated ? this.#readExpected() : "";
      return { line, command, args, input, expected };
    }
  }

  #next(): string | null {
    return this.#lines[this.#at++] ?? null;
  }

  #readInput(): { readonly input: string; readonly separated: boolean } {
    const input: string[] = [];
    for (let line = this.#next(); line !== null; line = this.#next()) {
      if (line === "----") return { input: input.join("\n").trim(), separated: true };
      input.push(line);
    }
    return { input: input.join("\n").trim(), separated: false };
  }

  #readExpected(): string {
    const expected: string[] = [];
    if (this.#lines[this.#at] === "----") {
      this.#at++;
      for (let line = this.#next(); line !== null; line = this.#next()) {
        if (line === "----" && this.#lines[this.#at] === "----") {
          this.#at++;
          const after = this.#next();
          if (after !== null && after.trim() !== "") {
            throw new CaseFormatError(`line ${this.#at}: no blank line after the double separator`);
          }
          return terminated(expected);
        }
        expected.push(line);
      }
      return terminated(expected);
    }
    for (let line = this.#next(); line !== null && line.trim() !== ""; line = this.#next()) {
      expected.push(line);
    }
    return terminated(expected);
  }
}

function terminated(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function parseDirective(
  directive: string,
  line: number,
): { readonly command: string; readonly args: readonly Argument[] } {
  const space = directive.indexOf(" ");
  if (space < 0) return { command: directive, args: [] };
  const args: Argument[] = [];
  let rest = directive.slice(space + 1).trim();
  while (rest !== "") {
    const key = /^[^ =]*/.exec(rest)?.[0] ?? "";
    if (key === "") throw new CaseFormatError(`line ${line}: argument without a name at "${rest}"`);
    rest = rest.slice(key.length);
    if (!rest.startsWith("=")) {
      args.push({ key, values: [] });
    } else if (rest.startsWith("=(")) {
      const list = parseList(rest.slice(2), line);
      args.push({ key, values: list.values });
      rest = rest.slice(2 + list.length);
    } else {
      const value = /^[^ ]*/.exec(rest.slice(1))?.[0] ?? "";
      args.push({ key, values: [value] });
      rest = rest.slice(1 + value.length);
    }
    rest = rest.trim();
  }
  return { command: directive.slice(0, space), args };
}

/** `text` follows the opening parenthesis. `length` includes the closing one. */
function parseList(
  text: string,
  line: number,
): { readonly values: readonly string[]; readonly length: number } {
  const values: string[] = [];
  let depth = 1;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "(") {
      depth++;
    } else if (char === ")") {
      depth--;
      if (depth === 0) {
        values.push(text.slice(start, i));
        return { values, length: i + 1 };
      }
    } else if (char === "," && depth === 1) {
      values.push(text.slice(start, i));
      start = i + 1;
      while (text[start] === " ") start++;
      i = start - 1;
    }
  }
  throw new CaseFormatError(`line ${line}: missing ) in "(${text}"`);
}

export function parseInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new CaseFormatError(`not an integer: "${text}"`);
  return value;
}

export function parseBoolean(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw new CaseFormatError(`not a boolean: "${text}"`);
}

/** The arguments without values, in order. */
export function positional(args: readonly Argument[]): readonly string[] {
  return args.filter((arg) => arg.values.length === 0).map((arg) => arg.key);
}

/** The values of argument `key`, all its occurrences together. */
export function valuesOf(args: readonly Argument[], key: string): readonly string[] {
  return args.filter((arg) => arg.key === key).flatMap((arg) => arg.values);
}

/** The last value of argument `key`. */
export function lastValueOf(args: readonly Argument[], key: string): string | undefined {
  return valuesOf(args, key).at(-1);
}
