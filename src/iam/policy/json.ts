/**
 * JSON of a policy (RFC 8259). JSON.parse keeps the last of two members with one name, so a reader of the text and the
 * server could see two policies; this parser refuses such a text. It also bounds the depth.
 */
import { PolicyError } from "./policy-error.ts";

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

/** A policy needs five: document, list, statement, condition, values. @internal */
export const JSON_DEPTH_MAX = 10;

const INVALID = "This policy contains invalid Json";
// biome-ignore lint/suspicious/noControlCharactersInRegex: a string of JSON has no control characters
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const WHITE_SPACE = /[ \t\n\r]*/y;

/** @throws PolicyError */
export function parseJson(text: string): Json {
  return new Parser(text).document();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#invalid();
    return value;
  }

  #value(depth: number): Json {
    if (depth > JSON_DEPTH_MAX) throw new PolicyError(INVALID, "", `nested deeper than ${JSON_DEPTH_MAX}`);
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>();
    this.#at++;
    if (this.#takes("}")) return members;
    do {
      this.#space();
      const name = this.#string();
      if (members.has(name)) {
        throw new PolicyError(INVALID, "", `the field ${JSON.stringify(name)} is there twice`);
      }
      this.#expect(":");
      members.set(name, this.#value(depth + 1));
    } while (this.#takes(","));
    this.#expect("}");
    return members;
  }

  #array(depth: number): Json[] {
    const values: Json[] = [];
    this.#at++;
    if (this.#takes("]")) return values;
    do values.push(this.#value(depth + 1));
    while (this.#takes(","));
    this.#expect("]");
    return values;
  }

  #string(): string {
    const text = this.#match(STRING);
    if (text === undefined) throw this.#invalid();
    return text.includes("\\") ? JSON.parse(text) : text.slice(1, -1);
  }

  #scalar(): Json {
    const text = this.#match(WORD) ?? this.#match(NUMBER);
    if (text === undefined) throw this.#invalid();
    return JSON.parse(text);
  }

  #takes(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw this.#invalid();
  }

  #space(): void {
    this.#match(WHITE_SPACE);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #invalid(): PolicyError {
    return new PolicyError(INVALID, "", `at character ${this.#at + 1}`);
  }
}
