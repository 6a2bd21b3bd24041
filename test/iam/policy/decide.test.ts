// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
/** Decisions that AWS documents. Each test names its page of the IAM user guide. */
import { describe, expect, test } from "bun:test";
import { CANNED_TEXTS } from "../../../src/iam/policy/canned.ts";
import { CompiledPolicy } from "../../../src/iam/policy/compiled-policy.ts";
import { decide, type PolicyDecision } from "../../../src/iam/policy/decision.ts";
import { parsePolicy } from "../../../src/iam/policy/parse.ts";
import { arnOf, namesOf, type PolicyUser } from "../../../src/iam/policy/principals.ts";
import { isPublic } from "../../../src/iam/policy/public.ts";

const ALICE: PolicyUser = { id: "a".repeat(64), accountId: "111111111111", name: "alice", isRoot: false };
const ROOT: PolicyUser = { id: "c".repeat(64), accountId: "333333333333", name: "root", isRoot: true };

type Values = Readonly<Record<string, string | readonly string[]>>;

interface Question {
  readonly user?: PolicyUser;
  readonly action?: string;
  readonly key?: string;
  readonly context?: Values;
}

const contextOf = (values: Values) => {
  const lower = new Map(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]));
  return { get: (key: string) => lower.get(key) };
};

const requestOf = ({ user, action = "s3:GetObject", key = "k", context = {} }: Question) => ({
  names: namesOf(user),
  action,
  resource: key === "" ? "arn:aws:s3:::b" : `arn:aws:s3:::b/${key}`,
  context: contextOf(context),
});

function bucketPolicy(...statements: readonly object[]): CompiledPolicy {
  const text = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  return new CompiledPolicy(parsePolicy(text, { kind: "bucket", bucket: "b" }));
}

function identityPolicy(...statements: readonly object[]): CompiledPolicy {
  const text = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  return new CompiledPolicy(parsePolicy(text, { kind: "identity" }));
}

const allow = (more: object = {}): object => ({
  Effect: "Allow",
  Principal: "*",
  Action: "s3:GetObject",
  Resource: "arn:aws:s3:::b/*",
  ...more,
});
const allowOwn = (more: object = {}): object => ({ Effect: "Allow", Action: "s3:*", Resource: "*", ...more });

/** What one statement of a bucket's policy that allows does with a request. */
function allows(more: object, question: Question): boolean {
  return bucketPolicy(allow(more)).decide(requestOf(question)) !== undefined;
}

