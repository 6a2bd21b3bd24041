/**
 * What bucket policies allow and deny. S3 user guide: "Examples of Amazon S3 bucket policies", "How Amazon S3 authorizes
 * a request"; API reference: the "Permissions" of each operation.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import { systemTimers } from "../../../src/platform/timers.ts";
import { policyAuthorizer } from "../../../src/s3/auth/policy-authorizer.ts";
import { BucketDirectory } from "../../../src/s3/records/bucket-directory.ts";
import { configurationKey } from "../../../src/s3/records/keys.ts";
import { type Call, harness, OTHER_ID, TestClock } from "../support/harness.ts";
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

describe("what a policy allows and denies", () => {
  test("anybody reads, and nothing else", async () => {
    await putAll(statement());
    expect((await h.call("GET", "/pics/a", ANYBODY)).text).toBe("A");
    expect((await h.call("HEAD", "/pics/a", ANYBODY)).status).toBe(200);
    expect(await outcome("GET", "/pics", ANYBODY)).toEqual(DENIED);
    expect(await outcome("DELETE", "/pics/a", ANYBODY)).toEqual(DENIED);
    const upload = await h.call("PUT", "/pics/b", { ...ANYBODY, body: "B" });
    expect([upload.status, upload.bodyRead]).toEqual([403, 0]);
    await h.call("DELETE", "/pics?policy", OTHER);
    expect(await outcome("GET", "/pics/a", ANYBODY)).toEqual(DENIED);
  });

  test("anybody uploads: the bucket's owner owns it", async () => {
    await putAll(
      statement({ Action: ["s3:PutObject", "s3:AbortMultipartUpload"], Resource: "arn:aws:s3:::pics/in/*" }),
    );
    expect(await outcome("PUT", "/pics/in/x", { ...ANYBODY, body: "new" })).toEqual(OK);
    expect(await outcome("PUT", "/pics/out", { ...ANYBODY, body: "new" })).toEqual(DENIED);
    expect((await h.call("GET", "/pics/in/x", OTHER)).text).toBe("new");
    const begun = await h.call("POST", "/pics/in/y?uploads", ANYBODY);
    const uploadId = begun.tag("UploadId") ?? "";
    const part = await h.call("PUT", `/pics/in/y?partNumber=1&uploadId=${uploadId}`, {
      ...ANYBODY,
      body: "part",
    });
    const xml = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
    expect(await outcome("POST", `/pics/in/y?uploadId=${uploadId}`, { ...ANYBODY, body: xml })).toEqual(OK);
    const listed = await h.call("GET", "/pics?list-type=2&fetch-owner=true", OTHER);
    expect(new Set(listed.tags("ID"))).toEqual(new Set([OTHER_ID]));
    expect(listed.tags("Key")).toEqual(["a", "in/x", "in/y"]);
  });

  test.each([
    ["its account", { AWS: THIRD_USER.accountId }],
    ["its account's root", { AWS: `arn:aws:iam::${THIRD_USER.accountId}:root` }],
    ["its ARN", { AWS: [`arn:aws:iam::${THIRD_USER.accountId}:user/third`] }],
    ["its ARN without account", { AWS: "arn:aws:iam:::user/third" }],
    ["its canonical id", { CanonicalUser: THIRD_ID }],
  ])("another user, by %s", async (_, Principal) => {
    await putAll(statement({ Principal }));
    expect(await outcome("GET", "/pics/a", THIRD)).toEqual(OK);
    expect(await outcome("GET", "/pics/a", ANYBODY)).toEqual(DENIED);
    expect(await outcome("PUT", "/pics/a", { ...THIRD, body: "x" })).toEqual(DENIED);
  });

  test("a denial counts for the owner, root and users with policies of their own", async () => {
    world.attached = [
      {
        name: "full",
        text: JSON.stringify({ Statement: { Effect: "Allow", Action: "s3:*", Resource: "*" } }),
      },
    ];
    expect(await outcome("GET", "/pics/a", THIRD)).toEqual(OK);
    await putAll(statement({ Effect: "Deny", Resource: "arn:aws:s3:::pics/a" }));
    for (const call of [OTHER, {}, THIRD]) {
      expect(await outcome("GET", "/pics/a", call)).toEqual(DENIED);
      expect(await outcome("PUT", "/pics/a", { ...call, body: "x" })).toEqual(OK);
    }
  });

  test("an identity policy that cannot be read allows nothing", async () => {
    const errors: string[] = [];
    const { iam } = h.deps;
    const broken = { ...iam, policiesOf: () => [{ name: "newer", text: "{}" }] };
    const authorizer = policyAuthorizer({ iam: broken, onUnreadable: ({ name }) => errors.push(name) });
    const other = harness({ kv: h.kv, deps: { iam: broken, authorizer } });
    await putAll(statement());
    expect((await other.call("GET", "/pics/a", OTHER)).status).toBe(403);
    expect((await other.call("GET", "/pics/a", OTHER)).status).toBe(403);
    expect(errors.length).toBe(2);
  });

  test("DeleteObjects is decided key by key, for who has not signed too", async () => {
    await h.call("PUT", "/pics/tmp/b", { ...OTHER, body: "B" });
    const body = "<Delete><Object><Key>a</Key></Object><Object><Key>tmp/b</Key></Object></Delete>";
    const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
    const call = { ...ANYBODY, body, headers: { "Content-MD5": md5 } };
    const before = await h.call("POST", "/pics?delete", call);
    expect([before.status, before.bodyRead]).toEqual([403, 0]);
    await putAll(statement({ Action: "s3:DeleteObject", Resource: "arn:aws:s3:::pics/tmp/*" }));
    const answer = await h.call("POST", "/pics?delete", call);
    expect(answer.text).toContain("<Error><Key>a</Key><Code>AccessDenied</Code>");
    expect(answer.text).toContain("<Deleted><Key>tmp/b</Key></Deleted>");
    expect((await h.call("GET", "/pics?list-type=2", OTHER)).tags("Key")).toEqual(["a"]);
  });

  test("DeleteObjects gives others their turn while it decides, and decides about no key that is too long", async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
    const long = "k".repeat(1025);
    const body = `<Delete>${[...keys.slice(1), long].map((key) => `<Object><Key>${key}</Key></Object>`).join("")}</Delete>`;
    const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
    let turns = 0;
    let decisions = 0;
    // Every decision takes 1 ms.
    const slow = new TestClock();
    const another = harness({
      kv: h.kv,
      deps: {
        clock: slow,
        iam: h.deps.iam,
        authorizer: (question) => {
          if (question.action === "s3:DeleteObject") {
            slow.now++;
            decisions++;
          }
          h.deps.authorizer(question);
        },
        timers: {
          later: (task, ms) => {
            if (ms === 0) turns++;
            return systemTimers.later(task, ms);
          },
        },
      },
    });
    const answer = await another.call("POST", "/pics?delete", {
      ...OTHER,
      body,
      headers: { "Content-MD5": md5 },
    });
    expect(answer.tags("Code")).toEqual(["KeyTooLongError"]);
    expect(answer.tags("Key").length).toBe(1000);
    expect(decisions).toBe(999);
    expect(turns).toBeGreaterThanOrEqual(199);
  });

  test("a copy needs its source and its target", async () => {
    await h.call("PUT", "/thirds", { as: OTHER_ID });
    const copy = (call: Call) =>
      outcome("PUT", "/pics/copy", { ...call, headers: { "x-amz-copy-source": "/pics/a" } });
    await putAll(statement({ Action: "s3:PutObject" }));
    expect(await copy(THIRD)).toEqual(DENIED);
    await putAll(statement());
    expect(await copy(THIRD)).toEqual(DENIED);
    await putAll(statement({ Action: ["s3:GetObject", "s3:PutObject"] }));
    expect(await copy(THIRD)).toEqual(OK);
  });

  /** API reference, GetObject and HeadObject, "Permissions": 404 with s3:ListBucket, 403 without. */
  test("that an object does not exist is told to who may list", async () => {
    const ask = async () => [
      await outcome("GET", "/pics/none", ANYBODY),
      (await h.call("HEAD", "/pics/none", ANYBODY)).status,
      await outcome("PUT", "/pics/copy", { ...ANYBODY, headers: { "x-amz-copy-source": "/pics/none" } }),
    ];
    await putAll(statement({ Action: ["s3:GetObject", "s3:PutObject"] }));
    expect(await ask()).toEqual([DENIED, 403, DENIED]);
    await putAll(
      statement({ Action: ["s3:GetObject", "s3:PutObject"] }),
      statement({ Action: "s3:ListBucket", Resource: "arn:aws:s3:::pics" }),
    );
    expect(await ask()).toEqual([[404, "NoSuchKey"], 404, [404, "NoSuchKey"]]);
  });

  test("an acknowledged policy is in force for the next request at another gateway", async () => {
    const another = harness({ kv: h.kv, deps: { iam: h.deps.iam, authorizer: h.deps.authorizer } });
    for (let i = 0; i < 20; i++) {
      await putAll(statement());
      expect((await another.call("GET", "/pics/a", ANYBODY)).status).toBe(200);
      await putAll(statement({ Effect: "Deny" }));
      expect((await another.call("GET", "/pics/a", ANYBODY)).status).toBe(403);
      expect((await another.call("GET", "/pics/a", OTHER)).status).toBe(403);
    }
  });

  test("a row that this release cannot read lets nobody in but root, who can replace it", async () => {
    const { bucket } = await new BucketDirectory(h.kv).open("pics");
    const value = new TextEncoder().encode('{"Version":"2030-01-01"}');
    const key = configurationKey(bucket, "policy");
    await h.kv.group("pics").transact({ conditions: [], mutations: [{ kind: "put", key, value }] });
    for (const call of [OTHER, THIRD, ANYBODY, {}])
      expect(await outcome("GET", "/pics/a", call)).toEqual(DENIED);
    expect(h.errors.length).toBeGreaterThan(0);
    expect(await outcome("PUT", "/pics?policy", { body: policy(statement()) })).toEqual([204, undefined]);
    expect(await outcome("GET", "/pics/a", ANYBODY)).toEqual(OK);
  });
});
