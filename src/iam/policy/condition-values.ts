/** Values of a policy's conditions, ready to be compared with a value of a request. */
import { type AddressRange, contains, parseAddress, parseRange } from "./addresses.ts";
import { type ContextValues, NO_CONTEXT } from "./context-values.ts";
import type { PolicyVersion } from "./document.ts";
import { Glob, type PatternPart, STAR } from "./glob.ts";
import type { Comparison, Operator, Order } from "./operators.ts";
import { PolicyError } from "./policy-error.ts";
import { Template } from "./template.ts";

/** Compares with one value of a request. */
export type Matcher = (value: string) => boolean;

/** One value of a policy. */
export interface ConditionValue {
  /** The same for every request; undefined: ask `matcherFor`. */
  readonly fixed: Matcher | undefined;
  /** @returns undefined: the value names a policy variable that the request does not have */
  matcherFor(context: ContextValues): Matcher | undefined;
}

const fixedValue = (fixed: Matcher): ConditionValue => ({ fixed, matcherFor: () => fixed });

const ARN_PARTS = 6;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
/** W3C profile of ISO 8601, "Date and Time Formats"; and seconds of Unix time. */
const ISO_DATE = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d))?)?)?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @throws PolicyError the text is no value for this operator */
export function conditionValue(operator: Operator, text: string, version: PolicyVersion): ConditionValue {
  switch (operator.comparison) {
    case "string":
      return templated(new Template(text, { version, wildcards: false }));
    case "string-ignore-case":
      return templated(new Template(text, { version, wildcards: false, lowerCase: true }), lowerCase);
    case "string-like":
      return templated(new Template(text, { version, wildcards: true }));
    case "arn":
      return arn(new Template(text, { version, wildcards: true }), text);
    default:
      return fixedValue(fixedMatcher(operator.comparison, operator.order, text));
  }
}

const lowerCase = (value: string): string => value.toLowerCase();
const AS_IS = (value: string): string => value;

/** @param change made to a value of a request before it is compared */
function templated(template: Template, change = AS_IS): ConditionValue {
  const { literal } = template;
  if (literal !== undefined) return fixedValue((value) => change(value) === literal);
  const matcherFor = (context: ContextValues): Matcher | undefined => {
    const glob = template.globFor(context);
    return glob === undefined ? undefined : (value) => glob.matches(change(value));
  };
  const fixed = template.hasVariables ? undefined : matcherFor(NO_CONTEXT);
  return { fixed, matcherFor };
}

/** The six parts of an ARN are compared one by one, so that no wildcard passes a colon. */
function arn(template: Template, text: string): ConditionValue {
  if (!template.hasVariables) {
    const globs = arnGlobs(template.partsFor(NO_CONTEXT) ?? []);
    if (globs === undefined) throw new PolicyError("Invalid ARN in Conditions", "", text);
    return fixedValue(arnMatcher(globs));
  }
  return {
    fixed: undefined,
    matcherFor(context) {
      const parts = template.partsFor(context);
      const globs = parts === undefined ? undefined : arnGlobs(parts);
      return globs === undefined ? undefined : arnMatcher(globs);
    },
  };
}

/** @returns the patterns of the six parts, [] for the pattern `*`; undefined: no pattern for an ARN */
function arnGlobs(parts: readonly PatternPart[]): readonly Glob[] | undefined {
  if (parts.length === 1 && parts[0] === STAR) return [];
  const ofParts: PatternPart[][] = [[]];
  for (const part of parts) {
    if (typeof part !== "string") {
      ofParts.at(-1)?.push(part);
      continue;
    }
    let rest = part;
    while (ofParts.length < ARN_PARTS) {
      const colon = rest.indexOf(":");
      if (colon < 0) break;
      ofParts.at(-1)?.push(rest.slice(0, colon));
      ofParts.push([]);
      rest = rest.slice(colon + 1);
    }
    ofParts.at(-1)?.push(rest);
  }
  return ofParts.length === ARN_PARTS ? ofParts.map((pattern) => new Glob(pattern)) : undefined;
}

function arnMatcher(globs: readonly Glob[]): Matcher {
  return (value) => {
    const parts = value.split(":");
    if (parts.length < ARN_PARTS) return false;
    const last = parts.slice(ARN_PARTS - 1).join(":");
    return globs.every((glob, i) => glob.matches(i < ARN_PARTS - 1 ? (parts[i] as string) : last));
  };
}

function fixedMatcher(comparison: Comparison, order: Order, text: string): Matcher {
  switch (comparison) {
    case "numeric":
      return orderMatcher(
        order,
        required(parseDecimal(text), "Invalid number in Conditions", text),
        parseDecimal,
      );
    case "date":
      return orderMatcher(order, required(parseDate(text), "Invalid date in Conditions", text), parseDate);
    case "bool": {
      const wanted = required(parseBool(text), "Invalid boolean in Conditions", text);
      return (value) => parseBool(value) === wanted;
    }
    case "binary": {
      const wanted = required(parseBase64(text), "Invalid base64 in Conditions", text);
      return (value) => parseBase64(value)?.equals(wanted) === true;
    }
    case "ip": {
      const range: AddressRange = required(parseRange(text), "Invalid IP address in Conditions", text);
      return (value) => {
        const address = parseAddress(value);
        return address !== undefined && contains(range, address);
      };
    }
    default:
      throw new Error(`${comparison} has values that depend on the request`);
  }
}

function required<T>(value: T | undefined, message: string, text: string): T {
  if (value === undefined) throw new PolicyError(message, "", text);
  return value;
}

function orderMatcher(order: Order, wanted: number, parse: (text: string) => number | undefined): Matcher {
  return (value) => {
    const given = parse(value);
    return given !== undefined && holds(order, given, wanted);
  };
}

function holds(order: Order, given: number, wanted: number): boolean {
  switch (order) {
    case "=":
      return given === wanted;
    case "<":
      return given < wanted;
    case "<=":
      return given <= wanted;
    case ">":
      return given > wanted;
    case ">=":
      return given >= wanted;
  }
}

function parseDecimal(text: string): number | undefined {
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Milliseconds of Unix time. */
function parseDate(text: string): number | undefined {
  const seconds = /^\d{1,15}(?:\.\d{1,9})?$/.test(text) && text.length > 4 ? Number(text) : undefined;
  if (seconds !== undefined) return Math.round(seconds * 1000);
  const ms = ISO_DATE.test(text) ? Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2")) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** `true` or `false`, in any case. */
export function parseBool(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === "true" ? true : word === "false" ? false : undefined;
}

function parseBase64(text: string): Buffer | undefined {
  return BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
}
