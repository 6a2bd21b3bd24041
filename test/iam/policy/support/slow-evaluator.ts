/**
 * Decides on policies as the IAM user guide explains it, one statement after the other, straight from the JSON: slow,
 * obvious, and with no line of src/iam/policy. The texts are valid policies.
 */

export interface SlowPolicies {
  readonly bucket: string | undefined;
  readonly identity: readonly string[];
  readonly session: readonly string[] | undefined;
  readonly isRoot: boolean;
  readonly bucketOnlyDenies: boolean;
}

export interface SlowRequest {
  readonly names: readonly string[];
  readonly action: string;
  readonly resource: string;
  /** By lower-case name. */
  readonly context: ReadonlyMap<string, string | readonly string[]>;
}

/** `deny bucket 0 2`: the third statement of the first policy. */
export type SlowDecision = string;

/** Called for each condition that is decided: for the frequencies of a test. */
export type Observe = (operator: string, outcome: Truth) => void;

type Truth = "yes" | "no" | "unknown";
type Values = string | readonly string[];

interface RawStatement {
  Effect: "Allow" | "Deny";
  Principal?: "*" | Record<string, Values>;
  NotPrincipal?: "*" | Record<string, Values>;
  Action?: Values;
  NotAction?: Values;
  Resource?: Values;
  NotResource?: Values;
  Condition?: Record<string, Record<string, unknown>>;
}

interface Placed {
  source: "bucket" | "identity" | "session";
  policy: number;
  index: number;
  statement: RawStatement;
  hasVariables: boolean;
}

/** The statements of all policies, in order. */
function placed(policies: SlowPolicies): Placed[] {
  const all: Placed[] = [];
  const add = (source: Placed["source"], texts: readonly string[]): void => {
    texts.forEach((text, policy) => {
      const document = JSON.parse(text);
      const list: RawStatement[] = Array.isArray(document.Statement)
        ? document.Statement
        : [document.Statement];
      const hasVariables = document.Version === "2012-10-17";
      list.forEach((statement, index) => {
        all.push({ source, policy, index, statement, hasVariables });
      });
    });
  };
  if (policies.bucket !== undefined) add("bucket", [policies.bucket]);
  add("identity", policies.identity);
  if (policies.session !== undefined) add("session", policies.session);
  return all;
}

export function slowDecider(
  policies: SlowPolicies,
  observe: Observe,
): (request: SlowRequest) => SlowDecision {
  const all = placed(policies);
  return (request) => slowDecide(policies, all, request, observe);
}

function slowDecide(
  policies: SlowPolicies,
  all: readonly Placed[],
  request: SlowRequest,
  observe: Observe,
): SlowDecision {
  const applying = all.filter((placed) => applies(placed, request, observe));
  const denier = applying.find(({ statement }) => statement.Effect === "Deny");
  if (denier !== undefined) return named("deny", denier);
  const allowing = applying.filter(({ statement }) => statement.Effect === "Allow");
  if (policies.session !== undefined && !allowing.some(({ source }) => source === "session"))
    return "no session";
  if (policies.isRoot) return "root";
  const allower = allowing.find(({ source }) => {
    return source === "identity" || (source === "bucket" && !policies.bucketOnlyDenies);
  });
  return allower === undefined ? "no allow" : named("allow", allower);
}

function named(effect: string, { source, policy, index }: Placed): string {
  return `${effect} ${source} ${policy} ${index}`;
}

