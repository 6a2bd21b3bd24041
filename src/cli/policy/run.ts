/** `elastickv policy check` and `elastickv policy simulate`. */
import { readFileSync } from "node:fs";
import { ConfigError } from "../../config/config.ts";
import { actionsMatching } from "../../iam/policy/actions.ts";
import { CANNED_TEXTS } from "../../iam/policy/canned.ts";
import { CompiledPolicy } from "../../iam/policy/compiled-policy.ts";
import { decide, type PolicyDecision } from "../../iam/policy/decision.ts";
import type { PolicyDocument, PolicyKind } from "../../iam/policy/document.ts";
import { parseJson } from "../../iam/policy/json.ts";
import { type ParseOptions, parsePolicy } from "../../iam/policy/parse.ts";
import { describePolicyError, PolicyError } from "../../iam/policy/policy-error.ts";
import { arnOf, namesOf } from "../../iam/policy/principals.ts";
import { isPublic } from "../../iam/policy/public.ts";
import { EXIT } from "../../platform/exit-codes.ts";
import type { CheckRequest, PolicyRequest, SimulateRequest } from "./arguments.ts";

export interface PolicyContext {
  print(text: string): void;
  complain(line: string): void;
  /** Standard input. */
  readInput(): Uint8Array;
}

const NO = 1;
const CANNED = "canned:";
/** No user of a simulation has one. */
const NO_CANONICAL_ID = "";

/** @returns the exit code. @throws ConfigError */
export function runPolicy(request: PolicyRequest, context: PolicyContext): number {
  return request.verb === "check" ? check(request, context) : simulate(request, context);
}

function check({ bucket, json, kind: asked, path }: CheckRequest, context: PolicyContext): number {
  const text = path === "-" ? decoded(context.readInput(), path) : read(path);
  const kind = asked ?? kindOf(text);
  let document: PolicyDocument;
  try {
    document = parsePolicy(text, optionsOf(kind, bucket));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const { detail, message, where } = error;
    if (json)
      context.print(`${JSON.stringify({ valid: false, kind, where, message, detail: detail ?? null })}\n`);
    else context.complain(`elastickv: ${path}: ${describePolicyError(error)}`);
    return NO;
  }
  const statements = document.statements.length;
  const warnings = kind === "bucket" ? [] : warningsOf(document);
  const publicNote = kind === "bucket" && isPublic(document);
  if (json) {
    const facts = {
      valid: true,
      kind,
      statements,
      ...(kind === "bucket" ? { public: publicNote } : {}),
      warnings,
    };
    context.print(`${JSON.stringify(facts)}\n`);
    return EXIT.DONE;
  }
  const plural = statements === 1 ? "statement" : "statements";
  context.print(`${path}: valid ${kind} policy, ${statements} ${plural}${publicNote ? ", public" : ""}\n`);
  for (const warning of warnings) context.complain(`elastickv: ${path}: ${warning}`);
  return EXIT.DONE;
}

/** An identity policy may speak of other services; a name of S3 that S3 does not have is a slip of the pen. */
function warningsOf({ statements }: PolicyDocument): string[] {
  return statements.flatMap(({ actions }, index) =>
    actions.patterns
      .filter((pattern) => /^s3:/i.test(pattern) && actionsMatching(pattern).length === 0)
      .map((pattern) => `Statement[${index}].Action: ${pattern} is no action of S3`),
  );
}

function kindOf(text: string): PolicyKind {
  let document: ReturnType<typeof parseJson>;
  try {
    document = parseJson(text);
  } catch {
    return "identity";
  }
  const list = document instanceof Map ? document.get("Statement") : undefined;
  const statements = Array.isArray(list) ? list : [list];
  const names = (value: unknown): boolean =>
    value instanceof Map && (value.has("Principal") || value.has("NotPrincipal"));
  return statements.some(names) ? "bucket" : "identity";
}

