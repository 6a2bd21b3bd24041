/**
 * Operations on the policy of a bucket. API reference: PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy; S3 user
 * guide: "Bucket policies".
 */
import { beforeEach, describe, expect, test } from "bun:test";
import { harness } from "../support/harness.ts";
import {
  ANYBODY,
  DENIED,
  OK,
  OTHER,
  type PolicyWorld,
  policy,
  policyWorld,
  statement,
  THIRD,
} from "./support/policies.ts";

let h: PolicyWorld["h"];
let { outcome, put, putAll } = {} as PolicyWorld;
beforeEach(async () => {
  ({ h, outcome, put, putAll } = await policyWorld());
});

describe("PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy", () => {
  test("the text comes back as it was put, until it is deleted; deleting again is no error", async () => {
    expect(await outcome("GET", "/pics?policy", OTHER)).toEqual([404, "NoSuchBucketPolicy"]);
    const text = `${policy(statement()).replaceAll(",", " ,\r\n ")}\n`;
    expect((await put(text)).status).toBe(204);
    const answer = await h.call("GET", "/pics?policy", OTHER);
    expect([answer.status, answer.text, answer.headers.get("content-type")]).toEqual([
      200,
      text,
      "application/json",
    ]);
    expect(await outcome("DELETE", "/pics?policy", OTHER)).toEqual([204, undefined]);
    expect(await outcome("GET", "/pics?policy", OTHER)).toEqual([404, "NoSuchBucketPolicy"]);
    expect(await outcome("DELETE", "/pics?policy", OTHER)).toEqual([204, undefined]);
    expect(await outcome("PUT", "/nothing?policy", { ...OTHER, body: text })).toEqual([404, "NoSuchBucket"]);
  });

  test.each([
    ["", "Policies must be valid JSON and the first byte must be '{'", undefined],
    ["\ufeff{}", "Policies must be valid JSON and the first byte must be '{'", undefined],
    ["{", "This policy contains invalid Json", "at character 2"],
    ['{"Statement": []}', "Could not parse the policy: Statement is empty!", undefined],
    [policy(statement({ Principal: undefined })), "Missing required field Principal", undefined],
    [
      policy(statement({ Principal: { AWS: "nobody" } })),
      "Invalid principal in policy",
      "&quot;AWS&quot; : &quot;nobody&quot;",
    ],
    [policy(statement({ Action: "s3:Nothing" })), "Policy has invalid action", "s3:Nothing"],
    [
      policy(statement({ Resource: "arn:aws:s3:::other/*" })),
      "Policy has invalid resource",
      "arn:aws:s3:::other/*",
    ],
    [
      policy(statement({ Resource: "arn:aws:s3:::pics" })),
      "Action does not apply to any resource(s) in statement",
      "s3:GetObject",
    ],
    [
      policy(statement({ Sid: "x".repeat(21_000) })),
      "Normalized policy document exceeds the maximum allowed size of 20480 bytes",
      undefined,
    ],
  ])("MalformedPolicy: %.60s", async (body, message, detail) => {
    const { status, tag } = await put(body);
    const expected = [400, "MalformedPolicy", message.replaceAll("'", "&apos;"), detail];
    expect([status, tag("Code"), tag("Message"), tag("Detail")]).toEqual(expected);
    expect((await h.call("GET", "/pics?policy", OTHER)).status).toBe(404);
  });

  test("a body that is not UTF-8, or too long to be read", async () => {
    const bytes = Uint8Array.of(0x7b, 0xff, 0x7d);
    expect(await outcome("PUT", "/pics?policy", { ...OTHER, body: bytes })).toEqual([400, "MalformedPolicy"]);
    const long = " ".repeat(65 * 1024);
    const answer = await put(long);
    expect([answer.status, answer.tag("Code"), answer.bodyRead]).toEqual([400, "EntityTooLarge", 0]);
  });

  test("a checksum is verified", async () => {
    const headers = { "Content-MD5": new Bun.CryptoHasher("md5").update("other").digest("base64") };
    const answer = await h.call("PUT", "/pics?policy", { ...OTHER, headers, body: policy(statement()) });
    expect(answer.tag("Code")).toBe("BadDigest");
    expect((await h.call("GET", "/pics?policy", OTHER)).status).toBe(404);
  });

  test("a new bucket of the name has no policy", async () => {
    await putAll(statement());
    await h.call("DELETE", "/pics/a", OTHER);
    expect(await outcome("DELETE", "/pics", OTHER)).toEqual([204, undefined]);
    await h.call("PUT", "/pics", OTHER);
    expect(await outcome("GET", "/pics?policy", OTHER)).toEqual([404, "NoSuchBucketPolicy"]);
    expect(await outcome("GET", "/pics/a", ANYBODY)).toEqual(DENIED);
  });

  test("who may not change the policy sends it in vain", async () => {
    for (const call of [THIRD, ANYBODY]) {
      const answer = await put(policy(statement()), call);
      expect([answer.status, answer.tag("Code"), answer.bodyRead]).toEqual([403, "AccessDenied", 0]);
    }
    // "If you have the correct permissions, but you're not using an identity that belongs to the bucket owner's account"
    await putAll(statement({ Action: ["s3:*BucketPolicy", "s3:GetObject"], Resource: "arn:aws:s3:::pics*" }));
    expect(await outcome("GET", "/pics?policy", ANYBODY)).toEqual([405, "MethodNotAllowed"]);
    expect(await outcome("DELETE", "/pics?policy", ANYBODY)).toEqual([405, "MethodNotAllowed"]);
    expect(await outcome("GET", "/pics?policyStatus", ANYBODY)).toEqual(DENIED);
  });

  test("x-amz-confirm-remove-self-bucket-access", async () => {
    const lockOut = policy(
      statement({ Effect: "Deny", Action: "s3:PutBucketPolicy", Resource: "arn:aws:s3:::pics" }),
    );
    expect(await outcome("PUT", "/pics?policy", { ...OTHER, body: lockOut })).toEqual(DENIED);
    expect((await h.call("GET", "/pics?policy", OTHER)).status).toBe(404);
    const headers = { "x-amz-confirm-remove-self-bucket-access": "true" };
    expect(await outcome("PUT", "/pics?policy", { ...OTHER, headers, body: lockOut })).toEqual([
      204,
      undefined,
    ]);
    expect(await outcome("PUT", "/pics?policy", { ...OTHER, headers, body: policy(statement()) })).toEqual(
      DENIED,
    );
    // Root can always put it right.
    expect(await outcome("PUT", "/pics?policy", { body: policy(statement()) })).toEqual([204, undefined]);
  });

  test("root repairs a bucket that denies everybody everything, and does nothing else there", async () => {
    const headers = { "x-amz-confirm-remove-self-bucket-access": "TRUE" };
    const body = policy(
      statement({ Effect: "Deny", Action: "s3:*", Resource: ["arn:aws:s3:::pics", "arn:aws:s3:::pics/*"] }),
    );
    expect((await h.call("PUT", "/pics?policy", { ...OTHER, headers, body })).status).toBe(204);
    for (const [method, target] of [
      ["GET", "/pics/a"],
      ["GET", "/pics"],
      ["PUT", "/pics/b"],
      ["GET", "/pics?policyStatus"],
      ["DELETE", "/pics"],
    ] as const) {
      expect(await outcome(method, target)).toEqual(DENIED);
    }
    expect((await h.call("GET", "/pics?policy")).text).toBe(body);
    expect((await h.call("DELETE", "/pics?policy")).status).toBe(204);
    expect(await outcome("GET", "/pics/a")).toEqual(OK);
  });

  /** Not of AWS: nodes are upgraded one by one (docs/decisions/165-policies.md). */
  test("no policy is taken while a node of the cluster would not obey it", async () => {
    let open = false;
    const gated = harness({
      kv: h.kv,
      deps: { iam: h.deps.iam, authorizer: h.deps.authorizer, versioningOpen: () => open },
    });
    const put = () => gated.call("PUT", "/pics?policy", { ...OTHER, body: policy(statement()) });
    const refused = await put();
    expect([refused.status, refused.tag("Code")]).toEqual([503, "ServiceUnavailable"]);
    expect((await h.call("GET", "/pics?policy", OTHER)).status).toBe(404);
    open = true;
    expect((await put()).status).toBe(204);
  });
});