function applies({ statement, hasVariables }: Placed, request: SlowRequest, observe: Observe): boolean {
  const { Action, Condition = {}, NotAction, NotPrincipal, NotResource, Principal, Resource } = statement;
  const isDeny = statement.Effect === "Deny";
  const counts = (truth: Truth): boolean => truth === "yes" || (truth === "unknown" && isDeny);
  if (Principal !== undefined && !isNamed(Principal, request.names)) return false;
  if (NotPrincipal !== undefined && isNamed(NotPrincipal, request.names)) return false;
  const action = request.action.toLowerCase();
  const isAction = (pattern: string): boolean => like(tokensOf(pattern.toLowerCase(), true), action);
  if (Action !== undefined && !listOf(Action).some(isAction)) return false;
  if (NotAction !== undefined && listOf(NotAction).some(isAction)) return false;
  const resources = listOf(Resource ?? NotResource ?? []).map((text) =>
    resolve(text, true, hasVariables, request),
  );
  const some = resources.some((tokens) => tokens !== undefined && like(tokens, request.resource));
  const unsure = resources.includes(undefined);
  if (NotResource === undefined ? !some : !counts(some ? "no" : unsure ? "unknown" : "yes")) return false;
  let all = true;
  for (const [operator, keys] of Object.entries(Condition)) {
    for (const [key, values] of Object.entries(keys)) {
      const list = (Array.isArray(values) ? values : [values]).map(String);
      const truth = condition(operator, key, list, hasVariables, request);
      observe(operator, truth);
      if (!counts(truth)) all = false;
    }
  }
  return all;
}

function isNamed(principal: "*" | Record<string, Values>, names: readonly string[]): boolean {
  if (principal === "*") return true;
  return Object.values(principal)
    .flatMap(listOf)
    .some((name) => names.includes(/^\d{12}$/.test(name) ? `arn:aws:iam::${name}:root` : name));
}

function listOf(values: Values): readonly string[] {
  return typeof values === "string" ? [values] : values;
}

function condition(
  name: string,
  key: string,
  wanted: readonly string[],
  hasVariables: boolean,
  request: SlowRequest,
): Truth {
  const given = request.context.get(nameOf(key));
  const values = given === undefined ? [] : listOf(given);
  if (name === "Null") {
    return wanted.some((text) => (text.toLowerCase() === "true") === (values.length === 0)) ? "yes" : "no";
  }
  const [, set, bare = "", optional] = /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/.exec(name) ?? [];
  const isNot = bare.includes("Not");
  if (values.length === 0) {
    if (optional !== undefined || set === "ForAllValues") return "yes";
    return isNot && set === undefined ? "yes" : "no";
  }
  const one = (value: string): Truth => {
    const outcomes = wanted.map((text) =>
      compare(bare.replace("Not", ""), value, text, hasVariables, request),
    );
    const some = outcomes.includes(true);
    if (!isNot) return some ? "yes" : "no";
    return some ? "no" : outcomes.includes(undefined) ? "unknown" : "yes";
  };
  const truths = values.map(one);
  const every = set === undefined ? isNot : set === "ForAllValues";
  const [strong, weak]: [Truth, Truth] = every ? ["no", "yes"] : ["yes", "no"];
  return truths.includes(strong) ? strong : truths.includes("unknown") ? "unknown" : weak;
}

/** undefined: the policy's value names a variable that the request does not have. */
function compare(
  operator: string,
  value: string,
  wanted: string,
  hasVariables: boolean,
  request: SlowRequest,
): boolean | undefined {
  const substituted = (wildcards: boolean, text = wanted): string[] | undefined =>
    resolve(text, wildcards, hasVariables, request);
  switch (operator) {
    case "StringEquals": {
      const tokens = substituted(false);
      return tokens === undefined ? undefined : like(tokens, value);
    }
    case "StringEqualsIgnoreCase": {
      const tokens = substituted(false);
      return tokens === undefined ? undefined : tokens.join("").toLowerCase() === value.toLowerCase();
    }
    case "StringLike": {
      const tokens = substituted(true);
      return tokens === undefined ? undefined : like(tokens, value);
    }
    case "ArnEquals":
    case "ArnLike": {
      const tokens = substituted(true);
      if (tokens === undefined) return undefined;
      return arnLike(tokens, value);
    }
    case "Bool":
      return value.toLowerCase() === wanted.toLowerCase();
    case "BinaryEquals":
      return Buffer.from(value, "base64").equals(Buffer.from(wanted, "base64"));
    case "IpAddress":
      return inRange(value, wanted);
    default:
      return inOrder(operator, value, wanted);
  }
}

