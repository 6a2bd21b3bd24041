/** Parses `elastickv policy check | simulate`, which need no server. */
import { ConfigError } from "../../config/config.ts";
import { didYouMean } from "../../config/did-you-mean.ts";
import { S3_ACTIONS } from "../../iam/policy/actions.ts";
import { contextKey } from "../../iam/policy/context-values.ts";
import type { PolicyKind } from "../../iam/policy/document.ts";
import { parsePrincipals } from "../../iam/policy/principals.ts";
import { parseFlags } from "../flags.ts";

export interface CheckRequest {
  readonly verb: "check";
  /** Path of the policy; `-` is standard input. */
  readonly path: string;
  /** Undefined: a policy with principals is one of a bucket, any other one of an identity. */
  readonly kind: PolicyKind | undefined;
  /** The bucket that the resources must be in; undefined: any. */
  readonly bucket: string | undefined;
  readonly json: boolean;
}

export interface SimulateRequest {
  readonly verb: "simulate";
  readonly action: string;
  /** `BUCKET/KEY` or `BUCKET`; "*": the service. */
  readonly resource: string;
  /** Undefined: who has not signed. */
  readonly principal: SimulatedUser | undefined;
  /** Paths, or `canned:NAME`. */
  readonly identity: readonly string[];
  readonly session: readonly string[] | undefined;
  readonly bucketPolicy: string | undefined;
  readonly restrictPublic: boolean;
  /** Values by condition key, as written. */
  readonly context: ReadonlyMap<string, readonly string[]>;
  readonly json: boolean;
}

interface SimulatedUser {
  readonly accountId: string;
  readonly name: string;
  readonly isRoot: boolean;
}

export type PolicyRequest = CheckRequest | SimulateRequest;

export type PolicyVerb = PolicyRequest["verb"];

interface PolicyOption {
  readonly flag: string;
  readonly placeholder: string | undefined;
  readonly help: string;
}

interface PolicyShape {
  readonly operands: readonly string[];
  readonly summary: string;
  readonly options: readonly PolicyOption[];
  readonly details: string;
}

const JSON_OUTPUT: PolicyOption = { flag: "json", placeholder: undefined, help: "as JSON, for programs" };
const KINDS: readonly PolicyKind[] = ["bucket", "identity", "session"];
const S3_ARN = "arn:aws:s3:::";

export const POLICY_VERBS: Readonly<Record<PolicyVerb, PolicyShape>> = {
  check: {
    operands: ["FILE"],
    summary: "check a policy without a server: what is wrong, and where",
    options: [
      {
        flag: "kind",
        placeholder: KINDS.join("|"),
        help: "kind of policy [default: bucket when it names principals, else identity]",
      },
      { flag: "bucket", placeholder: "NAME", help: "the bucket that a bucket policy is for [default: any]" },
      JSON_OUTPUT,
    ],
    details: `FILE - is standard input. A warning is about what is lawful and has no effect.
Exit codes: 0 valid, 1 not valid, 2 wrong usage.`,
  },
  simulate: {
    operands: ["ACTION", "RESOURCE", "[KEY=VALUE]..."],
    summary: "say what policies decide without a server, and which statement",
    options: [
      {
        flag: "principal",
        placeholder: "ARN",
        help: "arn:aws:iam::ACCOUNT:user/NAME asks, or :root, or anonymous [default anonymous]",
      },
      {
        flag: "identity-policy",
        placeholder: "PATH,...",
        help: "policies of the user and its groups; canned:NAME is a canned one",
      },
      { flag: "bucket-policy", placeholder: "PATH", help: "the policy of the bucket" },
      { flag: "session-policy", placeholder: "PATH,...", help: "policies of temporary credentials" },
      {
        flag: "restrict-public-buckets",
        placeholder: undefined,
        help: "the bucket's public access block has RestrictPublicBuckets",
      },
      JSON_OUTPUT,
    ],
    details: `RESOURCE is BUCKET, BUCKET/KEY, an ARN, or * for the service. Pairs KEY=VALUE are condition keys; a key that is given again has
several values. The keys of the principal are there by themselves; s3:ResourceAccount is the principal's own account unless it is given.
  elastickv policy simulate s3:GetObject pics/a.jpg aws:SourceIp=192.0.2.7 --bucket-policy policy.json
  elastickv policy simulate s3:PutObject pics/a --principal arn:aws:iam::111122223333:user/ann --identity-policy canned:readonly
Exit codes: 0 allowed, 1 denied, 2 wrong usage, or a policy that is not valid.`,
  },
};

export function isPolicyVerb(word: string | undefined): word is PolicyVerb {
  return word !== undefined && Object.hasOwn(POLICY_VERBS, word);
}

