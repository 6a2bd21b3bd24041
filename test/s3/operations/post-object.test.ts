/**
 * POST Object. Pages: S3 API, "POST Object", "Browser-based uploads using POST (AWS signature version 4)", "POST
 * policy", "Authenticating requests in browser-based uploads using POST". Answers as recorded of S3 in
 * localstack/localstack, tests/aws/services/s3/test_s3.snapshot.json (TestS3PresignedPost); cases of ceph/s3-tests.
 */
import { describe, expect, test } from "bun:test";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import { harness } from "../support/harness.ts";
import {
  CREDENTIAL,
  DAY,
  expectNothing,
  type Fields,
  KEY,
  KEY_CONDITION,
  LATER,
  policyFields,
  post,
  prepared,
  SIGNING,
  SIGNING_CONDITIONS,
  signed,
  signPolicy,
} from "../support/post-form.ts";

describe("signatures (Authenticating requests in browser-based uploads using POST)", () => {
  test("the example of AWS", () => {
    const policy =
      '{ "expiration": "2015-12-30T12:00:00.000Z",\r\n  "conditions": [\r\n    {"bucket": "sigv4examplebucket"},\r\n    ["starts-with", "$key", "user/user1/"],\r\n    {"acl": "public-read"},\r\n    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},\r\n    ["starts-with", "$Content-Type", "image/"],\r\n    {"x-amz-meta-uuid": "14365123651274"},\r\n    {"x-amz-server-side-encryption": "AES256"},\r\n    ["starts-with", "$x-amz-meta-tag", ""],\r\n\r\n    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},\r\n    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},\r\n    {"x-amz-date": "20151229T000000Z" }\r\n  ]\r\n}';
    const signature = signPolicy(Buffer.from(policy).toString("base64"), undefined, "20151229");
    expect(signature).toBe("8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    const form = {
      policy: Buffer.from(policy).toString("base64"),
      algorithm: "AWS4-HMAC-SHA256",
      credential: "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
      date: "20151229T000000Z",
      signature,
      securityToken: "",
    };
    const result = harness().deps.authenticator.authenticateForm(form);
    expect([result.method, result.principal.kind]).toEqual(["form", "user"]);
  });

  /** `name=value` replaces a field, `-name` leaves one out. */
  function changed(...changes: string[]): Fields {
    const fields = new Map(signed(KEY, [KEY_CONDITION]));
    for (const change of changes) {
      const at = change.indexOf("=");
      if (at < 0) fields.delete(change.slice(1));
      else fields.set(change.slice(0, at), change.slice(at + 1));
    }
    return [...fields];
  }

  test.each([
    [["-x-amz-algorithm", "-x-amz-credential"], 400, "InvalidArgument", "X-Amz-Algorithm"],
    [["-x-amz-credential"], 400, "InvalidArgument", "X-Amz-Credential"],
    [["-x-amz-date"], 400, "InvalidArgument", "X-Amz-Date"],
    [["-policy"], 400, "InvalidArgument", "Policy"],
    [["-x-amz-signature"], 400, "InvalidArgument", "X-Amz-Signature"],
    [["x-amz-algorithm=AWS4-HMAC-SHA1"], 400, "InvalidArgument", "X-Amz-Algorithm"],
    [["x-amz-credential=AKIA/20261121"], 400, "InvalidArgument", "X-Amz-Credential"],
    [
      [`x-amz-credential=${CREDENTIAL.replace("us-east-1", "us-west-2")}`],
      400,
      "InvalidArgument",
      "X-Amz-Credential",
    ],
    [[`x-amz-credential=${CREDENTIAL.replace(DAY, "20261120")}`], 400, "InvalidArgument", "X-Amz-Credential"],
    [[`x-amz-credential=${CREDENTIAL.replace("/s3/", "/ec2/")}`], 400, "InvalidArgument", "X-Amz-Credential"],
    [["x-amz-date=today"], 400, "InvalidArgument", "X-Amz-Date"],
    [[`x-amz-credential=${CREDENTIAL.replace("AKIA", "BKIA")}`], 403, "InvalidAccessKeyId", undefined],
    [["x-amz-security-token=token"], 400, "InvalidToken", undefined],
    [[`x-amz-signature=${"0".repeat(64)}`], 403, "SignatureDoesNotMatch", undefined],
    [["policy=e30="], 403, "SignatureDoesNotMatch", undefined],
    [
      ["-x-amz-algorithm", "-x-amz-credential", "-x-amz-date", "-x-amz-signature"],
      403,
      "AccessDenied",
      undefined,
    ],
    [
      ["-x-amz-algorithm", "-x-amz-credential", "-x-amz-date", "-x-amz-signature", "-policy"],
      403,
      "AccessDenied",
      undefined,
    ],
  ] as const)("%j: %d %s", async (changes, status, code, argument) => {
    const h = await prepared();
    const answer = await post(h, changed(...changes));
    expect([answer.status, answer.tag("Code"), answer.tag("ArgumentName")]).toEqual([status, code, argument]);
    await expectNothing(h);
  });

  test("a field that is missing is named in the words of S3", async () => {
    const h = await prepared();
    const answer = await post(h, changed("-x-amz-signature"));
    expect(answer.text).toContain(
      "Bucket POST must contain a field named &apos;X-Amz-Signature&apos;.  If it is specified, please check the order of the fields.",
    );
    const other = await post(h, changed(`x-amz-credential=${CREDENTIAL.replace("us-east-1", "us-west-2")}`));
    expect([other.tag("Region"), other.tag("Message")]).toEqual([
      "us-east-1",
      "the region &apos;us-west-2&apos; is wrong; expecting &apos;us-east-1&apos;",
    ]);
  });

  test("a signature that does not match shows what was signed", async () => {
    const answer = await post(await prepared(), changed("policy=e30="));
    expect([
      answer.tag("StringToSign"),
      answer.tag("StringToSignBytes"),
      answer.tag("AWSAccessKeyId"),
    ]).toEqual(["e30=", "65 33 30 3d", "AKIAIOSFODNN7EXAMPLE"]);
  });

  test("what a policy allows still needs permission; anonymous forms too", async () => {
    const asked: string[] = [];
    const h = await prepared({
      deps: {
        authorizer: ({ action, principal, resource, context }) => {
          asked.push(`${principal.kind} ${action} ${resource} ${String(context.get("s3:authType"))}`);
          if (resource.endsWith("denied")) throw new S3Error("AccessDenied");
        },
      },
    });
    asked.length = 0;
    const fields = signed([["key", "denied"]], [{ key: "denied" }]);
    expect((await post(h, fields)).tag("Code")).toBe("AccessDenied");
    expect(asked.splice(0)).toEqual(["user s3:PutObject arn:aws:s3:::bucket/denied POST"]);
    const tagged: Fields = [
      ["key", "open"],
      ["acl", "private"],
      ["tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"],
    ];
    expect((await post(h, tagged)).status).toBe(204);
    expect(asked.splice(0)).toEqual([
      "anonymous s3:PutObject arn:aws:s3:::bucket/open undefined",
      "anonymous s3:PutObjectAcl arn:aws:s3:::bucket/open undefined",
      "anonymous s3:PutObjectTagging arn:aws:s3:::bucket/open undefined",
    ]);
    expect((await h.call("GET", "/bucket/open")).text).toBe("content");
  });

  test("the access log says who stored what", async () => {
    const h = await prepared();
    const { reply } = await post(h, signed(KEY, [KEY_CONDITION]));
    expect(reply.facts).toMatchObject({
      operation: "PostObject",
      bucket: "bucket",
      key: "user/eric/photo.jpg",
      accessKey: "AKIAIOSFODNN7EXAMPLE",
    });
  });

  test("the clock decides whether a policy has expired", async () => {
    const h = await prepared();
    h.clock.now = Date.parse(LATER) - 1;
    expect((await post(h, signed(KEY, [KEY_CONDITION]))).status).toBe(204);
    h.clock.now++;
    const answer = await post(h, signed(KEY, [KEY_CONDITION]));
    expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([
      403,
      "AccessDenied",
      "Invalid according to Policy: Policy expired.",
    ]);
  });
});

