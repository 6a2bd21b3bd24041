/**
 * API reference: GetBucketPolicyStatus, PutPublicAccessBlock, GetPublicAccessBlock, DeletePublicAccessBlock; S3 user
 * guide: "Blocking public access to your Amazon S3 storage".
 */
import { beforeEach, describe, expect, test } from "bun:test";
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
  THIRD_USER,
} from "./support/policies.ts";

let h: PolicyWorld["h"];
let { outcome, put, putAll } = {} as PolicyWorld;
beforeEach(async () => {
  ({ h, outcome, put, putAll } = await policyWorld());
});

describe("public access", () => {
  const block = (flags: Readonly<Record<string, boolean | string>>): string => {
    const elements = Object.entries(flags).map(([name, value]) => `<${name}>${value}</${name}>`);
    return `<PublicAccessBlockConfiguration>${elements.join("")}</PublicAccessBlockConfiguration>`;
  };
  const putBlock = (flags: Readonly<Record<string, boolean | string>>) =>
    h.call("PUT", "/pics?publicAccessBlock", { ...OTHER, body: block(flags) });
  const fixed = statement({ Principal: { AWS: THIRD_USER.accountId } });

  test("GetBucketPolicyStatus", async () => {
    expect(await outcome("GET", "/pics?policyStatus", OTHER)).toEqual([404, "NoSuchBucketPolicy"]);
    const status = async () => (await h.call("GET", "/pics?policyStatus", OTHER)).tag("IsPublic");
    await putAll(statement());
    expect(await status()).toBe("true");
    await putAll(fixed);
    expect(await status()).toBe("false");
    await putAll(fixed, statement({ Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } } }));
    expect(await status()).toBe("false");
    await putAll(fixed, statement({ Condition: { StringLike: { "aws:Referer": "https://example.com/*" } } }));
    expect(await status()).toBe("true");
  });

  test("what was put comes back, and missing elements are false", async () => {
    const seen = async () => {
      const { status, tag } = await h.call("GET", "/pics?publicAccessBlock", OTHER);
      const names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
      return [status, ...names.map(tag)];
    };
    const absent = [404, "NoSuchPublicAccessBlockConfiguration"];
    expect(await outcome("GET", "/pics?publicAccessBlock", OTHER)).toEqual(absent);
    expect((await putBlock({ BlockPublicAcls: true, BlockPublicPolicy: "TRUE" })).status).toBe(200);
    expect(await seen()).toEqual([200, "true", "false", "true", "false"]);
    expect((await putBlock({ IgnorePublicAcls: true, RestrictPublicBuckets: true })).status).toBe(200);
    expect(await seen()).toEqual([200, "false", "true", "false", "true"]);
    expect(await outcome("DELETE", "/pics?publicAccessBlock", OTHER)).toEqual([204, undefined]);
    expect(await outcome("GET", "/pics?publicAccessBlock", OTHER)).toEqual(absent);
  });

  test.each([
    ["<PublicAccessBlock/>"],
    [block({ BlockPublicAcls: "yes" })],
    [block({ BlockEverything: true })],
    ["<PublicAccessBlockConfiguration>"],
  ])("MalformedXML: %s", async (body) => {
    expect(await outcome("PUT", "/pics?publicAccessBlock", { ...OTHER, body })).toEqual([
      400,
      "MalformedXML",
    ]);
  });

  test("BlockPublicPolicy refuses public policies, and leaves the policy that is there", async () => {
    await putAll(statement());
    await putBlock({ BlockPublicPolicy: true });
    expect(await outcome("GET", "/pics/a", ANYBODY)).toEqual(OK);
    expect(await outcome("PUT", "/pics?policy", { ...OTHER, body: policy(statement({ Sid: "b" })) })).toEqual(
      DENIED,
    );
    expect(await outcome("PUT", "/pics?policy", { body: policy(statement()) })).toEqual(DENIED);
    expect((await put(policy(fixed))).status).toBe(204);
    await putBlock({});
    expect((await put(policy(statement()))).status).toBe(204);
  });

  test("RestrictPublicBuckets: a public policy allows the owner only, and still denies", async () => {
    await putAll(statement(), statement({ Effect: "Deny", Resource: "arn:aws:s3:::pics/secret" }));
    await putBlock({ RestrictPublicBuckets: true });
    expect(await outcome("GET", "/pics/a", ANYBODY)).toEqual(DENIED);
    expect(await outcome("GET", "/pics/a", THIRD)).toEqual(DENIED);
    expect(await outcome("GET", "/pics/a", OTHER)).toEqual(OK);
    expect(await outcome("GET", "/pics/secret", OTHER)).toEqual(DENIED);
    // A policy that is not public is not narrowed.
    await putAll(fixed);
    expect(await outcome("GET", "/pics/a", THIRD)).toEqual(OK);
    await putAll(statement());
    await h.call("DELETE", "/pics?publicAccessBlock", OTHER);
    expect(await outcome("GET", "/pics/a", THIRD)).toEqual(OK);
  });

  test("a block that is put while a public policy is on its way wins over it", async () => {
    let meddle = true;
    h.kv.before = async () => {
      if (!meddle) return;
      meddle = false;
      await putBlock({ BlockPublicPolicy: true });
    };
    expect(await outcome("PUT", "/pics?policy", { ...OTHER, body: policy(statement()) })).toEqual(DENIED);
    expect(meddle).toBe(false);
    expect(await outcome("GET", "/pics?policy", OTHER)).toEqual([404, "NoSuchBucketPolicy"]);
  });
});
