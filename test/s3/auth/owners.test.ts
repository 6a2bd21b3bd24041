/**
 * Two users and root: who owns what, what a stranger may do, and what a stranger may learn.
 * AWS: API reference, CreateBucket (BucketAlreadyExists, BucketAlreadyOwnedByYou), ListBuckets, GetBucketAcl,
 * ListMultipartUploads (Initiator, Owner); S3 user guide, "Controlling ownership of objects", "Verifying bucket
 * ownership with bucket owner condition".
 */
import { beforeEach, describe, expect, test } from "bun:test";
import { accountIdOf } from "../../../src/iam/account-id.ts";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import { type Call, type Harness, harness, OTHER_ID, OWNER_ID, policiesOnly } from "../support/harness.ts";

const THIRD_ID = "00112233445566778899aabbccddeeff".repeat(2);
const THIRD = { id: THIRD_ID, name: "third", accountId: accountIdOf(THIRD_ID), displayName: "Third" };
const OTHER: Call = { as: OTHER_ID };

let h: Harness;
beforeEach(async () => {
  const { iam } = harness().deps;
  const user = (id: string) => (id === THIRD_ID ? THIRD : iam.user(id));
  h = harness({ deps: { iam: { ...iam, user }, authorizer: policiesOnly({ ...iam, user }) } });
  expect((await h.call("PUT", "/others", OTHER)).status).toBe(200);
  expect((await h.call("PUT", "/others/key", { ...OTHER, body: "x" })).status).toBe(200);
  expect((await h.call("PUT", "/roots")).status).toBe(200);
});

const outcome = async (method: string, target: string, call: Call = {}) => {
  const { status, tag } = await h.call(method, target, call);
  return [status, tag("Code")];
};
const denied = [403, "AccessDenied"];
const third = (call: Call = {}): Call => ({ ...call, as: THIRD_ID });

describe("a key that another node disabled while the request waited", () => {
  test.each([
    ["GET", "/"],
    ["PUT", "/new-bucket"],
    ["GET", "/others"],
  ])("%s %s: refused after the fence, and nothing is made or shown", async (method, target) => {
    const late = harness({
      kv: h.kv,
      confirm: () => {
        throw new S3Error("InvalidAccessKeyId");
      },
    });
    const answer = await late.call(method, target);
    expect([answer.status, answer.tag("Code")]).toEqual([403, "InvalidAccessKeyId"]);
    expect((await h.call("HEAD", "/new-bucket")).status).toBe(404);
  });

  test("a user that was deleted meanwhile makes no bucket of root's", async () => {
    let known = true;
    const { iam } = harness().deps;
    const user = (id: string) => (id === OTHER_ID && !known ? undefined : iam.user(id));
    const late = harness({
      kv: h.kv,
      deps: { iam: { ...iam, user }, authorizer: () => {} },
      confirm: () => {
        known = false;
      },
    });
    expect((await late.call("PUT", "/new-bucket", OTHER)).tag("Code")).toBe("InvalidAccessKeyId");
    expect((await h.call("HEAD", "/new-bucket")).status).toBe(404);
  });
});

