// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
/** Conditions of bucket policies, on what requests say. S3 user guide: "Bucket policy examples using condition keys". */
import { beforeEach, describe, expect, test } from "bun:test";
import { accountIdOf } from "../../../src/iam/account-id.ts";
import { type Call, OTHER_ID } from "../support/harness.ts";
import {
  ANYBODY,
  DENIED,
  OK,
  OTHER,
  type PolicyWorld,
  policyWorld,
  statement,
  THIRD,
  THIRD_ID,
  THIRD_USER,
} from "./support/policies.ts";

let world: PolicyWorld;
let h: PolicyWorld["h"];
let { outcome, putAll } = {} as PolicyWorld;
beforeEach(async () => {
  world = await policyWorld();
  ({ h, outcome, putAll } = world);
});

/** Service Authorization Reference, "Condition keys for Amazon S3"; IAM user guide, "AWS global condition context keys". */
describe("conditions of a request", () => {
  const allowedWith = async (
    Condition: object,
    method: string,
    target: string,
    call: Call = {},
  ): Promise<boolean> => {
    const Action = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"];
    const isList =
      JSON.stringify(Condition).includes('"s3:prefix"') ||
      JSON.stringify(Condition).includes('"s3:delimiter"');
    await putAll(
      statement({
        Principal: "*",
        Action: isList || JSON.stringify(Condition).includes("max-keys") ? "s3:ListBucket" : Action,
        Resource: ["arn:aws:s3:::pics", "arn:aws:s3:::pics/*"],
        Condition,
      }),
    );
    const { status } = await h.call(method, target, { ...ANYBODY, ...call });
    return status === 200;
  };

  test.each<[string, object, string, string, Call, Call]>([
    [
      "aws:SourceIp",
      { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } },
      "GET",
      "/pics/a",
      { address: "192.0.2.7" },
      { address: "198.51.100.1" },
    ],
    [
      "of IPv4 in IPv6",
      { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } },
      "GET",
      "/pics/a",
      { address: "::ffff:192.0.2.7" },
      {},
    ],
    [
      "aws:SecureTransport",
      { Bool: { "aws:SecureTransport": "true" } },
      "GET",
      "/pics/a",
      { tlsVersion: "1.3" },
      {},
    ],
    [
      "s3:TlsVersion",
      { NumericGreaterThanEquals: { "s3:TlsVersion": 1.3 } },
      "GET",
      "/pics/a",
      { tlsVersion: "1.3" },
      { tlsVersion: "1.2" },
    ],
    [
      "aws:Referer",
      { StringLike: { "aws:Referer": "https://example.com/*" } },
      "GET",
      "/pics/a",
      { headers: { Referer: "https://example.com/x" } },
      { headers: { Referer: "https://example.org/" } },
    ],
    [
      "aws:UserAgent",
      { StringEquals: { "aws:UserAgent": "agent" } },
      "GET",
      "/pics/a",
      { headers: { "User-Agent": "agent" } },
      {},
    ],
    [
      "s3:x-amz-storage-class",
      { StringEquals: { "s3:x-amz-storage-class": "STANDARD_IA" } },
      "PUT",
      "/pics/b",
      { body: "x", headers: { "x-amz-storage-class": "STANDARD_IA" } },
      { body: "x" },
    ],
    [
      "s3:x-amz-copy-source",
      { StringLike: { "s3:x-amz-copy-source": "pics/a*" } },
      "PUT",
      "/pics/b",
      { headers: { "x-amz-copy-source": "pics/a" } },
      { body: "x" },
    ],
    [
      "s3:if-none-match",
      { Null: { "s3:if-none-match": "false" } },
      "PUT",
      "/pics/new",
      { body: "x", headers: { "If-None-Match": "*" } },
      { body: "x" },
    ],
  ])("%s", async (_, Condition, method, target, yes, no) => {
    expect(await allowedWith(Condition, method, target, yes)).toBe(true);
    expect(await allowedWith(Condition, method, target, no)).toBe(false);
  });

  test.each<[string, object, string, string]>([
    ["s3:prefix", { StringLike: { "s3:prefix": "home/*" } }, "prefix=home/a", "prefix=root/a"],
    ["s3:delimiter", { StringEquals: { "s3:delimiter": "/" } }, "delimiter=/", "list-type=2"],
    ["s3:max-keys", { NumericLessThanEquals: { "s3:max-keys": "10" } }, "max-keys=10", "max-keys=11"],
  ])("%s", async (_, Condition, yes, no) => {
    expect(await allowedWith(Condition, "GET", `/pics?${yes}`)).toBe(true);
    expect(await allowedWith(Condition, "GET", `/pics?${no}`)).toBe(false);
  });

  test("who asks: aws:PrincipalAccount, aws:PrincipalArn, aws:username, s3:ResourceAccount", async () => {
    for (const Condition of [
      { StringEquals: { "aws:PrincipalAccount": THIRD_USER.accountId } },
      { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:user/third" } },
      { StringEquals: { "aws:username": "third", "aws:PrincipalType": "User" } },
      { StringEquals: { "aws:userid": THIRD_ID, "s3:ResourceAccount": accountIdOf(OTHER_ID) } },
    ]) {
      await putAll(statement({ Condition }));
      expect(await outcome("GET", "/pics/a", THIRD)).toEqual(OK);
      expect(await outcome("GET", "/pics/a", ANYBODY)).toEqual(DENIED);
    }
  });

  test("s3:ObjectCreationOperation: what makes an object needs a condition, parts do not", async () => {
    await putAll(
      statement({ Action: "s3:PutObject" }),
      statement({
        Effect: "Deny",
        Action: "s3:PutObject",
        Condition: { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } },
      }),
    );
    expect(await outcome("PUT", "/pics/b", { ...ANYBODY, body: "x" })).toEqual(DENIED);
    expect(
      await outcome("PUT", "/pics/b", { ...ANYBODY, body: "x", headers: { "If-None-Match": "*" } }),
    ).toEqual(OK);
    expect(await outcome("POST", "/pics/b?uploads", ANYBODY)).toEqual(OK);
  });
});