describe("Condition operators", () => {
  const condition = (operator: string, key: string, values: unknown, context: Values): boolean =>
    allows({ Condition: { [operator]: { [key]: values } } }, { context });

  test.each<[string, unknown, string | undefined, boolean]>([
    ["StringEquals", ["x", "y"], "y", true],
    ["StringEquals", "x*", "xy", false],
    ["StringEquals", "x", "X", false],
    ["StringEquals", "x", undefined, false],
    ["StringNotEquals", ["x", "y"], "y", false],
    ["StringNotEquals", "x", undefined, true],
    ["StringEqualsIgnoreCase", "Xy", "xY", true],
    ["StringNotEqualsIgnoreCase", "Xy", "xY", false],
    ["StringLike", "a*?c", "abc", true],
    ["StringLike", "a*?c", "ac", false],
    ["StringLike", "*a*b*", "xxbayyb", true],
    ["StringLike", "a${*}", "a*", true],
    ["StringLike", "a${*}", "ab", false],
    ["StringNotLike", "a*", "ba", true],
    ["StringNotLike", "a*", "ab", false],
    ["NumericEquals", "1e2", "100.0", true],
    ["NumericNotEquals", "100", "100.0", false],
    ["NumericLessThan", 10, "9.5", true],
    ["NumericLessThan", 10, "10", false],
    ["NumericLessThanEquals", 10, "10", true],
    ["NumericGreaterThan", 10, "10", false],
    ["NumericGreaterThanEquals", 10, "10", true],
    ["NumericEquals", 10, "ten", false],
    ["DateEquals", "2026-11-29T12:00:00Z", "2026-11-29T14:00:00+02:00", true],
    ["DateLessThan", "2026-11-29", "2026-11-28T23:59:59Z", true],
    ["DateGreaterThan", "1767225600", "2026-01-01T00:00:00Z", false],
    ["DateGreaterThanEquals", "1767225600", "2026-01-01T00:00:00Z", true],
    ["Bool", "true", "True", true],
    ["Bool", "false", "true", false],
    ["Bool", "false", undefined, false],
    ["BinaryEquals", "AAE=", "AAE=", true],
    ["BinaryEquals", "AAE=", "AAI=", false],
    ["IpAddress", "10.0.0.0/8", "10.255.0.1", true],
    ["IpAddress", "10.0.0.0/8", "11.0.0.1", false],
    ["IpAddress", "203.0.113.9", "203.0.113.9", true],
    ["IpAddress", "2001:db8:1234:5678::/64", "2001:db8:1234:5678:9::1", true],
    ["IpAddress", "2001:db8:1234:5678::/64", "2001:db8:1234:5679::1", false],
    ["IpAddress", "0.0.0.0/0", "2001:db8::1", false],
    ["IpAddress", "10.0.0.0/8", "::ffff:10.1.1.1", true],
    ["NotIpAddress", "10.0.0.0/8", "11.0.0.1", true],
    ["ArnEquals", "arn:aws:iam::*:user/a*", "arn:aws:iam::1:user/ab", true],
    ["ArnLike", "arn:aws:*:*:*:u*", "arn:aws:iam::1:user/a:b", true],
    ["ArnLike", "arn:aws:*:*:*:u", "arn:aws:iam::1:user/a:u", false],
    ["ArnLike", "*", "arn:aws:iam::1:a", true],
    ["ArnNotLike", "arn:aws:iam::1:*", "arn:aws:iam::2:x", true],
    ["ArnNotEquals", "arn:aws:iam::1:*", "arn:aws:iam::1:x:y", false],
    ["Null", "true", undefined, true],
    ["Null", "true", "x", false],
    ["Null", "false", "x", true],
    ["StringEqualsIfExists", "x", undefined, true],
    ["StringEqualsIfExists", "x", "y", false],
    ["BoolIfExists", "true", undefined, true],
    ["NumericLessThanIfExists", 1, "2", false],
  ])("%s %j of %j: %p", (operator, values, given, holds) => {
    expect(condition(operator, "aws:x", values, given === undefined ? {} : { "aws:x": given })).toBe(holds);
  });

  // "Set operators for multivalued context keys"
  test.each<[string, readonly string[] | undefined, boolean]>([
    ["ForAllValues:StringEquals", ["a", "b"], true],
    ["ForAllValues:StringEquals", ["a", "c"], false],
    ["ForAllValues:StringEquals", [], true],
    ["ForAllValues:StringEquals", undefined, true],
    ["ForAllValues:StringNotEquals", ["c", "d"], true],
    ["ForAllValues:StringNotEquals", ["c", "a"], false],
    ["ForAnyValue:StringEquals", ["c", "a"], true],
    ["ForAnyValue:StringEquals", ["c"], false],
    ["ForAnyValue:StringEquals", [], false],
    ["ForAnyValue:StringEquals", undefined, false],
    ["ForAnyValue:StringNotEquals", ["a", "c"], true],
    ["ForAnyValue:StringNotEquals", ["a", "b"], false],
    ["ForAnyValue:StringNotEquals", undefined, false],
  ])("%s a, b of %j: %p", (operator, given, holds) => {
    expect(
      condition(operator, "aws:TagKeys", ["a", "b"], given === undefined ? {} : { "aws:TagKeys": given }),
    ).toBe(holds);
  });

  test("all keys of all operators must hold; names of keys have no case", () => {
    const Condition = { StringEquals: { "AWS:a": "1", "aws:b": "2" }, Bool: { "aws:c": "true" } };
    const context = { "aws:A": "1", "aws:b": "2", "aws:c": "true" };
    expect(allows({ Condition }, { context })).toBe(true);
    for (const name of ["aws:A", "aws:b", "aws:c"]) {
      expect(allows({ Condition }, { context: { ...context, [name]: "0" } })).toBe(false);
    }
  });
});