/** @param words the words after the verb. @throws ConfigError with one line that names the error */
export function parsePolicyCommand(verb: PolicyVerb, words: readonly string[]): PolicyRequest {
  const { options: known } = POLICY_VERBS[verb];
  const operands: string[] = [];
  const options = parseFlags(words, {
    known: new Map(
      known.map(({ flag, placeholder }) => [flag, placeholder === undefined ? "nothing" : "value"] as const),
    ),
    command: "policy",
    operand: (word) => operands.push(word),
    flag: (name, inlineValue) => {
      const takesNone = known.some(({ flag, placeholder }) => flag === name && placeholder === undefined);
      if (takesNone && inlineValue) throw new ConfigError(`--${name} takes no value`);
    },
  });
  return verb === "check" ? checkRequest(operands, options) : simulateRequest(operands, options);
}

function checkRequest(operands: readonly string[], options: ReadonlyMap<string, string>): CheckRequest {
  const [path, ...surplus] = operands;
  if (path === undefined || surplus.length > 0) {
    throw new ConfigError(`policy check takes FILE; given: ${operands.join(" ") || "nothing"}`);
  }
  const word = options.get("kind");
  const kind = KINDS.find((known) => known === word);
  if (word !== undefined && kind === undefined) {
    throw new ConfigError(`--kind: ${JSON.stringify(word)} is not one of ${KINDS.join(", ")}`);
  }
  const bucket = options.get("bucket");
  if (bucket !== undefined && kind !== undefined && kind !== "bucket") {
    throw new ConfigError(`--bucket goes with --kind bucket, not with --kind ${kind}`);
  }
  return {
    verb: "check",
    path,
    kind: bucket === undefined ? kind : "bucket",
    bucket,
    json: options.has("json"),
  };
}

function simulateRequest(operands: readonly string[], options: ReadonlyMap<string, string>): SimulateRequest {
  const [action, resource, ...pairs] = operands;
  if (action === undefined || resource === undefined) {
    throw new ConfigError(
      `policy simulate takes ACTION RESOURCE [KEY=VALUE]...; given: ${operands.join(" ") || "nothing"}`,
    );
  }
  const principal = principalOf(options.get("principal"));
  const identity = listOf(options.get("identity-policy"));
  const session = options.has("session-policy") ? listOf(options.get("session-policy")) : undefined;
  if (principal === undefined && (identity.length > 0 || session !== undefined)) {
    throw new ConfigError("who has not signed has no policies of its own: give --principal");
  }
  return {
    verb: "simulate",
    action: actionOf(action),
    resource: resourceOf(resource),
    principal,
    identity,
    session,
    bucketPolicy: options.get("bucket-policy"),
    restrictPublic: options.has("restrict-public-buckets"),
    context: contextOf(pairs),
    json: options.has("json"),
  };
}

const listOf = (text: string | undefined): string[] => text?.split(",").filter((path) => path !== "") ?? [];

function actionOf(text: string): string {
  const known = [...S3_ACTIONS.keys()];
  const found = known.find((action) => action.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  const hint = didYouMean(text, known);
  throw new ConfigError(
    `${JSON.stringify(text)} is no action of S3${hint === undefined ? "" : `; did you mean ${hint}?`}`,
  );
}

function resourceOf(text: string): string {
  const resource = text.startsWith(S3_ARN) ? text.slice(S3_ARN.length) : text;
  if (resource !== "" && !resource.startsWith("/") && !resource.startsWith("arn:")) return resource;
  throw new ConfigError(`${JSON.stringify(text)} is not BUCKET, BUCKET/KEY or an ARN of S3`);
}

function principalOf(text: string | undefined): SimulatedUser | undefined {
  if (text === undefined || text === "anonymous" || text === "*") return undefined;
  const [, accountId, rest = ""] = /^arn:aws:iam::(\d{12}):(root|user\/.+)$/.exec(text) ?? [];
  if (accountId === undefined || !isPrincipal(text)) {
    throw new ConfigError(
      `--principal: ${JSON.stringify(text)} is not arn:aws:iam::ACCOUNT:user/NAME, arn:aws:iam::ACCOUNT:root or anonymous`,
    );
  }
  const isRoot = rest === "root";
  return { accountId, name: isRoot ? "root" : rest.slice("user/".length), isRoot };
}

function isPrincipal(arn: string): boolean {
  try {
    parsePrincipals(new Map([["AWS", arn]]), false, "");
    return true;
  } catch {
    return false;
  }
}

function contextOf(pairs: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const key = pair.slice(0, equals);
    if (equals < 0 || !/^[a-z0-9-]+:./i.test(key)) {
      throw new ConfigError(
        `${JSON.stringify(pair)} is no condition key with its value, such as aws:SourceIp=192.0.2.7`,
      );
    }
    const name = contextKey(key);
    values.set(name, [...(values.get(name) ?? []), pair.slice(equals + 1)]);
  }
  return values;
}
