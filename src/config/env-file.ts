/**
 * Reads a file as systemd reads an EnvironmentFile (systemd.exec(5)): KEY=VALUE lines, comments with # or ;,
 * quotes, and a backslash that removes the special meaning of the next character.
 */
import { ConfigError } from "./config.ts";

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
/**
 * Characters that a backslash escapes inside double quotes; before any other character, the backslash is a plain
 * character.
 */
const IN_DOUBLE_QUOTES = '"\\`$';

/**
 * @param name name of the file, for messages.
 * @returns the variables in the order of the file; a later line of the same name overrides an earlier line.
 * @throws ConfigError naming file and line: systemd would leave such a line out and start the service without it.
 */
export function parseEnvFile(text: string, name: string): Map<string, string> {
  const variables = new Map<string, string>();
  const reader = new Reader(text);
  for (;;) {
    reader.skipBlanks();
    if (reader.atEnd) return variables;
    if (reader.peek === "#" || reader.peek === ";") {
      reader.skipLine();
      continue;
    }
    const { line } = reader;
    const key = reader.key();
    if (key === undefined || !KEY.test(key)) throw new ConfigError(`${name}:${line}: is no NAME=value line`);
    const value = reader.value();
    if (value === undefined) throw new ConfigError(`${name}:${line}: ${key}: a quote is not closed`);
    if (value.includes("\0")) throw new ConfigError(`${name}:${line}: ${key}: contains a NUL byte`);
    variables.set(key, value);
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  get peek(): string {
    return this.#text[this.#at] ?? "";
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipBlanks(): void {
    while (!this.atEnd && /\s/.test(this.peek)) this.#take();
  }

  skipLine(): void {
    while (!this.atEnd && this.#take() !== "\n");
  }

  /** Reads the key up to the equals sign; undefined when the line has none. */
  key(): string | undefined {
    let key = "";
    while (!this.atEnd && this.peek !== "\n") {
      const character = this.#take();
      if (character === "=") return key.trimEnd();
      key += character;
    }
    return undefined;
  }

  /** Reads the value to the end of the line; undefined when a quote is not closed before the end of the file. */
  value(): string | undefined {
    let value = "";
    /** Length of the value without trailing blanks. */
    let kept = 0;
    while (!this.atEnd) {
      const character = this.#take();
      if (character === "\n") break;
      if (value.length === kept && (character === "'" || character === '"')) {
        const quoted = character === "'" ? this.#single() : this.#double();
        if (quoted === undefined) return undefined;
        value += quoted;
        kept = value.length;
        this.#skipSpaces();
      } else if (character === "\\") {
        const escaped = this.#take();
        if (escaped !== "\n") value += escaped;
        kept = value.length;
      } else if (!/\s/.test(character)) {
        value += character;
        kept = value.length;
        // Inside an unquoted value, quotes are plain characters.
        const rest = this.#plain();
        value += rest.text;
        kept += rest.kept;
        break;
      }
    }
    return value.slice(0, kept);
  }

  #plain(): { text: string; kept: number } {
    let text = "";
    let kept = 0;
    while (!this.atEnd) {
      const character = this.#take();
      if (character === "\n") break;
      if (character === "\\") {
        const escaped = this.#take();
        if (escaped !== "\n") text += escaped;
        kept = text.length;
        continue;
      }
      text += character;
      if (!/\s/.test(character)) kept = text.length;
    }
    return { text, kept };
  }

  #single(): string | undefined {
    let text = "";
    while (!this.atEnd) {
      const character = this.#take();
      if (character === "'") return text;
      text += character;
    }
    return undefined;
  }

  #double(): string | undefined {
    let text = "";
    while (!this.atEnd) {
      const character = this.#take();
      if (character === '"') return text;
      if (character !== "\\") {
        text += character;
        continue;
      }
      const escaped = this.#take();
      if (escaped === "\n") continue;
      text += IN_DOUBLE_QUOTES.includes(escaped) ? escaped : `\\${escaped}`;
    }
    return undefined;
  }

  #skipSpaces(): void {
    while (!this.atEnd && this.peek !== "\n" && /\s/.test(this.peek)) this.#take();
  }

  #take(): string {
    const character = this.#text[this.#at++] ?? "";
    if (character === "\n") this.line++;
    return character;
  }
}