describe("policy documents (POST policy)", () => {
  const good = {
    expiration: LATER,
    conditions: [{ bucket: "bucket" }, KEY_CONDITION, ...SIGNING_CONDITIONS],
  };
  const conditions = (...more: unknown[]) => ({ ...good, conditions: [...good.conditions, ...more] });
  test.each([
    ["no JSON", "{", "Invalid Policy: Invalid JSON."],
    ["a trailing comma", `{"expiration":"${LATER}","conditions":[],}`, "Invalid Policy: Invalid JSON."],
    ["a list", "[]", "Invalid Policy: Invalid JSON."],
    ["no UTF-8", "\u00ff", undefined],
    ["another member", { ...good, statement: [] }, "Invalid Policy: Unexpected: &apos;statement&apos;"],
    [
      "members in another case",
      { EXPIRATION: LATER, conditions: [] },
      "Invalid Policy: Unexpected: &apos;EXPIRATION&apos;",
    ],
    ["no expiration", { conditions: [] }, "Invalid Policy: Policy missing expiration."],
    ["no conditions", { expiration: LATER }, "Invalid Policy: Policy missing conditions."],
    [
      "conditions that are no list",
      { expiration: LATER, conditions: {} },
      "Invalid Policy: Invalid &apos;conditions&apos; value: must be a List.",
    ],
    [
      "an expiration with an offset",
      { ...good, expiration: "2026-11-21T09:00:00+02:00" },
      "Invalid Policy: Invalid &apos;expiration&apos; value: &apos;2026-11-21T09:00:00+02:00&apos;",
    ],
    ["an expiration that is no date", { ...good, expiration: "2026-13-21T09:00:00Z" }, undefined],
    ["an expiration that is a number", { ...good, expiration: 1 }, undefined],
    ["an empty condition", conditions({}), undefined],
    [
      "a condition of two properties",
      conditions({ a: "b", c: "d" }),
      "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
    ],
    [
      "a value that is a number",
      conditions({ "Content-Length": 6199034 }),
      "Invalid Policy: Invalid Simple-Condition: value must be a string.",
    ],
    ["an empty list", conditions([]), "Invalid Policy: Invalid Condition: missing operation identifier."],
    [
      "an unknown operation",
      conditions(["ends-with", "$key", "a"]),
      "Invalid Policy: Invalid Condition: unknown operation &apos;ends-with&apos;.",
    ],
    [
      "too few arguments",
      conditions(["eq", "$key"]),
      "Invalid Policy: Invalid eq: wrong number of arguments.",
    ],
    [
      "a condition that is text",
      conditions("key"),
      "Invalid Policy: Invalid condition test: must be a List or Object.",
    ],
    ["a condition that is null", conditions(null), undefined],
    ["a range of one number", conditions(["content-length-range", 0]), undefined],
    ["a negative range", conditions(["content-length-range", -1, 0]), undefined],
    [
      "a range with a fraction",
      conditions(["content-length-range", 0, 512.5]),
      "Invalid Policy: Invalid JSON.",
    ],
  ])("%s is InvalidPolicyDocument", async (_, document, message) => {
    const h = await prepared();
    const answer = await post(h, [...KEY, ...policyFields(document)]);
    expect([answer.status, answer.tag("Code")]).toEqual([400, "InvalidPolicyDocument"]);
    if (message !== undefined) expect(answer.tag("Message")).toBe(message);
    await expectNothing(h);
  });

  test("a policy that is no base64", async () => {
    const policy = "{}";
    const fields: Fields = [...KEY, ...SIGNING, ["policy", policy], ["x-amz-signature", signPolicy(policy)]];
    const answer = await post(await prepared(), fields);
    expect([answer.tag("Code"), answer.tag("Message")]).toEqual([
      "InvalidPolicyDocument",
      "Invalid Policy: invalid Base64 encoding.",
    ]);
  });
});