describe("what a stranger may do with another's bucket", () => {
  test.each([
    ["GET", "/others"],
    ["GET", "/others?list-type=2"],
    ["GET", "/others?acl"],
    ["GET", "/others?policy"],
    ["GET", "/others?uploads"],
    ["GET", "/others/key"],
    ["GET", "/others/nothing"],
    ["PUT", "/others/mine"],
    ["PUT", "/others?ownershipControls"],
    ["POST", "/others/mine?uploads"],
    ["DELETE", "/others/key"],
    ["DELETE", "/others"],
  ])("%s %s: AccessDenied, and no byte of a body is read", async (method, target) => {
    const answer = await h.call(method, target, third(method === "GET" ? {} : { body: "0123456789" }));
    expect([answer.status, answer.tag("Code"), answer.bodyRead]).toEqual([403, "AccessDenied", 0]);
    expect((await h.call("GET", "/others/key", OTHER)).text).toBe("x");
  });

  test("a HEAD is denied without a body", async () => {
    for (const target of ["/others", "/others/key"]) {
      const answer = await h.call("HEAD", target, third());
      expect([answer.status, answer.bytes.length]).toEqual([403, 0]);
    }
  });

  test("DeleteObjects denies key by key", async () => {
    const body = "<Delete><Object><Key>key</Key></Object></Delete>";
    const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
    const answer = await h.call("POST", "/others?delete", third({ body, headers: { "Content-MD5": md5 } }));
    expect(answer.text).toContain("<Error><Key>key</Key><Code>AccessDenied</Code>");
    expect((await h.call("GET", "/others/key", OTHER)).status).toBe(200);
  });

  test("a copy needs both buckets", async () => {
    await h.call("PUT", "/thirds", third());
    const copy = (source: string, target: string, as: string) =>
      outcome("PUT", target, { as, headers: { "x-amz-copy-source": source } });
    expect(await copy("/others/key", "/thirds/copy", THIRD_ID)).toEqual(denied);
    expect(await copy("/others/key", "/thirds/copy", OTHER_ID)).toEqual(denied);
    expect(await copy("/nowhere/key", "/thirds/copy", THIRD_ID)).toEqual([404, "NoSuchBucket"]);
    // Root may read both.
    expect(await copy("/others/key", "/thirds/copy", OWNER_ID)).toEqual([200, undefined]);
  });

  test("root may do everything", async () => {
    expect(await outcome("GET", "/others/key")).toEqual([200, undefined]);
    expect(await outcome("DELETE", "/others/key")).toEqual([204, undefined]);
    expect(await outcome("DELETE", "/others")).toEqual([204, undefined]);
  });

  test("nobody else may do anything", async () => {
    for (const target of ["/", "/others", "/roots"]) {
      expect(await outcome("GET", target, { anonymous: true })).toEqual(denied);
    }
    expect(await outcome("PUT", "/new", { anonymous: true })).toEqual(denied);
    expect(await outcome("GET", "/others", { as: "0".repeat(64) })).toEqual(denied);
  });

  test("that a bucket is not there is told to everybody", async () => {
    for (const call of [{}, third(), { anonymous: true }]) {
      expect(await outcome("GET", "/nowhere", call)).toEqual([404, "NoSuchBucket"]);
      expect(await outcome("PUT", "/nowhere/key", { ...call, body: "x" })).toEqual([404, "NoSuchBucket"]);
    }
  });
});

test("who makes a bucket owns it: a name of another's is not available, one's own is one's own", async () => {
  expect(await outcome("PUT", "/others", third())).toEqual([409, "BucketAlreadyExists"]);
  expect(await outcome("PUT", "/others")).toEqual([409, "BucketAlreadyExists"]);
  expect(await outcome("PUT", "/others", OTHER)).toEqual([200, undefined]);
  const elsewhere = harness({ deps: { region: "eu-central-1" } });
  await elsewhere.call("PUT", "/bucket", OTHER);
  expect((await elsewhere.call("PUT", "/bucket", OTHER)).tag("Code")).toBe("BucketAlreadyOwnedByYou");
  expect((await elsewhere.call("PUT", "/bucket")).tag("Code")).toBe("BucketAlreadyExists");
});

test("a request goes on with the bucket that it was authorised for, not with the next one of its name", async () => {
  let go = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    go = resolve;
  });
  const begun = Promise.withResolvers<void>();
  const put = h.call("PUT", "/others/late", {
    ...OTHER,
    body: {
      length: 1,
      pieces: async function* () {
        begun.resolve();
        await stopped;
        yield Buffer.from("x");
      },
    },
  });
  await begun.promise;
  await h.call("DELETE", "/others/key", OTHER);
  await h.call("DELETE", "/others", OTHER);
  await h.call("PUT", "/others", third());
  go();
  expect((await put).status).toBe(503);
  expect((await h.call("GET", "/others?list-type=2", third())).tag("KeyCount")).toBe("0");
});

test("ListBuckets shows a user its own buckets, root all of them, each with the asker as owner", async () => {
  const seen = async (call: Call) => {
    const answer = await h.call("GET", "/", call);
    return [answer.tag("ID"), answer.tags("Name")];
  };
  expect(await seen(OTHER)).toEqual([OTHER_ID, ["others"]]);
  expect(await seen(third())).toEqual([THIRD_ID, []]);
  expect(await seen({})).toEqual([OWNER_ID, ["others", "roots"]]);
  await h.call("PUT", "/others-2", OTHER);
  const page = await h.call("GET", "/?max-buckets=1", OTHER);
  expect(page.tags("Name")).toEqual(["others"]);
  const token = encodeURIComponent(page.tag("ContinuationToken") ?? "");
  expect((await h.call("GET", `/?continuation-token=${token}`, OTHER)).tags("Name")).toEqual(["others-2"]);
});

