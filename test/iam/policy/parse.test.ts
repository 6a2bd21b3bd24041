// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
/**
 * Policies that are refused, and where. Pages: IAM user guide, "Grammar of the IAM JSON policy language" and the pages
 * of the elements; S3 user guide, "Policies and permissions in Amazon S3". The messages of S3 are those that clients
 * have reported.
 */
import { describe, expect, test } from "bun:test";
import { JSON_DEPTH_MAX } from "../../../src/iam/policy/json.ts";
import { type ParseOptions, parsePolicy, TEXT_LENGTH_MAX } from "../../../src/iam/policy/parse.ts";
import { PolicyError } from "../../../src/iam/policy/policy-error.ts";

const BUCKET: ParseOptions = { kind: "bucket", bucket: "pics" };
const IDENTITY: ParseOptions = { kind: "identity" };

const VALID = {
  Effect: "Allow",
  Principal: "*",
  Action: "s3:GetObject",
  Resource: "arn:aws:s3:::pics/*",
};

function documentOf(change: object, without: readonly string[] = [], top: object = {}): string {
  const statement = Object.fromEntries(
    Object.entries({ ...VALID, ...change }).filter(([name]) => !without.includes(name)),
  );
  return JSON.stringify({ Version: "2012-10-17", ...top, Statement: [statement] });
}

function refusal(text: string, options: ParseOptions = BUCKET): [message: string, where: string] {
  try {
    parsePolicy(text, options);
  } catch (error) {
    if (error instanceof PolicyError) return [error.message, error.where];
    throw error;
  }
  throw new Error(`not refused: ${text.slice(0, 200)}`);
}

describe("the document", () => {
  test.each([
    ["", "Policies must be valid JSON and the first byte must be '{'"],
    [" {}", "Policies must be valid JSON and the first byte must be '{'"],
    ["[]", "Policies must be valid JSON and the first byte must be '{'"],
    ["{", "This policy contains invalid Json"],
    ['{"Statement": [}', "This policy contains invalid Json"],
    ['{"Version": "2012-10-17",}', "This policy contains invalid Json"],
    ['{"Version": 01}', "This policy contains invalid Json"],
    ['{"Version": "a\tb"}', "This policy contains invalid Json"],
    ["{} {}", "This policy contains invalid Json"],
    ['{"Id": "a", "Id": "b"}', "This policy contains invalid Json"],
    [`{"Id": ${"[".repeat(JSON_DEPTH_MAX + 1)}`, "This policy contains invalid Json"],
    ["{}", "Missing required field Statement"],
    ['{"Statement": []}', "Could not parse the policy: Statement is empty!"],
    ['{"Statement": [{}]}', "Could not parse the policy: Statement is empty!"],
    ['{"Statement": ["x"]}', "Invalid policy syntax."],
    ['{"Version": "2012-10-18", "Statement": []}', "The policy must contain a valid version string"],
    ['{"Id": 1, "Statement": []}', "Invalid policy syntax."],
    ['{"Statements": []}', "Unknown field Statements"],
    [
      `{${" ".repeat(TEXT_LENGTH_MAX)}}`,
      "Normalized policy document exceeds the maximum allowed size of 20480 bytes",
    ],
  ])("%p", (text, message) => {
    expect(refusal(text)[0]).toBe(message);
  });

  test("one statement needs no list; the version may be missing", () => {
    const { statements, version } = parsePolicy(JSON.stringify({ Id: "x", Statement: VALID }), BUCKET);
    expect([statements.length, version]).toEqual([1, "2008-10-17"]);
  });

  test("20 KiB without white space are the limit of a bucket's policy", () => {
    const sized = (length: number): string => {
      const bare = documentOf({ Sid: "" });
      return documentOf({ Sid: "x".repeat(length - bare.length) });
    };
    expect(parsePolicy(sized(20_480).replaceAll(",", ",\n    "), BUCKET).statements).toHaveLength(1);
    expect(refusal(sized(20_481))[0]).toBe(
      "Normalized policy document exceeds the maximum allowed size of 20480 bytes",
    );
    expect(refusal(documentOf({ Sid: "é".repeat(10_240) }))[0]).toContain("20480 bytes");
  });

  test.each([
    ["identity", 6144],
    ["session", 2048],
  ] as const)("a policy of kind %p has at most %p characters", (kind, most) => {
    const bare = documentOf({ Sid: "" }, ["Principal"]).length;
    const sized = (length: number): string => documentOf({ Sid: "x".repeat(length - bare) }, ["Principal"]);
    expect(parsePolicy(sized(most), { kind }).statements).toHaveLength(1);
    expect(refusal(sized(most + 1), { kind })[0]).toContain(`${most} characters`);
  });

  test("the same Sid twice", () => {
    const text = JSON.stringify({
      Statement: [
        { ...VALID, Sid: "a" },
        { ...VALID, Sid: "a" },
      ],
    });
    expect(refusal(text)).toEqual([
      "Statement IDs (SID) in a single policy must be unique.",
      "Statement[1].Sid",
    ]);
  });
});

