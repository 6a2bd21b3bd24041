/** Conditions of bucket policies, on what requests say. S3 user guide: "Bucket policy examples using condition keys". */
import { beforeEach, describe, expect, test } from "bun:test";
import { accountIdOf } from "../../../src/iam/account-id.ts";
import { type Call, OTHER_ID } from "../support/harness.ts";
import {
  ANYBODY,
  DENIED,
  OK,
  type PolicyWorld,
  policyWorld,
  statement,
  THIRD,
  THIRD_ID,
  THIRD_USER,
} from "./support/policies.ts";

let h: PolicyWorld["h"];
let { outcome, putAll } = {} as PolicyWorld;
beforeEach(async () => {
  ({ h, outcome, putAll } = await policyWorld());
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
