import { expect, test } from "bun:test";
import { isBucketName } from "../../../src/s3/buckets/name.ts";
import { harness } from "../support/harness.ts";

test.each(["abc", "a-b", "a.b", "1ab", "my-bucket.2026", "a".repeat(63), "3.14.15", "1.2.3.4.5"])(
  "%s is a name",
  (name) => {
    expect(isBucketName(name)).toBe(true);
  },
);

test.each([
  "",
  "ab",
  "a".repeat(64),
  "Abc",
  "a_b",
  "-ab",
  "ab-",
  ".ab",
  "ab.",
  "a..b",
  "192.168.5.4",
  "xn--abc",
  "sthree-abc",
  "amzn-s3-demo-x",
  "abc-s3alias",
  "abc--ol-s3",
  "abc.mrap",
  "abc--x-s3",
  "a b",
  "a/b",
  "ä-b",
  "a\0b",
])("%j is no name", async (name) => {
  expect(isBucketName(name)).toBe(false);
  if (name === "" || name.includes("/")) return;
  const h = harness();
  const answer = await h.call("PUT", `/${encodeURIComponent(name)}`);
  expect([answer.status, answer.tag("Code")]).toEqual([400, "InvalidBucketName"]);
});

test("the life of a bucket", async () => {
  const h = harness();
  expect((await h.call("HEAD", "/bucket")).status).toBe(404);
  expect((await h.call("HEAD", "/bucket")).reply.body.kind).toBe("none");
  expect((await h.call("PUT", "/bucket")).headers.get("location")).toBe("/bucket");
  const head = await h.call("HEAD", "/bucket");
  expect([head.status, head.headers.get("x-amz-bucket-region")]).toEqual([200, "us-east-1"]);
  // us-east-1: making one's own bucket again succeeds and changes nothing.
  await h.call("PUT", "/bucket/key", { body: "x" });
  expect((await h.call("PUT", "/bucket")).status).toBe(200);
  expect((await h.call("GET", "/bucket/key")).text).toBe("x");
  expect((await h.call("GET", "/bucket?location")).text).toContain(
    '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>',
  );
  expect((await h.call("DELETE", "/bucket")).tag("Code")).toBe("BucketNotEmpty");
  await h.call("DELETE", "/bucket/key");
  expect((await h.call("DELETE", "/bucket")).status).toBe(204);
  expect((await h.call("DELETE", "/bucket")).tag("Code")).toBe("NoSuchBucket");
  expect((await h.call("PUT", "/bucket/key", { body: "x" })).tag("Code")).toBe("NoSuchBucket");
});

test("in another region it is BucketAlreadyOwnedByYou, and the location says so", async () => {
  const h = harness({ deps: { region: "eu-central-1" } });
  expect((await h.call("PUT", "/bucket")).status).toBe(200);
  expect((await h.call("PUT", "/bucket")).tag("Code")).toBe("BucketAlreadyOwnedByYou");
  expect((await h.call("GET", "/bucket?location")).tag("LocationConstraint")).toBe("eu-central-1");
});

test("what a creation may ask for", async () => {
  const h = harness();
  const config = (inner: string) =>
    `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</CreateBucketConfiguration>`;
  const code = async (body: string, headers = {}) =>
    (await h.call("PUT", "/bucket", { body, headers })).tag("Code");
  expect(await code(config("<LocationConstraint>mars-1</LocationConstraint>"))).toBe(
    "InvalidLocationConstraint",
  );
  expect(await code("<x/>")).toBe("MalformedXML");
  expect(await code("rubbish")).toBe("MalformedXML");
  expect(await code(`<!DOCTYPE x>${config("")}`)).toBe("MalformedXML");
  expect(await code(config("<Location><Type>AvailabilityZone</Type></Location>"))).toBe("NotImplemented");
  expect(await code("", { "x-amz-acl": "public-read" })).toBe("NotImplemented");
  expect(await code("", { "x-amz-bucket-object-lock-enabled": "true" })).toBe("NotImplemented");
  expect(await code("", { "x-amz-object-ownership": "ObjectWriter" })).toBe("NotImplemented");
  expect((await h.call("HEAD", "/bucket")).status).toBe(404);
  expect(
    await code(config("<LocationConstraint>us-east-1</LocationConstraint>"), { "x-amz-acl": "private" }),
  ).toBeUndefined();
});

test("of many creations at once all succeed on one bucket; deletes race with writes at apply", async () => {
  const h = harness();
  const made = await Promise.all(Array.from({ length: 8 }, () => h.call("PUT", "/bucket")));
  expect(made.map((answer) => answer.status)).toEqual(Array<number>(8).fill(200));
  expect(h.kv.rows(Buffer.from("g\0\u0001")).length).toBe(1);
  const [deleted, put] = await Promise.all([
    h.call("DELETE", "/bucket"),
    h.call("PUT", "/bucket/key", { body: "x" }),
  ]);
  expect([
    [204, 404],
    [409, 200],
  ]).toContainEqual([deleted.status, put.status]);
});