function inOrder(operator: string, value: string, wanted: string): boolean {
  const read = operator.startsWith("Date") ? dateOf : Number;
  const [a, b] = [read(value), read(wanted)];
  switch (operator.replace(/^(Date|Numeric)/, "")) {
    case "Equals":
      return a === b;
    case "LessThan":
      return a < b;
    case "LessThanEquals":
      return a <= b;
    case "GreaterThan":
      return a > b;
    case "GreaterThanEquals":
      return a >= b;
    default:
      throw new Error(operator);
  }
}

function dateOf(text: string): number {
  return /^\d{5,}$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

/** Bit by bit. */
function inRange(address: string, range: string): boolean {
  const [network = "", length] = range.split("/");
  const [a, b] = [bitsOf(address), bitsOf(network)];
  const bits = length === undefined ? b.length : Number(length);
  return a.length === b.length && a.slice(0, bits) === b.slice(0, bits);
}

function bitsOf(address: string): string {
  const binary = (number: number, width: number): string => number.toString(2).padStart(width, "0");
  if (!address.includes(":"))
    return address
      .split(".")
      .map((part) => binary(Number(part), 8))
      .join("");
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const last = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - groups(head).length - last.length }, () => "0");
  const all = tail === undefined ? groups(head) : [...groups(head), ...zeros, ...last];
  return all.map((group) => binary(Number.parseInt(group, 16), 16)).join("");
}

const ANY = "any character";
const ANY_TEXT = "any text";

/** One token per character. */
function tokensOf(text: string, wildcards: boolean): string[] {
  return [...text].map((c) => (wildcards && c === "*" ? ANY_TEXT : wildcards && c === "?" ? ANY : c));
}

function resolve(
  text: string,
  wildcards: boolean,
  hasVariables: boolean,
  { context }: SlowRequest,
): string[] | undefined {
  if (!hasVariables) return tokensOf(text, wildcards);
  let isKnown = true;
  const tokens = text.split(/(\$\{[^}]*\})/).flatMap((piece) => {
    if (!/^\$\{.*\}$/.test(piece)) return tokensOf(piece, wildcards);
    const inner = piece.slice(2, -1);
    if (inner === "*" || inner === "?" || inner === "$") return [inner];
    const [name = "", fallback] = inner.split(",").map((part) => part.trim());
    const value = context.get(nameOf(name));
    const list = value === undefined ? [] : listOf(value);
    const only = list.length === 1 ? list[0] : fallback?.replaceAll("'", "");
    if (only === undefined) isKnown = false;
    return tokensOf(only ?? "", false);
  });
  return isKnown ? tokens : undefined;
}

/** A table: does the begin of the pattern match the begin of the text? */
function like(tokens: readonly string[], text: string): boolean {
  const characters = [...text];
  let row: boolean[] = [true, ...characters.map(() => false)];
  for (const token of tokens) {
    const next: boolean[] = [token === ANY_TEXT && row[0] === true];
    characters.forEach((character, i) => {
      const one = token === ANY || token === character;
      next.push(token === ANY_TEXT ? next[i] === true || row[i + 1] === true : one && row[i] === true);
    });
    row = next;
  }
  return row.at(-1) === true;
}

function arnLike(tokens: readonly string[], value: string): boolean {
  if (tokens.length === 1 && tokens[0] === ANY_TEXT) return value.split(":").length >= 6;
  const patterns: string[][] = [[]];
  for (const token of tokens) {
    if (token === ":" && patterns.length < 6) patterns.push([]);
    else patterns.at(-1)?.push(token);
  }
  const parts = value.split(":");
  if (patterns.length < 6 || parts.length < 6) return false;
  const six = [...parts.slice(0, 5), parts.slice(5).join(":")];
  return patterns.every((pattern, i) => like(pattern, six[i] as string));
}

/** Without case, but for the key of a tag. */
function nameOf(key: string): string {
  return key.replace(/^[^/]*/, (name) => name.toLowerCase());
}
