/**
 * Conditions about what a request writes, where only its body or the source of its copy says it. S3 User Guide, "Managing
 * Object Lock" (limits for the retention by policy), "Tagging and access control policies" (keys that may be added).
 */
import { beforeEach, describe, expect, test } from "bun:test";
import { type Call, OTHER_ID } from "../support/harness.ts";
import { FORM_TYPE, formBody } from "../support/post-form.ts";
import { ANYBODY, DENIED, OK, OTHER, type PolicyWorld, policyWorld, statement } from "./support/policies.ts";

const DAY_MS = 86_400_000;
let world: PolicyWorld;
let h: PolicyWorld["h"];
let { outcome, putAll } = {} as PolicyWorld;
beforeEach(async () => {
  world = await policyWorld();
  ({ h, outcome, putAll } = world);
});

describe("locks", () => {
  /** What the denial compares with, and the documents that it lets pass and does not. */
  const denials = async (action: string, Condition: object): Promise<void> => {
    const Resource = "arn:aws:s3:::pics/*";
    await putAll(statement({ Effect: "Deny", Action: action, Resource, Condition }));
  };
  const until = (days: number): string => new Date(h.clock.now + days * DAY_MS + 1_000).toISOString();
  const retain = (mode: string, days: number, call: Call = OTHER) =>
    outcome("PUT", "/pics/locked?retention", {
      ...call,
      body: `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until(days)}</RetainUntilDate></Retention>`,
    });
  const hold = (status: string) =>
    outcome("PUT", "/pics/locked?legal-hold", {
      ...OTHER,
      body: `<LegalHold><Status>${status}</Status></LegalHold>`,
    });

  beforeEach(async () => {
    await h.call("DELETE", "/pics/a", OTHER);
    await h.call("DELETE", "/pics", OTHER);
    await h.call("PUT", "/pics", { ...OTHER, headers: { "x-amz-bucket-object-lock-enabled": "true" } });
    h.kv.advanceTo(h.clock.now);
    expect(await outcome("PUT", "/pics/locked", { ...OTHER, body: "x" })).toEqual(OK);
  });

  test("a longest retention", async () => {
    await denials("s3:PutObjectRetention", {
      NumericGreaterThan: { "s3:object-lock-remaining-retention-days": "10" },
    });
    expect(await retain("GOVERNANCE", 11)).toEqual(DENIED);
    expect((await h.call("GET", "/pics/locked?retention", OTHER)).status).toBe(404);
    expect(await retain("GOVERNANCE", 10)).toEqual(OK);
    expect(await retain("GOVERNANCE", 36_500)).toEqual(DENIED);
  });

  test("a mode, and a date", async () => {
    await denials("s3:PutObjectRetention", { StringEquals: { "s3:object-lock-mode": "COMPLIANCE" } });
    expect(await retain("COMPLIANCE", 1)).toEqual(DENIED);
    expect(await retain("GOVERNANCE", 1)).toEqual(OK);
    await denials("s3:PutObjectRetention", {
      DateGreaterThan: { "s3:object-lock-retain-until-date": until(5) },
    });
    expect(await retain("GOVERNANCE", 6)).toEqual(DENIED);
    expect(await retain("GOVERNANCE", 4)).toEqual(OK);
  });

  test("an Allow with a condition lets in what meets it, and nobody it does not name", async () => {
    const Condition = { StringEquals: { "s3:object-lock-mode": "GOVERNANCE" } };
    await putAll(statement({ Action: "s3:PutObjectRetention", Condition }));
    expect(await retain("GOVERNANCE", 1, ANYBODY)).toEqual(OK);
    expect(await retain("COMPLIANCE", 2, ANYBODY)).toEqual(DENIED);
    const Principal = { AWS: `arn:aws:iam::${world.h.deps.iam.user(OTHER_ID)?.accountId}:root` };
    await putAll(statement({ Principal, Action: "s3:PutObjectRetention", Condition }));
    const refused = await h.call("PUT", "/pics/locked?retention", { ...ANYBODY, body: "<Retention/>" });
    expect([refused.status, refused.bodyRead]).toEqual([403, 0]);
  });

  test("a legal hold stays", async () => {
    expect(await hold("ON")).toEqual(OK);
    await denials("s3:PutObjectLegalHold", { StringEquals: { "s3:object-lock-legal-hold": "OFF" } });
    expect(await hold("OFF")).toEqual(DENIED);
    expect((await h.call("GET", "/pics/locked?legal-hold", OTHER)).tag("Status")).toBe("ON");
    expect(await hold("ON")).toEqual(OK);
  });
});