function simulate(request: SimulateRequest, context: PolicyContext): number {
  const { action, principal, resource } = request;
  const [bucket = ""] = resource.split("/");
  const bucketPolicy =
    request.bucketPolicy === undefined ? undefined : load(request.bucketPolicy, "bucket", bucket);
  const user = principal === undefined ? undefined : { ...principal, id: NO_CANONICAL_ID };
  const values = new Map<string, string | readonly string[]>();
  if (user !== undefined) {
    const { accountId, isRoot, name } = user;
    values.set("aws:principalaccount", accountId).set("aws:principalarn", arnOf(user));
    values.set("s3:resourceaccount", accountId).set("aws:resourceaccount", accountId);
    values.set("aws:principaltype", isRoot ? "Account" : "User");
    if (!isRoot) values.set("aws:username", name);
  } else {
    values.set("aws:principaltype", "Anonymous").set("aws:userid", "anonymous");
  }
  for (const [key, list] of request.context) values.set(key, list.length === 1 ? (list[0] as string) : list);
  const isOwner = user !== undefined && values.get("s3:resourceaccount") === user.accountId;
  const session = request.session?.map((path) => load(path, "session"));
  const decision = decide(
    {
      identity: request.identity.map((path) => load(path, "identity")),
      bucket: bucketPolicy,
      isRoot: user?.isRoot === true,
      bucketOnlyDenies:
        request.restrictPublic && !isOwner && bucketPolicy !== undefined && isPublic(bucketPolicy.document),
      ...(session === undefined ? {} : { session }),
    },
    {
      names: namesOf(user).filter((name) => name !== NO_CANONICAL_ID),
      action,
      resource: `arn:aws:s3:::${resource}`,
      context: { get: (key) => values.get(key) },
    },
  );
  context.print(
    request.json ? `${JSON.stringify(decisionJson(decision, request))}\n` : `${told(decision, request)}\n`,
  );
  return decision.allowed ? EXIT.DONE : NO;
}

interface Deciding {
  readonly source: "identity" | "bucket" | "session";
  readonly file: string;
  /** From 1. */
  readonly statement: number;
  readonly sid: string | null;
}

function decidingOf(decision: PolicyDecision, request: SimulateRequest): Deciding | undefined {
  if (decision.by !== "statement") return undefined;
  const { policy, source, verdict } = decision.decider;
  const files = {
    bucket: [request.bucketPolicy ?? ""],
    identity: request.identity,
    session: request.session ?? [],
  };
  return {
    source,
    file: files[source][policy] ?? "",
    statement: verdict.index + 1,
    sid: verdict.statement.sid ?? null,
  };
}

const REASONS = {
  allow: "no statement allows it",
  session: "no statement of the session's policies allows it",
} as const;

function decisionJson(decision: PolicyDecision, request: SimulateRequest): object {
  const deciding = decidingOf(decision, request);
  const reason =
    decision.by === "nobody" ? REASONS[decision.missing] : decision.by === "root" ? "root may" : "statement";
  return { allowed: decision.allowed, reason, by: deciding ?? null };
}

function told(decision: PolicyDecision, request: SimulateRequest): string {
  const outcome = decision.allowed ? "allowed" : "denied";
  if (decision.by === "nobody") return `${outcome}: ${REASONS[decision.missing]}`;
  if (decision.by === "root") return `${outcome}: root may do what no statement denies`;
  const { file, sid, source, statement } = decidingOf(decision, request) as Deciding;
  const named = sid === null ? "" : ` (${sid})`;
  return `${outcome}: ${source} policy ${file}, statement ${statement}${named}`;
}

/** @throws ConfigError */
function load(path: string, kind: PolicyKind, bucket?: string): CompiledPolicy {
  const text = path.startsWith(CANNED) ? canned(path.slice(CANNED.length)) : read(path);
  try {
    return new CompiledPolicy(parsePolicy(text, optionsOf(kind, bucket)));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new ConfigError(`${path}: ${describePolicyError(error)}`);
  }
}

function canned(name: string): string {
  const text = CANNED_TEXTS.get(name);
  if (text !== undefined) return text;
  throw new ConfigError(
    `there is no canned policy ${JSON.stringify(name)}: ${[...CANNED_TEXTS.keys()].join(", ")}`,
  );
}

function optionsOf(kind: PolicyKind, bucket: string | undefined): ParseOptions {
  return kind === "bucket" ? { kind, bucket } : { kind };
}

function read(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return decoded(bytes, path);
}

function decoded(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ConfigError(`${path}: not UTF-8`);
  }
}
