// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
/** Random policies and requests that meet often: few users, buckets, keys and values, and patterns made of them. */
import { OPERATOR_NAMES } from "../../../../src/iam/policy/operators.ts";
import { parsePolicy } from "../../../../src/iam/policy/parse.ts";
import { PolicyError } from "../../../../src/iam/policy/policy-error.ts";
import { namesOf, type PolicyUser } from "../../../../src/iam/policy/principals.ts";
import type { seeded } from "../../../s3/support/seeded.ts";
import type { SlowPolicies, SlowRequest } from "./slow-evaluator.ts";

type Random = ReturnType<typeof seeded>;

const BUCKET = "pics";
const USERS: readonly PolicyUser[] = [
  { id: "a".repeat(64), accountId: "111111111111", name: "alice", isRoot: false },
  { id: "b".repeat(64), accountId: "222222222222", name: "bob", isRoot: false },
  { id: "c".repeat(64), accountId: "333333333333", name: "root", isRoot: true },
];
const ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetObjectVersion", "s3:DeleteObject"];
const ACTION_PATTERNS = [
  ...ACTIONS,
  "s3:*",
  "s3:Get*",
  "S3:getobject*",
  "s3:?utObject",
  "*",
  "s3:*Object",
  "s3:List*",
];
const KEYS = ["a", "a/b", "home/alice/x", "home/bob/x", "logs/2026/11/x.log", "", "a*b", "home/*/x"];
const RESOURCES = [
  ...[
    "/*",
    "",
    "/a",
    "/a*",
    "/a/?",
    "/home/*",
    "/home/*/x",
    "/logs/*.log",
    "/*/x*",
    "*",
    "/a${*}b",
    "/?*?/*",
  ],
  ...[
    "/home/${aws:username}/*",
    "/home/${aws:username, 'bob'}/x",
    "/${aws:PrincipalTag/team}/*",
    "/*lo*/20*x*g",
  ],
];
const PRINCIPALS: readonly unknown[] = [
  "*",
  { AWS: "*" },
  { AWS: "111111111111" },
  { AWS: ["arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:user/alice"] },
  { AWS: "arn:aws:iam:::user/bob" },
  { AWS: "arn:aws:iam::333333333333:root" },
  { CanonicalUser: "a".repeat(64) },
  { CanonicalUser: ["b".repeat(64), "c".repeat(64)], AWS: "111111111111" },
];

/** Key, values of a request, values of a policy. Wildcards count only where the operator has them. */
const TEXTS: readonly [string, readonly string[], readonly string[]][] = [
  [
    "s3:prefix",
    ["home/alice/", "home/", "LOGS/", ""],
    ["home/*", "home/", "home/${aws:username}/", "logs/", "*", ""],
  ],
  [
    "aws:UserAgent",
    ["curl/8", "Curl/8", "aws-cli"],
    ["curl*", "curl/8", "aws-?li", "${*}", "${aws:PrincipalTag/x}"],
  ],
  ["s3:delimiter", ["/", "*"], ["/", "*", "${*}"]],
  ["aws:userid", ["a".repeat(64), "anonymous"], ["a*", "anonymous", "${aws:userid}"]],
];
const NUMBERS = ["0", "10", "10.5", "1e2", "100", "-3"];
const DATES = [
  "2026-01-01T00:00:00Z",
  "2026-11-29T12:00:00Z",
  "2026-11-29",
  "1767225600",
  "2026-11-29T14:00:00+02:00",
];
const RANGES = [
  "10.0.0.0/8",
  "10.1.2.3",
  "10.1.2.0/23",
  "0.0.0.0/0",
  "2001:db8::/32",
  "2001:db8::1",
  "192.168.7.128/25",
];
const ADDRESSES = ["10.1.2.3", "10.1.3.77", "192.168.7.200", "192.168.7.2", "2001:db8::1", "2001:db9::1"];
const BASE64 = ["AAEC", "AAE=", "//79"];
const ARNS = [
  "arn:aws:iam::111111111111:user/alice",
  "arn:aws:iam::222222222222:root",
  "arn:aws:s3:::pics:x",
];
const ARN_PATTERNS = [
  ...["arn:aws:iam::*:user/*", "arn:aws:iam::111111111111:*", "arn:*:*:*:*:*", "arn:aws:s3:::pics*", "*"],
  ...["arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}", "arn:aws:iam::2????????222:root"],
  "${aws:PrincipalArn}",
];
/** For several values. */
const TAGS = ["red", "green", "blue", "Red"];

export interface Case {
  readonly policies: SlowPolicies;
  /** All of one user. */
  readonly requests: readonly SlowRequest[];
}