describe("tags", () => {
  const tag = (tags: Readonly<Record<string, string>>, call: Call = OTHER, suffix = "") => {
    const inner = Object.entries(tags).map(
      ([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`,
    );
    const body = `<Tagging><TagSet>${inner.join("")}</TagSet></Tagging>`;
    return outcome("PUT", `/pics/a?tagging${suffix}`, { ...call, body });
  };
  const tagsOf = async (key: string) => {
    const { tags } = await h.call("GET", `/pics/${key}?tagging`, OTHER);
    return tags("Key").map((name, i) => `${name}=${tags("Value")[i]}`);
  };

  test("allowed keys", async () => {
    const Action = ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"];
    const keys = { "s3:RequestObjectTagKeys": ["Owner", "CreationDate"] };
    for (const operator of ["ForAllValues:StringEquals", "ForAnyValue:StringEquals"]) {
      await putAll(statement({ Action, Condition: { [operator]: keys } }));
      for (const suffix of ["", "&versionId=null"]) {
        expect(await tag({ Owner: "me", CreationDate: "now" }, ANYBODY, suffix)).toEqual(OK);
        expect(await tag({ public: "yes" }, ANYBODY, suffix)).toEqual(DENIED);
      }
    }
    expect(await tagsOf("a")).toEqual(["CreationDate=now", "Owner=me"]);
  });

  test("a value that nobody may set, and a condition that a key is there", async () => {
    const Action = "s3:PutObjectTagging";
    await putAll(
      statement({
        Effect: "Deny",
        Action,
        Condition: { StringEquals: { "s3:RequestObjectTag/env": "prod" } },
      }),
      statement({ Effect: "Deny", Action, Condition: { Null: { "s3:RequestObjectTag/owner": "true" } } }),
    );
    expect(await tag({ env: "prod", owner: "me" })).toEqual(DENIED);
    expect(await tag({ env: "dev" })).toEqual(DENIED);
    expect(await tagsOf("a")).toEqual([]);
    expect(await tag({ env: "dev", owner: "me" })).toEqual(OK);
  });

  /** API reference, CopyObject, x-amz-tagging-directive: with COPY, the default, the copy gets the tags of its source. */
  test("a copy is judged by the tags that it gets", async () => {
    const copy = (source: string, headers: Readonly<Record<string, string>> = {}) =>
      outcome("PUT", "/pics/copy", { ...OTHER, headers: { "x-amz-copy-source": source, ...headers } });
    const mine = { "x-amz-tagging": "project=mine" };
    await h.call("PUT", "/pics/theirs", {
      ...OTHER,
      body: "x",
      headers: { "x-amz-tagging": "project=theirs" },
    });
    const Action = ["s3:PutObject", "s3:PutObjectTagging"];
    const Resource = "arn:aws:s3:::pics/copy";
    const denyUnless = { StringNotEquals: { "s3:RequestObjectTag/project": "mine" } };
    await putAll(statement({ Effect: "Deny", Action, Resource, Condition: denyUnless }));
    expect(await copy("/pics/theirs", mine)).toEqual(DENIED);
    expect(await copy("/pics/a", mine)).toEqual(DENIED);
    expect(await copy("/pics/theirs", { ...mine, "x-amz-tagging-directive": "REPLACE" })).toEqual(OK);
    expect(await tagsOf("copy")).toEqual(["project=mine"]);
    const denyTheirs = { StringEquals: { "s3:RequestObjectTag/project": "theirs" } };
    await putAll(statement({ Effect: "Deny", Action: "s3:PutObject", Resource, Condition: denyTheirs }));
    expect(await copy("/pics/theirs")).toEqual(DENIED);
    expect(await copy("/pics/a")).toEqual(OK);
  });

  /** Service Authorization Reference: s3:PutObjectTagging has the key s3:ExistingObjectTag. */
  test("a copy over an object whose tags nobody may change", async () => {
    await h.call("PUT", "/pics/kept", { ...OTHER, body: "x", headers: { "x-amz-tagging": "fixed=yes" } });
    await h.call("PUT", "/pics/tagged", { ...OTHER, body: "x", headers: { "x-amz-tagging": "a=b" } });
    const Condition = { StringEquals: { "s3:ExistingObjectTag/fixed": "yes" } };
    await putAll(statement({ Effect: "Deny", Action: "s3:PutObjectTagging", Condition }));
    const copy = (target: string) =>
      outcome("PUT", target, { ...OTHER, headers: { "x-amz-copy-source": "/pics/tagged" } });
    expect(await copy("/pics/kept")).toEqual(DENIED);
    expect(await copy("/pics/other")).toEqual(OK);
  });

  /** POST Object: the field `tagging` needs s3:PutObjectTagging on the object that the form replaces. */
  test("a form over an object whose tags nobody may change", async () => {
    await h.call("PUT", "/pics/kept", { ...OTHER, body: "x", headers: { "x-amz-tagging": "fixed=yes" } });
    const Condition = { StringEquals: { "s3:ExistingObjectTag/fixed": "yes" } };
    await putAll(
      statement({ Action: ["s3:PutObject", "s3:PutObjectTagging"] }),
      statement({ Effect: "Deny", Action: "s3:PutObjectTagging", Condition }),
    );
    const tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    const post = async (...fields: readonly (readonly [string, string])[]) =>
      (await h.call("POST", "/pics", { ...ANYBODY, headers: FORM_TYPE, body: formBody(fields) })).status;
    expect(await post(["key", "kept"], ["tagging", tagging])).toBe(403);
    expect(await tagsOf("kept")).toEqual(["fixed=yes"]);
    expect(await post(["key", "new"], ["tagging", tagging])).toBe(204);
    expect(await post(["key", "kept"])).toBe(204);
  });
});

test("a write that another one was faster than is authorised again, with the tags that the object has now", async () => {
  const Condition = { StringEquals: { "s3:ExistingObjectTag/state": "sealed" } };
  const Action = "s3:PutObjectTagging";
  await putAll(statement({ Effect: "Deny", Action, Resource: "arn:aws:s3:::pics/*", Condition }));
  const put = (state: string) =>
    outcome("PUT", "/pics/a?tagging", {
      ...OTHER,
      body: `<Tagging><TagSet><Tag><Key>state</Key><Value>${state}</Value></Tag></TagSet></Tagging>`,
    });
  let raced = false;
  h.kv.before = async (txn) => {
    if (raced || !txn.conditions.some(({ kind }) => kind === "version-equals")) return;
    raced = true;
    expect(await put("sealed")).toEqual(OK);
  };
  expect(await put("open")).toEqual(DENIED);
  expect(raced).toBe(true);
  expect((await h.call("GET", "/pics/a?tagging", OTHER)).tag("Value")).toBe("sealed");
});
