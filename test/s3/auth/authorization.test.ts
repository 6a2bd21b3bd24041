/** What the application asks its authorizer: who, which action, on what, and what the request says about itself. */
import { describe, expect, test } from "bun:test";
import type { AuthorizationRequest } from "../../../src/s3/auth/authorizer.ts";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import { type Call, type Harness, harness, OWNER_ID, policiesOnly } from "../support/harness.ts";

/** @param denies `ACTION RESOURCE` of what is refused */
function asked(denies: readonly string[] = []): {
  h: Harness;
  questions: AuthorizationRequest[];
  seen: () => string[];
} {
  const questions: AuthorizationRequest[] = [];
  const nameOf = ({ action, resource }: AuthorizationRequest): string => `${action} ${resource}`;
  const authorizer = (request: AuthorizationRequest): void => {
    questions.push(request);
    if (denies.includes(nameOf(request))) throw new S3Error("AccessDenied");
  };
  const h = harness({ deps: { authorizer } });
  return { h, questions, seen: () => questions.splice(0).map(nameOf) };
}

const ARN = "arn:aws:s3:::";

async function prepared(denies: readonly string[] = []) {
  const world = asked(denies);
  await world.h.call("PUT", "/bucket");
  for (const key of ["a", "b"]) await world.h.call("PUT", `/bucket/${key}`, { body: "x" });
  world.questions.length = 0;
  return world;
}

test.each([
  ["GET", "/", {}, [`s3:ListAllMyBuckets ${ARN}*`]],
  ["GET", "/bucket?list-type=2", {}, [`s3:ListBucket ${ARN}bucket`]],
  ["GET", "/bucket/a", {}, [`s3:GetObject ${ARN}bucket/a`]],
  ["GET", "/bucket/a?versionId=null", {}, [`s3:GetObjectVersion ${ARN}bucket/a`]],
  // The key does not exist, and only who may list the bucket learns that.
  ["GET", "/bucket/dir/%20x", {}, [`s3:GetObject ${ARN}bucket/dir/ x`, `s3:ListBucket ${ARN}bucket`]],
  [
    "PUT",
    "/bucket/a",
    { headers: { "x-amz-acl": "private" }, body: "x" },
    [`s3:PutObject ${ARN}bucket/a`, `s3:PutObjectAcl ${ARN}bucket/a`],
  ],
  ["PUT", "/bucket?versioning", {}, [`s3:PutBucketVersioning ${ARN}bucket`]],
  ["PATCH", "/bucket", {}, [` ${ARN}bucket`]],
] as [string, string, Call, string[]][])("%s %s %j", async (method, target, call, expected) => {
  const { h, seen } = await prepared();
  await h.call(method, target, call);
  expect(seen()).toEqual(expected);
});

describe("two objects in one request", () => {
  test("a copy asks for its destination, then for its source", async () => {
    const { h, seen } = await prepared();
    const headers = { "x-amz-copy-source": "/bucket/a?versionId=null" };
    expect((await h.call("PUT", "/bucket/copy", { headers })).status).toBe(200);
    expect(seen()).toEqual([`s3:PutObject ${ARN}bucket/copy`, `s3:GetObjectVersion ${ARN}bucket/a`]);
  });

  test("who may not read the source gets no copy, whether it is there or not", async () => {
    const { h } = await prepared([`s3:GetObject ${ARN}bucket/a`, `s3:GetObject ${ARN}bucket/none`]);
    for (const source of ["a", "none"]) {
      const headers = { "x-amz-copy-source": `/bucket/${source}` };
      expect((await h.call("PUT", "/bucket/copy", { headers })).tag("Code")).toBe("AccessDenied");
    }
    expect((await h.call("GET", "/bucket/copy")).status).toBe(404);
  });

  test("UploadPartCopy asks twice too", async () => {
    const { h, seen } = await prepared([`s3:GetObject ${ARN}bucket/b`]);
    const uploadId = (await h.call("POST", "/bucket/whole?uploads")).tag("UploadId") ?? "";
    seen();
    const part = (source: string) =>
      h.call("PUT", `/bucket/whole?partNumber=1&uploadId=${uploadId}`, {
        headers: { "x-amz-copy-source": source },
      });
    expect((await part("/bucket/a")).status).toBe(200);
    expect(seen()).toEqual([`s3:PutObject ${ARN}bucket/whole`, `s3:GetObject ${ARN}bucket/a`]);
    expect((await part("/bucket/b")).tag("Code")).toBe("AccessDenied");
  });
});