/** S3 user guide, "Tagging and access control policies"; object tags of requests come in x-amz-tagging. */
describe("tags of objects", () => {
  const tagged = (tags: string, body = "x") => ({ body, headers: { "x-amz-tagging": tags } });
  beforeEach(async () => {
    await h.call("PUT", "/pics/red", { ...OTHER, ...tagged("color=red&size=1") });
    await h.call("PUT", "/pics/blue", { ...OTHER, ...tagged("color=blue") });
  });

  test("s3:ExistingObjectTag: reads, of versions too, and sources of copies", async () => {
    const Condition = { StringEquals: { "S3:existingOBJECTtag/color": "red" } };
    await putAll(
      statement({ Action: ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"], Condition }),
      statement({ Action: "s3:PutObject" }),
    );
    for (const suffix of ["", "?versionId=null", "?tagging"]) {
      expect(await outcome("GET", `/pics/red${suffix}`, ANYBODY)).toEqual(OK);
      expect(await outcome("GET", `/pics/blue${suffix}`, ANYBODY)).toEqual(DENIED);
      expect(await outcome("GET", `/pics/a${suffix}`, ANYBODY)).toEqual(DENIED);
      expect(await outcome("GET", `/pics/none${suffix}`, ANYBODY)).toEqual(DENIED);
    }
    const copy = (source: string) =>
      outcome("PUT", "/pics/copy", {
        ...ANYBODY,
        headers: { "x-amz-copy-source": source, "x-amz-tagging-directive": "REPLACE" },
      });
    expect(await copy("/pics/red")).toEqual(OK);
    expect(await copy("/pics/blue")).toEqual(DENIED);
    // A write asks for no tags of what it replaces.
    expect(await outcome("PUT", "/pics/blue", { ...ANYBODY, body: "new" })).toEqual(OK);
  });

  test("s3:ExistingObjectTag denies the owner, and tags that change change the decision", async () => {
    await putAll(
      statement({ Effect: "Deny", Condition: { StringLike: { "s3:ExistingObjectTag/color": "r*" } } }),
    );
    expect(await outcome("GET", "/pics/red", OTHER)).toEqual(DENIED);
    expect(await outcome("GET", "/pics/blue", OTHER)).toEqual(OK);
    await h.call("DELETE", "/pics/red?tagging", OTHER);
    expect(await outcome("GET", "/pics/red", OTHER)).toEqual(OK);
  });

  test("an identity policy asks for tags too, also in a variable", async () => {
    const text = JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: "arn:aws:s3:::pics/${s3:ExistingObjectTag/color}",
      },
    });
    world.attached = [{ name: "by-color", text }];
    expect(await outcome("GET", "/pics/red", THIRD)).toEqual(OK);
    await h.call("PUT", "/pics/green", { ...OTHER, ...tagged("color=red") });
    expect(await outcome("GET", "/pics/green", THIRD)).toEqual(DENIED);
  });

  /** S3 User Guide, "Categorizing your objects using tags": keys and values of tags are case sensitive. */
  test("keys of tags are compared exactly", async () => {
    const Action = ["s3:PutObject", "s3:PutObjectTagging"];
    const put = (tags: string) => outcome("PUT", "/pics/new", { ...ANYBODY, ...tagged(tags) });
    await putAll(statement({ Action, Condition: { StringEquals: { "s3:RequestObjectTag/env": "dev" } } }));
    expect(await put("Env=dev&env=prod")).toEqual(DENIED);
    expect(await put("Env=dev")).toEqual(DENIED);
    expect(await put("Env=prod&env=dev")).toEqual(OK);
    const denies = { StringEqualsIgnoreCase: { "s3:ExistingObjectTag/Env": "${s3:ExistingObjectTag/env}" } };
    await putAll(statement(), statement({ Effect: "Deny", Condition: denies }));
    expect(await outcome("GET", "/pics/new", ANYBODY)).toEqual(OK);
    await h.call("PUT", "/pics/same", { ...OTHER, ...tagged("Env=X&env=x") });
    expect(await outcome("GET", "/pics/same", ANYBODY)).toEqual(DENIED);
    const nobody = { StringEquals: { "s3:ExistingObjectTag/Env": "prod" } };
    await putAll(statement(), statement({ Effect: "Deny", Condition: nobody }));
    expect(await outcome("GET", "/pics/new", ANYBODY)).toEqual(DENIED);
  });

  test("s3:RequestObjectTag and s3:RequestObjectTagKeys", async () => {
    const Action = ["s3:PutObject", "s3:PutObjectTagging"];
    const put = (tags?: string) =>
      outcome("PUT", "/pics/new", { ...ANYBODY, body: "x", ...(tags === undefined ? {} : tagged(tags)) });
    await putAll(statement({ Action, Condition: { StringEquals: { "s3:RequestObjectTag/color": "red" } } }));
    expect(await put("color=red&size=2")).toEqual(OK);
    expect(await put("color=blue")).toEqual(DENIED);
    expect(await put()).toEqual(DENIED);
    expect(await put("color=red&color=red")).toEqual(DENIED);
    await putAll(
      statement({
        Action,
        Condition: { "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": ["color", "size"] } },
      }),
    );
    expect(await put("color=green&size=2")).toEqual(OK);
    expect(await put()).toEqual(OK);
    expect(await put("color=green&owner=me")).toEqual(DENIED);
  });
});
