// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
/** `elastickv policy check` and `elastickv policy simulate`: what they say, and their exit codes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCommandLine } from "../../src/cli/arguments.ts";
import { isPolicyVerb, parsePolicyCommand } from "../../src/cli/policy/arguments.ts";
import { policyHelp } from "../../src/cli/policy/help.ts";
import { runPolicy } from "../../src/cli/policy/run.ts";
import { ConfigError } from "../../src/config/config.ts";

const ANN = "arn:aws:iam::111122223333:user/ann";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "elastickv-policy-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, ...statements: readonly object[]): string {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify({ Version: "2012-10-17", Statement: statements }));
  return path;
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly errors: readonly string[];
}

function run([verb, ...words]: readonly string[], input = ""): Ran {
  if (!isPolicyVerb(verb)) throw new Error(`${verb} is no verb`);
  let out = "";
  const errors: string[] = [];
  const code = runPolicy(parsePolicyCommand(verb, words), {
    print: (text) => {
      out += text.replaceAll(`${directory}/`, "");
    },
    complain: (line) => errors.push(line.replaceAll(`${directory}/`, "")),
    readInput: () => Buffer.from(input),
  });
  return { code, out, errors };
}

const refusal = (words: readonly string[]): string => {
  try {
    run(words);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${directory}/`, "");
    throw error;
  }
  throw new Error("not refused");
};

const allow = (more: object = {}) => ({
  Effect: "Allow",
  Principal: "*",
  Action: "s3:GetObject",
  Resource: "arn:aws:s3:::pics/*",
  ...more,
});
const own = (more: object = {}) => ({ Effect: "Allow", Action: "s3:*", Resource: "*", ...more });

describe("check", () => {
  test("the kind is that of the document, unless it is given", () => {
    const [bucket, identity] = [file("bucket", allow(), allow({ Effect: "Deny" })), file("identity", own())];
    expect(run(["check", bucket])).toEqual({
      code: 0,
      out: "bucket: valid bucket policy, 2 statements, public\n",
      errors: [],
    });
    expect(run(["check", identity]).out).toBe("identity: valid identity policy, 1 statement\n");
    expect(run(["check", identity, "--kind", "session"]).out).toBe(
      "identity: valid session policy, 1 statement\n",
    );
    expect(run(["check", bucket, "--bucket", "pics"]).code).toBe(0);
    const other = run(["check", bucket, "--bucket", "other"]);
    expect([other.code, other.out]).toEqual([1, ""]);
    expect(other.errors).toEqual([
      "elastickv: bucket: Statement[0].Resource: Policy has invalid resource (arn:aws:s3:::pics/*)",
    ]);
    expect(run(["check", bucket, "--kind", "identity"]).errors[0]).toContain(
      "should not specify a principal",
    );
  });

  test("as JSON, and from standard input", () => {
    const text = JSON.stringify({ Statement: allow() });
    expect(JSON.parse(run(["check", "-", "--json"], text).out)).toEqual({
      valid: true,
      kind: "bucket",
      statements: 1,
      public: true,
      warnings: [],
    });
    const broken = run(["check", "-", "--json"], JSON.stringify({ Statement: allow({ Effect: "allow" }) }));
    expect([broken.code, JSON.parse(broken.out)]).toEqual([
      1,
      {
        valid: false,
        kind: "bucket",
        where: "Statement[0].Effect",
        message: "Invalid effect: allow",
        detail: "allow",
      },
    ]);
    expect(run(["check", "-"], "{").errors).toEqual([
      "elastickv: -: This policy contains invalid Json (at character 2)",
    ]);
  });

  test("an action that S3 does not have is worth a warning in an identity policy", () => {
    const { code, errors } = run(["check", file("slip", own({ Action: ["s3:GetObjects", "ec2:Run*"] }))]);
    expect([code, errors]).toEqual([
      0,
      ["elastickv: slip: Statement[0].Action: s3:GetObjects is no action of S3"],
    ]);
  });

  test.each([
    [["check"], "policy check takes FILE; given: nothing"],
    [["check", "a", "b"], "policy check takes FILE; given: a b"],
    [["check", "a", "--kind", "user"], '--kind: "user" is not one of bucket, identity, session'],
    [["check", "a", "--kind", "identity", "--bucket", "b"], "--bucket goes with --kind bucket"],
    [["check", "/nowhere/policy"], "/nowhere/policy: ENOENT"],
  ])("%j", (words, message) => {
    expect(refusal(words)).toContain(message);
  });
});

describe("simulate", () => {
  test("says which statement of which policy decides", () => {
    const bucket = file(
      "b.json",
      allow({ Sid: "Read", Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } } }),
    );
    const ask = (...words: string[]) => {
      const { code, out } = run(["simulate", ...words]);
      return [code, out.trim()];
    };
    const read = ["s3:GetObject", "pics/a.jpg"];
    expect(ask(...read, "aws:SourceIp=192.0.2.7", "--bucket-policy", bucket)).toEqual([
      0,
      "allowed: bucket policy b.json, statement 1 (Read)",
    ]);
    expect(ask(...read, "aws:SourceIp=198.51.100.1", "--bucket-policy", bucket)).toEqual([
      1,
      "denied: no statement allows it",
    ]);
    const identity = file("i.json", own({ Effect: "Deny", Action: "s3:DeleteObject" }), own());
    const asAnn = ["--principal", ANN, "--identity-policy", `canned:readonly,${identity}`];
    expect(ask(...read, ...asAnn)).toEqual([0, "allowed: identity policy canned:readonly, statement 1"]);
    expect(ask("s3:PutObject", "pics/a", ...asAnn)).toEqual([
      0,
      "allowed: identity policy i.json, statement 2",
    ]);
    expect(ask("S3:deleteobject", "arn:aws:s3:::pics/a", ...asAnn)).toEqual([
      1,
      "denied: identity policy i.json, statement 1",
    ]);
    const session = file("s.json", own({ Action: "s3:ListBucket" }));
    expect(ask(...read, ...asAnn, "--session-policy", session)).toEqual([
      1,
      "denied: no statement of the session's policies allows it",
    ]);
    expect(ask(...read, "--principal", "arn:aws:iam::111122223333:root")).toEqual([
      0,
      "allowed: root may do what no statement denies",
    ]);
  });

  test("the keys of the principal are there; keys that are given again have several values", () => {
    const variable = file("v.json", own({ Resource: "arn:aws:s3:::home/${aws:username}/*" }));
    const asAnn = ["--principal", ANN, "--identity-policy", variable];
    expect(run(["simulate", "s3:GetObject", "home/ann/x", ...asAnn]).code).toBe(0);
    expect(run(["simulate", "s3:GetObject", "home/bob/x", ...asAnn]).code).toBe(1);
    const owner = ["--principal", ANN, "--identity-policy", "canned:owner"];
    expect(run(["simulate", "s3:DeleteBucket", "mine", ...owner]).code).toBe(0);
    expect(
      run(["simulate", "s3:DeleteBucket", "others", "s3:ResourceAccount=999900001111", ...owner]).code,
    ).toBe(1);
    const tags = file(
      "t.json",
      allow({ Condition: { "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": ["a", "b"] } } }),
    );
    const tagged = (...keys: string[]) =>
      run([
        "simulate",
        "s3:GetObject",
        "pics/x",
        ...keys.map((key) => `s3:RequestObjectTagKeys=${key}`),
        "--bucket-policy",
        tags,
      ]).code;
    expect([tagged("a", "b"), tagged("a", "c")]).toEqual([0, 1]);
  });

  test("RestrictPublicBuckets: a public policy allows the owner only", () => {
    const words = [
      "simulate",
      "s3:GetObject",
      "pics/x",
      "--bucket-policy",
      file("p.json", allow()),
      "--restrict-public-buckets",
    ];
    expect(run(words).code).toBe(1);
    expect(run([...words, "--principal", ANN]).code).toBe(0);
    expect(run([...words, "--principal", ANN, "s3:ResourceAccount=999900001111"]).code).toBe(1);
  });

  test("as JSON", () => {
    const bucket = file("j.json", allow({ Sid: "Read" }));
    expect(
      JSON.parse(run(["simulate", "s3:GetObject", "pics/x", "--bucket-policy", bucket, "--json"]).out),
    ).toEqual({
      allowed: true,
      reason: "statement",
      by: { source: "bucket", file: "j.json", statement: 1, sid: "Read" },
    });
    expect(JSON.parse(run(["simulate", "s3:PutObject", "pics/x", "--json"]).out)).toEqual({
      allowed: false,
      reason: "no statement allows it",
      by: null,
    });
  });

  test.each([
    [["s3:GetObject"], "policy simulate takes ACTION RESOURCE"],
    [["s3:GetObjec", "b"], '"s3:GetObjec" is no action of S3; did you mean s3:GetObject?'],
    [["s3:GetObject", "/b"], '"/b" is not BUCKET, BUCKET/KEY or an ARN of S3'],
    [["s3:GetObject", "b", "SourceIp=x"], '"SourceIp=x" is no condition key'],
    [["s3:GetObject", "b", "--principal", "ann"], '--principal: "ann" is not'],
    [["s3:GetObject", "b", "--principal", "arn:aws:iam::1:user/ann"], "is not arn:aws:iam::ACCOUNT"],
    [["s3:GetObject", "b", "--identity-policy", "canned:full"], "who has not signed has no policies"],
    [
      ["s3:GetObject", "b", "--principal", ANN, "--identity-policy", "canned:all"],
      'no canned policy "all": owner',
    ],
  ])("%j", (words, message) => {
    expect(refusal(["simulate", ...words])).toContain(message);
  });

  test("a policy that is not valid is a wrong argument", () => {
    const path = file("w.json", allow());
    expect(refusal(["simulate", "s3:GetObject", "other/x", "--bucket-policy", path])).toBe(
      "w.json: Statement[0].Resource: Policy has invalid resource (arn:aws:s3:::pics/*)",
    );
  });
});

test("the help names every verb and option", () => {
  const help = policyHelp();
  for (const word of [
    "policy check FILE",
    "policy simulate ACTION",
    "--kind",
    "--restrict-public-buckets",
    "Exit codes",
  ]) {
    expect(help).toContain(word);
  }
});

test("a wrong verb is told all verbs of the noun", () => {
  expect(() => parseCommandLine(["policy", "chek"], {})).toThrow("did you mean check?");
  expect(() => parseCommandLine(["policy"], {})).toThrow("check, simulate");
});