describe("Variables and tags", () => {
  const home = { Resource: "arn:aws:s3:::b/home/${aws:username}/*" };
  const context = { "aws:username": "al*ce" };

  test("a variable stands for its value, without wildcards", () => {
    expect(allows(home, { key: "home/al*ce/x", context })).toBe(true);
    expect(allows(home, { key: "home/alice/x", context })).toBe(false);
    expect(allows(home, { key: "home/${aws:username}/x", context })).toBe(false);
  });

  test("without a value nothing is allowed, not even by a negation; a denial by a negation stays", () => {
    expect(allows(home, { key: "home//x" })).toBe(false);
    const negations: readonly object[] = [
      { Resource: undefined, NotResource: home.Resource },
      { Condition: { StringNotEquals: { "aws:UserAgent": "${aws:username}" } } },
    ];
    for (const negation of negations) {
      const question = { key: "x", context: { "aws:UserAgent": "curl" } };
      expect(allows(negation, question)).toBe(false);
      expect(bucketPolicy(allow({ Effect: "Deny", ...negation })).decide(requestOf(question))?.effect).toBe(
        "Deny",
      );
      expect(allows(negation, { ...question, context: { ...question.context, ...context } })).toBe(true);
    }
  });

  test("a default stands for a missing value", () => {
    const resource = { Resource: "arn:aws:s3:::b/${aws:PrincipalTag/team, 'all of us'}/*" };
    expect(allows(resource, { key: "all of us/x" })).toBe(true);
    expect(allows(resource, { key: "red/x", context: { "aws:PrincipalTag/team": "red" } })).toBe(true);
    expect(allows(resource, { key: "all of us/x", context: { "aws:PrincipalTag/team": "red" } })).toBe(false);
  });

  test("the older version has no variables", () => {
    const text = JSON.stringify({ Version: "2008-10-17", Statement: allow(home) });
    const policy = new CompiledPolicy(parsePolicy(text, { kind: "bucket", bucket: "b" }));
    expect(policy.decide(requestOf({ key: "home/al*ce/x", context }))).toBeUndefined();
    expect(policy.decide(requestOf({ key: "home/${aws:username}/x", context }))?.effect).toBe("Allow");
  });
});

describe("Principals", () => {
  test("every user is an account of its own; * is everybody", () => {
    expect(arnOf(ALICE)).toBe("arn:aws:iam::111111111111:user/alice");
    expect(arnOf(ROOT)).toBe("arn:aws:iam::333333333333:root");
    const means = (Principal: unknown, user?: PolicyUser): boolean =>
      allows({ Principal }, user === undefined ? {} : { user });
    for (const principal of ["*", { AWS: "*" }]) {
      expect([means(principal), means(principal, ALICE), means(principal, ROOT)]).toEqual([true, true, true]);
    }
    for (const name of [
      "111111111111",
      "arn:aws:iam::111111111111:root",
      arnOf(ALICE),
      "arn:aws:iam:::user/alice",
    ]) {
      expect([means({ AWS: name }), means({ AWS: name }, ALICE), means({ AWS: name }, ROOT)]).toEqual([
        false,
        true,
        false,
      ]);
    }
    expect(means({ CanonicalUser: ALICE.id }, ALICE)).toBe(true);
    expect(means({ AWS: "arn:aws:iam:::root" }, ROOT)).toBe(true);
    expect(means({ AWS: "arn:aws:iam:::root" }, ALICE)).toBe(false);
  });

  test("NotPrincipal is everybody else, who has not signed too", () => {
    const deny = bucketPolicy(
      allow({ Effect: "Deny", Principal: undefined, NotPrincipal: { AWS: "111111111111" } }),
    );
    expect(deny.decide(requestOf({ user: ALICE }))).toBeUndefined();
    expect(deny.decide(requestOf({ user: ROOT }))?.effect).toBe("Deny");
    expect(deny.decide(requestOf({}))?.effect).toBe("Deny");
  });
});