export function randomCase(random: Random, requests: number): Case {
  const user = random.int(5) === 0 ? undefined : random.pick(USERS);
  const hasSession = user !== undefined && random.int(4) === 0;
  const policies: SlowPolicies = {
    bucket: random.int(4) === 0 ? undefined : policy(random, "bucket"),
    identity: user === undefined ? [] : times(random.int(3), () => policy(random, "identity")),
    session: hasSession ? times(1 + random.int(2), () => policy(random, "session")) : undefined,
    isRoot: user?.isRoot === true,
    bucketOnlyDenies: random.int(8) === 0,
  };
  return { policies, requests: times(requests, () => randomRequest(random, user)) };
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function randomRequest(random: Random, user: PolicyUser | undefined): SlowRequest {
  const key = random.pick(KEYS);
  const context = new Map<string, string | readonly string[]>();
  if (user !== undefined) {
    context.set("aws:username", user.name).set("aws:principalaccount", user.accountId);
    context.set("aws:principalarn", namesOf(user)[3] as string);
  }
  for (const [name, values] of TEXTS)
    if (random.int(3) > 0) context.set(name.toLowerCase(), random.pick(values));
  const maybe = (name: string, values: readonly string[]): void => {
    if (random.int(4) > 0) context.set(name, random.pick(values));
  };
  maybe("s3:max-keys", NUMBERS);
  maybe("aws:currenttime", DATES);
  maybe("aws:securetransport", ["true", "false"]);
  maybe("aws:sourceip", ADDRESSES);
  maybe("aws:digest", BASE64);
  maybe("aws:sourcearn", ARNS);
  if (random.int(4) > 0)
    context.set(
      "s3:requestobjecttagkeys",
      times(random.int(4), () => random.pick(TAGS)),
    );
  return {
    names: namesOf(user),
    action: random.pick(ACTIONS),
    resource: `arn:aws:s3:::${BUCKET}${key === "" ? "" : `/${key}`}`,
    context,
  };
}

function policy(random: Random, kind: "bucket" | "identity" | "session"): string {
  const version = random.int(4) === 0 ? {} : { Version: random.int(6) === 0 ? "2008-10-17" : "2012-10-17" };
  const document = {
    ...version,
    Statement: times(1 + random.int(4), () => validStatement(random, kind, version)),
  };
  return JSON.stringify(random.int(5) === 0 ? { ...document, Statement: document.Statement[0] } : document);
}

/** For example, S3 refuses statements of a bucket's policy whose actions and resources do not fit each other. */
function validStatement(random: Random, kind: "bucket" | "identity" | "session", version: object): object {
  for (;;) {
    const made = statement(random, kind);
    const text = JSON.stringify({ ...version, Statement: made });
    try {
      parsePolicy(text, kind === "bucket" ? { kind, bucket: BUCKET } : { kind });
      return made;
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
    }
  }
}

function statement(random: Random, kind: "bucket" | "identity" | "session"): object {
  const count = [0, 0, 1, 1, 2][random.int(5)] as number;
  const effect = random.int(kind === "session" ? 8 : 4) === 0 ? "Deny" : "Allow";
  return {
    Effect: effect,
    ...(kind === "bucket" ? { [not(random, "Principal")]: random.pick(PRINCIPALS) } : {}),
    [not(random, "Action")]: some(random, ACTION_PATTERNS),
    [not(random, "Resource")]: some(
      random,
      RESOURCES.map((rest) => `arn:aws:s3:::${BUCKET}${rest}`),
    ),
    ...(count === 0 ? {} : { Condition: Object.fromEntries(times(count, () => condition(random))) }),
  };
}

function not(random: Random, element: string): string {
  return random.int(6) === 0 ? `Not${element}` : element;
}

function some(random: Random, values: readonly string[]): string | string[] {
  return random.int(2) === 0 ? random.pick(values) : times(1 + random.int(3), () => random.pick(values));
}

function condition(random: Random): [string, object] {
  const bare = random.pick(OPERATOR_NAMES);
  if (bare === "Null") {
    const key = random.pick(["s3:prefix", "s3:RequestObjectTagKeys", "aws:nothing", "aws:CurrentTime"]);
    return ["Null", { [key]: random.pick<unknown>(["true", "false", true, ["true"]]) }];
  }
  const prefix = random.pick(["", "", "", "ForAllValues:", "ForAnyValue:"]);
  const name = prefix + bare + (random.int(4) === 0 ? "IfExists" : "");
  const [key, values] = keyAndValues(random, bare, prefix !== "" && random.int(2) === 0);
  return [name, { [random.int(3) === 0 ? key.toUpperCase() : key]: some(random, values) }];
}

function keyAndValues(random: Random, bare: string, isSet: boolean): [string, readonly string[]] {
  if (bare.startsWith("String")) {
    if (isSet) return ["s3:RequestObjectTagKeys", [...TAGS, "r*", "*e*"]];
    const [key, , values] = random.pick(TEXTS);
    return [key, values];
  }
  if (bare.startsWith("Numeric")) return ["s3:max-keys", NUMBERS];
  if (bare.startsWith("Date")) return ["aws:CurrentTime", DATES];
  if (bare.startsWith("Arn")) return [random.pick(["aws:SourceArn", "aws:PrincipalArn"]), ARN_PATTERNS];
  if (bare === "Bool") return ["aws:SecureTransport", ["true", "False"]];
  if (bare === "BinaryEquals") return ["aws:digest", BASE64];
  return ["aws:SourceIp", RANGES];
}
