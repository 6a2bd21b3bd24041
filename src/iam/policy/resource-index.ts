/**
 * Finds the statements whose resource can match. Patterns of resources mostly begin with a long literal text, so the
 * patterns lie in a map by that text, and a resource is looked up by each length that such a text has. The cost grows
 * with the number of different lengths, not with the number of statements.
 */
import type { ContextValues } from "./context-values.ts";
import type { NameRule, PolicyVersion } from "./document.ts";
import { Template } from "./template.ts";

/** Something with a rule about resources, such as a statement. */
export interface ResourceEntry<T> {
  readonly value: T;
  readonly rule: CompiledResources;
}

/** `unknown`: it depends on a policy variable that the request does not have. */
type ResourceTruth = "yes" | "no" | "unknown";

export class CompiledResources {
  readonly #not: boolean;
  readonly templates: readonly Template[];

  constructor({ not, patterns }: NameRule, version: PolicyVersion) {
    this.#not = not;
    this.templates = patterns.map((pattern) => new Template(pattern, { version, wildcards: true }));
  }

  /** The literal begins of what the rule matches; undefined: it may match anything. */
  get prefixes(): readonly string[] | undefined {
    return this.#not ? undefined : this.templates.map(({ literalPrefix }) => literalPrefix);
  }

  decide(resource: string, context: ContextValues): ResourceTruth {
    let isKnown = true;
    for (const template of this.templates) {
      const glob = template.globFor(context);
      if (glob === undefined) isKnown = false;
      else if (glob.matches(resource)) return this.#not ? "no" : "yes";
    }
    if (!this.#not) return "no";
    return isKnown ? "yes" : "unknown";
  }
}

export class ResourceIndex<T> {
  readonly #byPrefix = new Map<string, T[]>();
  readonly #lengths: readonly number[];
  readonly #others: T[] = [];

  constructor(entries: Iterable<ResourceEntry<T>>) {
    for (const { value, rule } of entries) {
      const { prefixes } = rule;
      if (prefixes === undefined) this.#others.push(value);
      for (const prefix of new Set(prefixes)) {
        const values = this.#byPrefix.get(prefix);
        if (values === undefined) this.#byPrefix.set(prefix, [value]);
        else values.push(value);
      }
    }
    this.#lengths = [...new Set([...this.#byPrefix.keys()].map(({ length }) => length))];
  }

  get entries(): number {
    return this.#byPrefix.size + this.#others.length;
  }

  /** Visits a value once for each of its patterns that can match. */
  forEach(resource: string, visit: (value: T) => void): void {
    for (const value of this.#others) visit(value);
    for (const length of this.#lengths) {
      if (length > resource.length) continue;
      const values = this.#byPrefix.get(resource.slice(0, length));
      if (values !== undefined) for (const value of values) visit(value);
    }
  }
}