describe("Policy evaluation logic", () => {
  const NOBODY = { identity: [], bucket: undefined, isRoot: false };
  const outcome = (decision: PolicyDecision): string =>
    decision.by === "statement"
      ? `${decision.allowed ? "allow" : "deny"} by ${decision.decider.source} ${decision.decider.verdict.index}`
      : decision.by === "root"
        ? "root"
        : `no ${decision.missing}`;
  const denyAlice = { Effect: "Deny", Principal: { AWS: "111111111111" } };

  test("nothing is allowed by itself, but to root", () => {
    expect(outcome(decide(NOBODY, requestOf({ user: ALICE })))).toBe("no allow");
    expect(outcome(decide({ ...NOBODY, isRoot: true }, requestOf({ user: ROOT })))).toBe("root");
  });

  test("the identity or the bucket allows; a denial of either wins", () => {
    const identity = [identityPolicy(allowOwn())];
    const bucket = bucketPolicy(allow({ Principal: { AWS: "111111111111" } }));
    const ask = (set: object): string => outcome(decide({ ...NOBODY, ...set }, requestOf({ user: ALICE })));
    expect(ask({ identity })).toBe("allow by identity 0");
    expect(ask({ bucket })).toBe("allow by bucket 0");
    expect(ask({ identity, bucket: bucketPolicy(allow(), allow(denyAlice)) })).toBe("deny by bucket 1");
    expect(ask({ identity: [...identity, identityPolicy(allowOwn({ Effect: "Deny" }))], bucket })).toBe(
      "deny by identity 0",
    );
  });

  test("root is denied by a statement too", () => {
    const bucket = bucketPolicy(allow({ Effect: "Deny" }));
    expect(outcome(decide({ ...NOBODY, bucket, isRoot: true }, requestOf({ user: ROOT })))).toBe(
      "deny by bucket 0",
    );
  });

  test("a session policy narrows, and allows nothing by itself", () => {
    const identity = [identityPolicy(allowOwn())];
    const session = [identityPolicy(allowOwn({ Action: "s3:GetObject" }))];
    const ask = (set: object, action: string): string =>
      outcome(decide({ ...NOBODY, ...set }, requestOf({ user: ALICE, action })));
    expect(ask({ identity, session }, "s3:GetObject")).toBe("allow by identity 0");
    expect(ask({ identity, session }, "s3:PutObject")).toBe("no session");
    expect(ask({ session }, "s3:GetObject")).toBe("no allow");
    expect(ask({ identity, session: [identityPolicy(allowOwn({ Effect: "Deny" }))] }, "s3:GetObject")).toBe(
      "deny by session 0",
    );
  });

  test("RestrictPublicBuckets: the bucket's policy only denies", () => {
    const bucket = bucketPolicy(allow());
    expect(outcome(decide({ ...NOBODY, bucket, bucketOnlyDenies: true }, requestOf({})))).toBe("no allow");
    expect(outcome(decide({ ...NOBODY, bucket }, requestOf({})))).toBe("allow by bucket 0");
  });

  test("the first statement of the document is named", () => {
    const bucket = bucketPolicy(
      allow({ Resource: "arn:aws:s3:::b/other" }),
      allow({ Resource: "arn:aws:s3:::b/*" }),
      allow({ Resource: "arn:aws:s3:::b/k*" }),
      allow({ Principal: { AWS: "111111111111" } }),
    );
    expect(outcome(decide({ ...NOBODY, bucket }, requestOf({ user: ALICE, key: "kk" })))).toBe(
      "allow by bucket 1",
    );
  });
});

describe("canned policies", () => {
  const asks = (name: string, action: string, context: Values = {}): boolean => {
    const policy = new CompiledPolicy(parsePolicy(CANNED_TEXTS.get(name) ?? "", { kind: "identity" }));
    return policy.decide(requestOf({ user: ALICE, action, context })) !== undefined;
  };
  const own = { "aws:PrincipalAccount": "111111111111", "s3:ResourceAccount": "111111111111" };

  test("owner: everything on its own buckets", () => {
    expect(asks("owner", "s3:DeleteBucket", own)).toBe(true);
    expect(asks("owner", "s3:GetObject", { ...own, "s3:ResourceAccount": "222222222222" })).toBe(false);
  });

  test.each([
    [
      "readwrite",
      ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
      ["s3:PutBucketPolicy"],
    ],
    ["readonly", ["s3:GetObject", "s3:ListBucket"], ["s3:PutObject", "s3:DeleteObject"]],
    [
      "writeonly",
      ["s3:PutObject", "s3:AbortMultipartUpload"],
      ["s3:GetObject", "s3:ListBucket", "s3:DeleteObject"],
    ],
    ["full", ["s3:GetObject", "s3:PutBucketPolicy", "s3:DeleteBucket"], []],
  ] as const)("%s", (name, can, cannot) => {
    for (const action of can) expect([action, asks(name, action)]).toEqual([action, true]);
    for (const action of cannot) expect([action, asks(name, action)]).toEqual([action, false]);
  });
});