describe("a statement of a bucket's policy", () => {
  test.each(["Effect", "Principal", "Action", "Resource"])("%s is required", (name) => {
    expect(refusal(documentOf({}, [name]))).toEqual([`Missing required field ${name}`, "Statement[0]"]);
  });

  test.each<[object, string, string]>([
    [{ Effect: "allow" }, "Invalid effect: allow", "Effect"],
    [{ Effect: 1 }, "Invalid effect: 1", "Effect"],
    [{ Sid: 1 }, "Statement IDs (SID) must be alpha-numeric.", "Sid"],
    [{ Actions: "s3:*" }, "Unknown field Actions", ""],
    [{ NotAction: "s3:*" }, "Invalid policy syntax.", ""],
    [{ NotPrincipal: "*" }, "Invalid policy syntax.", ""],
    [{ Action: [] }, "Missing required field Action cannot be empty!", ""],
    [{ Action: "" }, "Invalid policy syntax.", "Action"],
    [{ Action: [1] }, "Invalid policy syntax.", "Action"],
    [{ Action: "s3:GetObjects" }, "Policy has invalid action", "Action"],
    [{ Action: "GetObject" }, "Policy has invalid action", "Action"],
    [{ Action: ["s3:GetObject", "ec2:*"] }, "Policy has invalid action", "Action"],
    [{ Resource: [] }, "Missing required field Resource cannot be empty!", ""],
    [{ Resource: "arn:aws:s3:::other/*" }, "Policy has invalid resource", "Resource"],
    [{ Resource: "arn:aws:s3:::picsx/*" }, "Policy has invalid resource", "Resource"],
    [{ Resource: "pics/*" }, "Policy has invalid resource", "Resource"],
    [{ Resource: "/pics/*" }, "Policy has invalid resource", "Resource"],
    [{ Resource: ["arn:aws:s3:::pics/*", "arn:aws:s3:::"] }, "Policy has invalid resource", "Resource"],
    [{ Resource: "arn:aws:s3:::pics" }, "Action does not apply to any resource(s) in statement", "Action"],
    [{ Action: "s3:ListBucket" }, "Action does not apply to any resource(s) in statement", "Action"],
    [
      { Action: ["s3:GetObject", "s3:ListBucket"] },
      "Action does not apply to any resource(s) in statement",
      "Action",
    ],
    [
      { Action: "s3:ListAllMyBuckets", Resource: "*" },
      "Action does not apply to any resource(s) in statement",
      "Action",
    ],
    [{ Principal: "AWS" }, "Invalid principal in policy", "Principal"],
    [{ Principal: { AWS: "somebody" } }, "Invalid principal in policy", "Principal"],
    [{ Principal: { AWS: "arn:aws:iam::1234:user/a" } }, "Invalid principal in policy", "Principal"],
    [{ Principal: { AWS: "arn:aws:iam::123456789012:user/*" } }, "Invalid principal in policy", "Principal"],
    [{ Principal: { AWS: "arn:aws:iam::123456789012:role/r" } }, "Invalid principal in policy", "Principal"],
    [{ Principal: { AWS: ["*", 1] } }, "Invalid principal in policy", "Principal"],
    [{ Principal: { CanonicalUser: "*" } }, "Invalid principal in policy", "Principal"],
    [{ Principal: { Service: "cloudtrail.amazonaws.com" } }, "Invalid principal in policy", "Principal"],
    [{ Principal: { Federated: "accounts.google.com" } }, "Invalid principal in policy", "Principal"],
    [{ Principal: { AWS: [] } }, "Missing required field Principal cannot be empty!", "Principal"],
    [{ Principal: {} }, "Missing required field Principal cannot be empty!", "Principal"],
    [{ Condition: [] }, "Invalid policy syntax.", "Condition"],
    [
      { Condition: { StringEqual: { "s3:prefix": "x" } } },
      "Invalid Condition type : StringEqual",
      "Condition",
    ],
    [
      { Condition: { stringequals: { "aws:UserAgent": "x" } } },
      "Invalid Condition type : stringequals",
      "Condition",
    ],
    [
      { Condition: { NullIfExists: { "aws:UserAgent": "true" } } },
      "Invalid Condition type : NullIfExists",
      "Condition",
    ],
    [{ Condition: { StringEquals: "x" } }, "Invalid policy syntax.", "Condition.StringEquals"],
    [
      { Condition: { StringEquals: { "s3:color": "x" } } },
      "Policy has an invalid condition key",
      "Condition",
    ],
    [
      { Condition: { StringEquals: { "ec2:Region": "x" } } },
      "Policy has an invalid condition key",
      "Condition",
    ],
    [
      { Condition: { StringEquals: { "s3:x-amz-": "x" } } },
      "Policy has an invalid condition key",
      "Condition",
    ],
    [
      { Condition: { StringLike: { "s3:prefix": "x" } } },
      "Conditions do not apply to combination of actions and resources in statement",
      "Condition",
    ],
    [
      { Condition: { StringEquals: { "aws:UserAgent": [] } } },
      "Invalid policy syntax.",
      "Condition.StringEquals.aws:UserAgent",
    ],
    [
      { Condition: { StringEquals: { "aws:UserAgent": null } } },
      "Invalid policy syntax.",
      "Condition.StringEquals.aws:UserAgent",
    ],
    [
      { Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/33" } } },
      "Invalid IP address in Conditions",
      "Condition.IpAddress.aws:SourceIp",
    ],
    [
      { Condition: { NotIpAddress: { "aws:SourceIp": "10.0.0" } } },
      "Invalid IP address in Conditions",
      "Condition.NotIpAddress.aws:SourceIp",
    ],
    [
      { Condition: { NumericEquals: { "s3:signatureAge": "ten" } } },
      "Invalid number in Conditions",
      "Condition.NumericEquals.s3:signatureAge",
    ],
    [
      { Condition: { DateLessThan: { "aws:CurrentTime": "tomorrow" } } },
      "Invalid date in Conditions",
      "Condition.DateLessThan.aws:CurrentTime",
    ],
    [
      { Condition: { Bool: { "aws:SecureTransport": "yes" } } },
      "Invalid boolean in Conditions",
      "Condition.Bool.aws:SecureTransport",
    ],
    [
      { Condition: { Null: { "aws:UserAgent": "maybe" } } },
      "Invalid boolean in Conditions",
      "Condition.Null.aws:UserAgent",
    ],
    [
      { Condition: { BinaryEquals: { "aws:x": "%" } } },
      "Invalid base64 in Conditions",
      "Condition.BinaryEquals.aws:x",
    ],
    [
      { Condition: { ArnLike: { "aws:SourceArn": "arn:aws:s3" } } },
      "Invalid ARN in Conditions",
      "Condition.ArnLike.aws:SourceArn",
    ],
    [
      { Condition: { StringLike: { "aws:UserAgent": "${aws:x" } } },
      "Invalid policy variable: it has no end",
      "Condition.StringLike.aws:UserAgent",
    ],
    [{ Resource: "arn:aws:s3:::pics/${username}" }, "Invalid policy variable", "Resource[0]"],
  ])("%j", (change, message, where) => {
    const place = where === "" ? "Statement[0]" : `Statement[0].${where}`;
    expect(refusal(documentOf(change))).toEqual([message, place]);
  });

  test.each<object>([
    { Action: "s3:*", Resource: "arn:aws:s3:::pics" },
    { Action: "S3:getobject" },
    { Action: "*", Resource: ["arn:aws:s3:::pics", "arn:aws:s3:::pics/*"] },
    { Action: ["s3:ListBucket", "s3:GetObject"], Resource: "arn:aws:s3:::pics*" },
    { Action: "s3:GetObject", Resource: "arn:aws:s3:::*/*" },
    { Action: "s3:ListBucket", Resource: "arn:aws:s3:::*" },
    { Action: "s3:GetObject", Resource: "*" },
    { Resource: "arn:aws:s3:::pics/${aws:username}/*" },
    { Sid: "with blanks", Principal: { AWS: ["*", "123456789012", "arn:aws:iam::123456789012:root"] } },
    { Principal: { AWS: "arn:aws:iam:::user/alice" } },
    { Principal: { CanonicalUser: "0123456789abcdef".repeat(4) } },
    { Condition: { StringEquals: { "S3:X-Amz-Acl": "private", "s3:ExistingObjectTag/color": "red" } } },
    { Condition: { NumericLessThan: { "s3:signatureAge": 600 }, Bool: { "aws:SecureTransport": true } } },
    { Action: "s3:*", Condition: { StringLike: { "s3:prefix": "x*" } } },
    { Condition: { IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.1"] } } },
    {
      Condition: {
        DateGreaterThan: { "aws:CurrentTime": "2026-11-29T12:00:00Z", "aws:EpochTime": 1767225600 },
      },
    },
  ])("is accepted: %j", (change) => {
    expect(parsePolicy(documentOf(change), BUCKET).statements).toHaveLength(1);
  });

  test("a refused principal is named", () => {
    try {
      parsePolicy(documentOf({ Principal: { AWS: ["*", "arn:nobody"] } }), BUCKET);
      throw new Error("not refused");
    } catch (error) {
      expect(error).toBeInstanceOf(PolicyError);
      expect((error as PolicyError).detail).toBe('"AWS" : "arn:nobody"');
    }
  });

  test("the policy of no bucket in particular: any bucket of S3", () => {
    const any: ParseOptions = { kind: "bucket", bucket: undefined };
    expect(parsePolicy(documentOf({ Resource: "arn:aws:s3:::other/x*" }), any).statements).toHaveLength(1);
    expect(refusal(documentOf({ Resource: "arn:aws:sqs:::queue" }), any)[0]).toBe(
      "Policy has invalid resource",
    );
    expect(refusal(documentOf({ Resource: "arn:aws:s3:::other" }), any)[0]).toBe(
      "Action does not apply to any resource(s) in statement",
    );
  });
});

describe("a statement of an identity policy", () => {
  const own = (change: object): string => documentOf(change, ["Principal"]);

  test.each<[object, string]>([
    [{ Resource: "pics" }, 'Resource pics must be in ARN format or "*".'],
    [{ Action: "GetObject" }, "Policy has invalid action"],
    [{ Action: "s3:Get Object" }, "Policy has invalid action"],
    [{ Sid: "with blanks" }, "Statement IDs (SID) must be alpha-numeric."],
  ])("%j", (change, message) => {
    expect(refusal(own(change), IDENTITY)[0]).toBe(message);
  });

  test("it names no principal", () => {
    expect(refusal(documentOf({}), IDENTITY)[0]).toBe("Policy document should not specify a principal.");
    expect(refusal(documentOf({}), { kind: "session" })[0]).toBe(
      "Policy document should not specify a principal.",
    );
  });

  test("it may speak of other services, buckets and keys", () => {
    const text = own({
      Action: ["ec2:*", "s3:FutureAction"],
      Resource: "*",
      Condition: { StringEquals: { "ec2:x": "y" } },
    });
    expect(parsePolicy(text, IDENTITY).statements).toHaveLength(1);
  });
});
