import { describe, expect, test } from "bun:test";
import { isBucketName } from "../../../src/s3/buckets/name.ts";
import { type Harness, harness, OWNER_ID } from "../support/harness.ts";

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
  expect(await code(config("<Colour>blue</Colour>"))).toBe("MalformedXML");
  expect(await code("<x/>")).toBe("MalformedXML");
  expect(await code("rubbish")).toBe("MalformedXML");
  expect(await code(`<!DOCTYPE x>${config("")}`)).toBe("MalformedXML");
  expect(await code(config("<Location><Type>AvailabilityZone</Type></Location>"))).toBe("NotImplemented");
  expect(await code("", { "x-amz-acl": "public-read" })).toBe("InvalidBucketAclWithObjectOwnership");
  expect(await code("", { "x-amz-bucket-object-lock-enabled": "maybe" })).toBe("InvalidArgument");
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
  expect([(await owner(OWNER_ID)).status, (await owner("123456789012")).status]).toEqual([200, 403]);
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
  expect((await h.call("POST", "/PutObject")).tag("Code")).toBe("PreconditionFailed");
});

/** Decision 076. Clients sign for what they are told: nothing may be named that is then refused. */
describe("where a bucket lies", () => {
  const constraint = (region: string): string =>
    `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;

  async function told(h: Harness, bucket: string, region?: string): Promise<unknown[]> {
    const location = await h.call("GET", `/${bucket}?location`, { region });
    const head = await h.call("HEAD", `/${bucket}`, { region });
    const list = await h.call("GET", `/?prefix=${bucket}`, { region });
    return [
      location.tag("LocationConstraint"),
      head.headers.get("x-amz-bucket-region"),
      list.tag("BucketRegion"),
    ];
  }

  test("no region is set: where the asking client is", async () => {
    const h = harness({ deps: { region: undefined } });
    expect((await h.call("PUT", "/bucket", { region: "auto" })).status).toBe(200);
    expect(await told(h, "bucket", "auto")).toEqual(["auto", "auto", "auto"]);
    expect(await told(h, "bucket", "eu-west-1")).toEqual(["eu-west-1", "eu-west-1", "eu-west-1"]);
    // us-east-1 is said by saying nothing.
    expect(await told(h, "bucket", "us-east-1")).toEqual(["", "us-east-1", "us-east-1"]);
    expect(await told(h, "bucket")).toEqual(["", "us-east-1", "us-east-1"]);
    // Making one's own bucket again succeeds in us-east-1 only, as on AWS.
    expect((await h.call("PUT", "/bucket", { region: "us-east-1" })).status).toBe(200);
    expect((await h.call("PUT", "/bucket", { region: "auto" })).tag("Code")).toBe("BucketAlreadyOwnedByYou");
    const filtered = async (region: string) =>
      (await h.call("GET", `/?bucket-region=${region}`, { region: "auto" })).tags("Name");
    expect([await filtered("auto"), await filtered("us-east-1")]).toEqual([["bucket"], []]);
  });

  test.each(["auto", "eu-west-1", "us-east-1", "garage"])(
    "a LocationConstraint of the region that is signed for: %s",
    async (region) => {
      const h = harness({ deps: { region: undefined } });
      expect((await h.call("PUT", "/bucket", { region, body: constraint(region) })).status).toBe(200);
      expect((await told(h, "bucket", region))[1]).toBe(region);
    },
  );

  test("no region is set, and the bucket was put somewhere: there, for everybody", async () => {
    const h = harness({ deps: { region: undefined } });
    await h.call("PUT", "/bucket", { region: "us-east-1", body: constraint("eu-west-1") });
    expect(await told(h, "bucket", "auto")).toEqual(["eu-west-1", "eu-west-1", "eu-west-1"]);
    const bad = await h.call("PUT", "/other", { region: "auto", body: constraint("a b") });
    expect(bad.tag("Code")).toBe("InvalidLocationConstraint");
  });

  test("a region is set: that one, also of buckets that were made before", async () => {
    const before = harness({ deps: { region: undefined } });
    await before.call("PUT", "/bucket", { region: "auto", body: constraint("auto") });
    const h = harness({ kv: before.kv, deps: { region: "eu-central-1" } });
    expect(await told(h, "bucket", "eu-central-1")).toEqual(["eu-central-1", "eu-central-1", "eu-central-1"]);
    const answer = await h.call("PUT", "/other", { body: constraint("eu-west-1") });
    expect(answer.tag("Code")).toBe("InvalidLocationConstraint");
  });
});