const slash8s = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${from + i}.0.0.0/8`);

/** S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of public". */
describe("public", () => {
  test.each<[object, boolean]>([
    [{}, true],
    [{ Principal: { AWS: "*" } }, true],
    [{ Principal: { AWS: ["111111111111", "*"] } }, true],
    [{ Principal: { AWS: "111111111111" } }, false],
    [{ Principal: undefined, NotPrincipal: { AWS: "111111111111" } }, true],
    [{ Effect: "Deny" }, false],
    [{ Condition: { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } } }, false],
    [{ Condition: { IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"] } } }, false],
    [{ Condition: { IpAddress: { "aws:SourceIp": "0.0.0.0/1" } } }, true],
    [{ Condition: { IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "::/0"] } } }, true],
    [{ Condition: { IpAddress: { "aws:SourceIp": slash8s(0, 256) } } }, true],
    [{ Condition: { IpAddress: { "aws:SourceIp": slash8s(20, 22) } } }, true],
    [{ Condition: { IpAddress: { "aws:SourceIp": ["20.0.0.0/8", "20.0.0.0/8", "20.1.0.0/16"] } } }, false],
    [{ Condition: { IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "172.16.0.0/12", "20.0.0.0/8"] } } }, false],
    [{ Condition: { IpAddress: { "aws:SourceIp": ["2001:db8::/32", "2001:db9::/48"] } } }, true],
    [
      {
        Condition: {
          IpAddress: { "aws:SourceIp": "0.0.0.0/0" },
          "ForAnyValue:IpAddress": { "aws:SourceIp": "203.0.113.0/24" },
        },
      },
      false,
    ],
    [{ Condition: { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } } }, true],
    [{ Condition: { IpAddressIfExists: { "aws:SourceIp": "203.0.113.0/24" } } }, true],
    [{ Condition: { StringEquals: { "aws:SourceVpc": "vpc-91237329" } } }, false],
    [{ Condition: { StringLike: { "aws:SourceVpc": "vpc-91237329" } } }, false],
    [{ Condition: { StringLike: { "aws:SourceVpc": "vpc-*" } } }, true],
    [{ Condition: { StringEquals: { "aws:userid": "${aws:userid}" } } }, true],
    [{ Condition: { StringEquals: { "aws:userid": "a".repeat(64) } } }, false],
    [{ Condition: { StringEquals: { "aws:userid": "anonymous" } } }, true],
    [{ Condition: { StringEqualsIgnoreCase: { "aws:userid": "Anonymous" } } }, true],
    [{ Condition: { StringLike: { "aws:userid": ["a".repeat(64), "anonymous"] } } }, true],
    [{ Condition: { StringEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": "k" } } }, true],
    [{ Condition: { StringNotEquals: { "aws:SourceVpc": "vpc-91237329" } } }, true],
    [{ Condition: { "ForAllValues:StringEquals": { "aws:SourceVpc": "vpc-91237329" } } }, true],
    [{ Condition: { StringEquals: { "aws:Referer": "http://example.com/" } } }, true],
    [{ Condition: { StringEquals: { "aws:Referer": "x", "aws:SourceAccount": "111111111111" } } }, false],
  ])("%j: %p", (more, expected) => {
    expect(isPublic(bucketPolicy(allow(more)).document)).toBe(expected);
  });

  test("the ranges of all statements are judged together", () => {
    const from = (range: string) => allow({ Condition: { IpAddress: { "aws:SourceIp": range } } });
    expect(isPublic(bucketPolicy(from("20.0.0.0/9"), from("20.128.0.0/9")).document)).toBe(false);
    expect(isPublic(bucketPolicy(...slash8s(0, 100).map(from)).document)).toBe(true);
  });

  test("one public statement is enough", () => {
    expect(isPublic(bucketPolicy(allow({ Principal: { AWS: "111111111111" } }), allow()).document)).toBe(
      true,
    );
  });
});