test("the bucket's owner owns the objects, whoever wrote them; an upload names who began it", async () => {
  await h.call("PUT", "/others/roots-key", { body: "x" });
  const uploadId = (await h.call("POST", "/others/large?uploads")).tag("UploadId") ?? "";
  const listed = await h.call("GET", "/others?list-type=2&fetch-owner=true", OTHER);
  expect(listed.tags("ID")).toEqual([OTHER_ID, OTHER_ID]);
  expect(listed.tags("DisplayName")).toEqual(["Other", "Other"]);
  expect((await h.call("GET", "/others?versions", OTHER)).tags("ID")).toEqual([OTHER_ID, OTHER_ID]);
  for (const target of ["/others?acl", "/others/roots-key?acl"]) {
    expect((await h.call("GET", target, OTHER)).tags("ID")).toEqual([OTHER_ID, OTHER_ID]);
  }
  for (const target of ["/others?uploads", `/others/large?uploadId=${uploadId}`]) {
    expect((await h.call("GET", target, OTHER)).tags("ID")).toEqual([OWNER_ID, OTHER_ID]);
  }
  // The ACL that is in force is the owner's full control.
  const acl = (id: string) =>
    `<AccessControlPolicy><Owner><ID>${id}</ID></Owner><AccessControlList><Grant><Grantee><ID>${id}</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>`;
  expect(await outcome("PUT", "/others?acl", { ...OTHER, body: acl(OTHER_ID) })).toEqual([200, undefined]);
  expect(await outcome("PUT", "/others?acl", { ...OTHER, body: acl(OWNER_ID) })).toEqual([
    400,
    "AccessControlListNotSupported",
  ]);
});

test("the expected owner is the bucket's, by account id or canonical id", async () => {
  const expected = (value: string, target = "/others", call: Call = OTHER) =>
    outcome("GET", target, { ...call, headers: { "x-amz-expected-bucket-owner": value } });
  expect(await expected(OTHER_ID)).toEqual([200, undefined]);
  expect(await expected(accountIdOf(OTHER_ID))).toEqual([200, undefined]);
  expect(await expected(OTHER_ID, "/others", {})).toEqual([200, undefined]);
  expect(await expected(OWNER_ID, "/others", {})).toEqual(denied);
  expect(await expected(accountIdOf(OWNER_ID))).toEqual(denied);
  expect(await expected("nobody")).toEqual([400, "InvalidBucketOwnerAWSAccountID"]);
  const copied = (owner: string) =>
    outcome("PUT", "/others/copy", {
      ...OTHER,
      headers: { "x-amz-copy-source": "/others/key", "x-amz-source-expected-bucket-owner": owner },
    });
  expect(await copied(OTHER_ID)).toEqual([200, undefined]);
  expect(await copied(OWNER_ID)).toEqual(denied);
});

test("a deleted user still owns its buckets, by its id", async () => {
  const { iam } = h.deps;
  const user = (id: string) => (id === OTHER_ID ? undefined : iam.user(id));
  const later = harness({
    kv: h.kv,
    deps: { iam: { ...iam, user }, authorizer: policiesOnly({ ...iam, user }) },
  });
  const acl = await later.call("GET", "/others?acl");
  expect([acl.tag("ID"), acl.tag("DisplayName")]).toEqual([OTHER_ID, ""]);
  expect((await later.call("GET", "/others", OTHER)).status).toBe(403);
});

test("a key that was disabled at another node signs nothing more once its bucket was read", async () => {
  let disabled = false;
  const confirm = (): void => {
    if (disabled) throw new S3Error("InvalidAccessKeyId");
  };
  const guarded = harness({ kv: h.kv, confirm });
  expect((await guarded.call("GET", "/others/key", OTHER)).status).toBe(200);
  disabled = true;
  const put = await guarded.call("PUT", "/others/more", { ...OTHER, body: "x" });
  expect([put.status, put.tag("Code"), put.bodyRead]).toEqual([403, "InvalidAccessKeyId", 0]);
});