test("listing buckets: order, prefix, pages", async () => {
  const h = harness();
  for (const name of ["bbb", "aaa", "abc", "zzz"]) await h.call("PUT", `/${name}`);
  expect((await h.call("GET", "/")).tags("Name")).toEqual(["aaa", "abc", "bbb", "zzz"]);
  expect((await h.call("GET", "/?prefix=a")).tags("Name")).toEqual(["aaa", "abc"]);
  const first = await h.call("GET", "/?max-buckets=3");
  expect(first.tags("Name")).toEqual(["aaa", "abc", "bbb"]);
  const token = first.tag("ContinuationToken") as string;
  expect((await h.call("GET", `/?max-buckets=3&continuation-token=${token}`)).tags("Name")).toEqual(["zzz"]);
  expect((await h.call("GET", "/?max-buckets=0")).tag("Code")).toBe("InvalidArgument");
  expect((await h.call("GET", "/?continuation-token=x")).tag("Code")).toBe("InvalidArgument");
});

test.each([
  ["versioning", 200, "VersioningConfiguration"],
  ["acl", 200, "AccessControlPolicy"],
  ["logging", 200, "BucketLoggingStatus"],
  ["notification", 200, "NotificationConfiguration"],
  ["requestPayment", 200, "RequestPaymentConfiguration"],
  ["accelerate", 200, "AccelerateConfiguration"],
  ["policy", 404, "NoSuchBucketPolicy"],
  ["policyStatus", 404, "NoSuchBucketPolicy"],
  ["cors", 404, "NoSuchCORSConfiguration"],
  ["lifecycle", 404, "NoSuchLifecycleConfiguration"],
  ["tagging", 404, "NoSuchTagSet"],
  ["website", 404, "NoSuchWebsiteConfiguration"],
  ["encryption", 404, "ServerSideEncryptionConfigurationNotFoundError"],
  ["object-lock", 404, "ObjectLockConfigurationNotFoundError"],
  ["replication", 404, "ReplicationConfigurationNotFoundError"],
  ["ownershipControls", 404, "OwnershipControlsNotFoundError"],
  ["publicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration"],
  ["analytics", 501, "NotImplemented"],
] as const)("GET ?%s is %d %s; PUT and DELETE are not implemented", async (name, status, what) => {
  const h = harness();
  await h.call("PUT", "/bucket");
  const answer = await h.call("GET", `/bucket?${name}`);
  expect(answer.status).toBe(status);
  expect(answer.text).toContain(what);
  for (const method of ["PUT", "DELETE"]) {
    const refused = await h.call(method, `/bucket?${name}`, { body: "<x/>" });
    expect([refused.status, refused.tag("Code")]).toEqual([501, "NotImplemented"]);
  }
  if (status !== 501) expect((await h.call("GET", `/nowhere?${name}`)).tag("Code")).toBe("NoSuchBucket");
});

test("nobody without a key, no other owner than asked for; errors say where", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  for (const [method, target] of [
    ["GET", "/"],
    ["GET", "/bucket"],
    ["GET", "/bucket?acl"],
    ["PUT", "/bucket/key"],
    ["PUT", "/bucket/key?acl"],
  ] as const) {
    expect((await h.call(method, target, { anonymous: true })).tag("Code")).toBe("AccessDenied");
  }
  const owner = (id: string) => h.call("GET", "/bucket", { headers: { "x-amz-expected-bucket-owner": id } });
  expect([(await owner("owner-id")).status, (await owner("123456789012")).status]).toEqual([200, 403]);
  const answer = await h.call("GET", "/bucket/a%26b");
  expect([answer.tag("Key"), answer.tag("Resource"), answer.tag("HostId")]).toEqual([
    "a&amp;b",
    "/bucket/a&amp;b",
    "host-id",
  ]);
  expect(answer.tag("RequestId")).toBe(answer.headers.get("x-amz-request-id") as string);
});

test("virtual-host style is the same bucket; a host of few characters reaches no other route", async () => {
  const h = harness();
  expect((await h.call("PUT", "/", { headers: { host: "bucket.s3.test:9000" } })).status).toBe(200);
  await h.call("PUT", "/a/b", { headers: { host: "bucket.s3.test" }, body: "x" });
  expect((await h.call("GET", "/bucket/a/b")).text).toBe("x");
  for (const host of ["a", "s3", "a:1", ""]) {
    expect((await h.call("GET", "/bucket/ListBuckets", { headers: { host } })).tag("Code")).toBe("NoSuchKey");
  }
  expect((await h.call("POST", "/PutObject")).tag("Code")).toBe("NotImplemented");
});