describe("DeleteObjects", () => {
  const call = (...objects: string[]): Call => {
    const body = `<Delete>${objects.map((object) => `<Object>${object}</Object>`).join("")}</Delete>`;
    const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
    return { body, headers: { "Content-MD5": md5 } };
  };

  test("asks for each key, and deletes those that are allowed", async () => {
    const { h, seen } = await prepared([`s3:DeleteObject ${ARN}bucket/b`]);
    const keys = ["<Key>a</Key>", "<Key>b</Key>", "<Key>c</Key><VersionId>null</VersionId>"];
    const answer = await h.call("POST", "/bucket?delete", call(...keys));
    expect(seen()).toEqual([
      `s3:DeleteObject ${ARN}bucket/a`,
      `s3:DeleteObject ${ARN}bucket/b`,
      `s3:DeleteObjectVersion ${ARN}bucket/c`,
    ]);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("<Error><Key>b</Key><Code>AccessDenied</Code>");
    expect((await h.call("GET", "/bucket/a")).status).toBe(404);
    expect((await h.call("GET", "/bucket/b")).status).toBe(200);
  });

  test("nobody's list is not read", async () => {
    const { h, seen } = await prepared();
    const answer = await h.call("POST", "/bucket?delete", { ...call("<Key>a</Key>"), anonymous: true });
    expect([answer.status, answer.tag("Code"), seen()]).toEqual([403, "AccessDenied", []]);
    expect((await h.call("GET", "/bucket/a")).status).toBe(200);
  });
});

test("the context answers condition keys, in any case", async () => {
  const { h, questions } = await prepared();
  h.clock.now = 1_795_248_000_123;
  await h.call("GET", "/bucket?prefix=p/&delimiter=/&max-keys=7", {
    headers: { "User-Agent": "agent/1", Referer: "http://here/", "x-amz-storage-class": "STANDARD" },
  });
  const [question] = questions.splice(0);
  if (question === undefined) throw new Error("nothing was asked");
  const { context, principal } = question;
  expect(principal).toEqual({ kind: "user", id: OWNER_ID, accessKey: "AKTEST" });
  for (const [key, value] of [
    ["aws:SourceIp", "127.0.0.1"],
    ["aws:SecureTransport", "false"],
    ["aws:UserAgent", "agent/1"],
    ["aws:Referer", "http://here/"],
    ["aws:CurrentTime", new Date(1_795_248_000_123).toISOString()],
    ["aws:EpochTime", "1795248000"],
    ["aws:userid", OWNER_ID],
    ["s3:authType", "REST-HEADER"],
    ["s3:prefix", "p/"],
    ["S3:Delimiter", "/"],
    ["s3:max-keys", "7"],
    ["s3:x-amz-storage-class", "STANDARD"],
    ["s3:VersionId", undefined],
    ["s3:x-amz-acl", undefined],
    ["aws:toString", undefined],
    ["constructor", undefined],
  ] as const) {
    expect([key, context.get(key)]).toEqual([key, value]);
  }
  await h.call("GET", "/bucket/a?versionId=null");
  expect(questions.splice(0)[0]?.context.get("s3:versionid")).toBe("null");
});

test("a user who is no more may do nothing", async () => {
  const { iam } = harness().deps;
  let there = true;
  const user = (id: string) => (there ? iam.user(id) : undefined);
  const h = harness({ deps: { authorizer: policiesOnly({ ...iam, user }) } });
  expect((await h.call("GET", "/")).status).toBe(200);
  there = false;
  expect((await h.call("GET", "/")).tag("Code")).toBe("AccessDenied");
});
