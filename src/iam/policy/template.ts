/**
 * Texts of policies with wildcards and policy variables. IAM user guide, "IAM policy elements: variables and tags":
 * `${aws:username}`, `${aws:username, 'default'}`, and `${*}`, `${?}`, `${$}` for the characters themselves.
 */
import { type ContextValues, contextKey, PENDING } from "./context-values.ts";
import type { PolicyVersion } from "./document.ts";
import { ANY, Glob, type PatternPart, STAR } from "./glob.ts";
import { PolicyError } from "./policy-error.ts";

interface Variable {
  readonly variable: string;
  readonly fallback: string | undefined;
}

export interface TemplateOptions {
  readonly version: PolicyVersion;
  /** `*` and `?` are wildcards. */
  readonly wildcards: boolean;
  readonly lowerCase?: boolean;
}

const VARIABLE = /^\s*([A-Za-z0-9-]+:[^\s,'*?{}]+)\s*(?:,\s*'([^']*)'\s*)?$/;

export class Template {
  readonly #parts: readonly (PatternPart | Variable)[];
  readonly #lowerCase: boolean;
  /** Undefined: the pattern depends on the request. */
  readonly #fixed: Glob | undefined;

  /** @throws PolicyError a variable without end, or with a bad name */
  constructor(text: string, { version, wildcards, lowerCase = false }: TemplateOptions) {
    this.#lowerCase = lowerCase;
    const parts = partsOf(text, version === "2012-10-17", wildcards);
    this.#parts = lowerCase
      ? parts.map((part) => (typeof part === "string" ? part.toLowerCase() : part))
      : parts;
    this.#fixed = this.hasVariables ? undefined : new Glob(this.#parts.filter(isPatternPart));
  }

  get hasVariables(): boolean {
    return this.#parts.some(isVariable);
  }

  get hasWildcards(): boolean {
    return this.#parts.some((part) => part === STAR || part === ANY);
  }

  /** The text that every match begins with, for every request. */
  get literalPrefix(): string {
    const end = this.#parts.findIndex(isVariable);
    return this.#fixed?.literalPrefix ?? new Glob([...this.#literalParts(end), STAR]).literalPrefix;
  }

  /** The only text that matches for every request; undefined: there is no such text. */
  get literal(): string | undefined {
    return this.#fixed?.literal;
  }

  /** @returns undefined: the request has no value for a variable */
  globFor(context: ContextValues): Glob | undefined {
    if (this.#fixed !== undefined) return this.#fixed;
    const parts = this.partsFor(context);
    return parts === undefined ? undefined : new Glob(parts);
  }

  /** The pattern for one request: a value of a variable has no wildcards. @returns undefined: a variable has no value */
  partsFor(context: ContextValues): PatternPart[] | undefined {
    const parts: PatternPart[] = [];
    for (const part of this.#parts) {
      if (!isVariable(part)) {
        parts.push(part);
        continue;
      }
      const value = variableValue(part, context);
      if (value === undefined) return undefined;
      parts.push(this.#lowerCase ? value.toLowerCase() : value);
    }
    return parts;
  }

  #literalParts(end: number): PatternPart[] {
    return this.#parts.slice(0, end).filter(isPatternPart);
  }
}

function isVariable(part: PatternPart | Variable): part is Variable {
  return typeof part === "object";
}

function isPatternPart(part: PatternPart | Variable): part is PatternPart {
  return !isVariable(part);
}

/** A variable is one value: a key with several values has none. */
function variableValue({ variable, fallback }: Variable, context: ContextValues): string | undefined {
  const value = context.get(variable);
  if (typeof value === "string") return value;
  // Counts as absent, which never allows.
  if (value === PENDING) return fallback;
  return value?.length === 1 ? value[0] : fallback;
}

function partsOf(text: string, hasVariables: boolean, wildcards: boolean): (PatternPart | Variable)[] {
  const parts: (PatternPart | Variable)[] = [];
  let literal = "";
  const flush = (): void => {
    if (literal !== "") parts.push(literal);
    literal = "";
  };
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (hasVariables && character === "$" && text[at + 1] === "{") {
      const end = text.indexOf("}", at);
      if (end < 0) throw new PolicyError("Invalid policy variable: it has no end", "", text);
      const name = text.slice(at + 2, end);
      at = end;
      if (name === "*" || name === "?" || name === "$") {
        literal += name;
        continue;
      }
      const [, variable, fallback] = VARIABLE.exec(name) ?? [];
      if (variable === undefined) throw new PolicyError("Invalid policy variable", "", `\${${name}}`);
      flush();
      parts.push({ variable: contextKey(variable), fallback });
    } else if (wildcards && (character === "*" || character === "?")) {
      flush();
      parts.push(character === "*" ? STAR : ANY);
    } else {
      literal += character;
    }
  }
  flush();
  return parts;
}
