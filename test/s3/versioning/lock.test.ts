/**
 * Object Lock: docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html and the pages of the API reference that are
 * named. More than 400 lines: all cases share the locked bucket and the two clocks.
 *
 * Two clocks: that of a gateway (`h.clock`), and the time of the log (`kv.advanceTo`), which alone ends a retention.
 */
import { describe, expect, test } from "bun:test";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import type { Answer, HarnessOptions } from "../support/harness.ts";
import { type Versions, versionedBucket } from "./fixture.ts";

const DAY = 86_400_000;
const MD5 = (body: string): string => new Bun.CryptoHasher("md5").update(body).digest("base64");
const BYPASS = { "x-amz-bypass-governance-retention": "true" };
const code = (answer: Answer): unknown[] => [answer.status, answer.tag("Code")];
const DENIED = [403, "AccessDenied"];

async function lockedBucket(options: HarnessOptions = {}): Promise<Versions> {
  const v = await versionedBucket("off", options);
  await v.call("DELETE", "/bucket");
  const made = await v.call("PUT", "/bucket", { headers: { "x-amz-bucket-object-lock-enabled": "true" } });
  expect(made.status).toBe(200);
  v.h.kv.advanceTo(v.h.clock.now);
  return v;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Writes a version with this retention. */
async function put(v: Versions, mode: string, untilMs: number, key = "key"): Promise<string> {
  const body = `body until ${untilMs}`;
  const headers = {
    "Content-MD5": MD5(body),
    "x-amz-object-lock-mode": mode,
    "x-amz-object-lock-retain-until-date": iso(untilMs),
  };
  return (await v.put(key, body, headers)) ?? "";
}

const remove = (v: Versions, id: string, headers: Record<string, string> = {}): Promise<Answer> =>
  v.call("DELETE", `/bucket/key?versionId=${id}`, { headers });

const lockXml = (inner: string): string => `<ObjectLockConfiguration>${inner}</ObjectLockConfiguration>`;
const ENABLED = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
const rule = (inner: string): string =>
  lockXml(`${ENABLED}<Rule><DefaultRetention>${inner}</DefaultRetention></Rule>`);
const retentionXml = (mode: string, untilMs: number): string =>
  `<Retention><Mode>${mode}</Mode><RetainUntilDate>${iso(untilMs)}</RetainUntilDate></Retention>`;

describe("buckets: API_CreateBucket.html, API_PutObjectLockConfiguration.html", () => {
  test("a bucket made with locks has versioning, and keeps it", async () => {
    const v = await lockedBucket();
    expect((await v.call("GET", "/bucket?versioning")).tag("Status")).toBe("Enabled");
    expect((await v.call("GET", "/bucket?object-lock")).tag("ObjectLockEnabled")).toBe("Enabled");
    const body = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
    expect(code(await v.call("PUT", "/bucket?versioning", { body }))).toEqual([409, "InvalidBucketState"]);
    expect((await v.call("DELETE", "/bucket")).status).toBe(204);
    expect(v.h.kv.rows(Buffer.from("g\0\u0001"))).toEqual([]);
  });

  test("is refused until every member knows it", async () => {
    const v = await versionedBucket("off", { deps: { versioningOpen: () => false } });
    const headers = { "x-amz-bucket-object-lock-enabled": "true" };
    expect(code(await v.call("PUT", "/locked", { headers }))).toEqual([503, "ServiceUnavailable"]);
  });

  test("a bucket without versioning: InvalidBucketState; without a configuration: not found", async () => {
    for (const state of ["off", "Suspended"] as const) {
      const v = await versionedBucket(state);
      expect(code(await v.call("PUT", "/bucket?object-lock", { body: lockXml(ENABLED) }))).toEqual([
        409,
        "InvalidBucketState",
      ]);
      expect(code(await v.call("GET", "/bucket?object-lock"))).toEqual([
        404,
        "ObjectLockConfigurationNotFoundError",
      ]);
    }
  });

  test("default retention, changed and removed; locks stay enabled", async () => {
    const v = await versionedBucket();
    const set = (body: string) => v.call("PUT", "/bucket?object-lock", { body });
    const get = () => v.call("GET", "/bucket?object-lock");
    expect((await set(rule("<Mode>COMPLIANCE</Mode><Years>2</Years>"))).status).toBe(200);
    expect(["Mode", "Years", "Days"].map((await get()).tag)).toEqual(["COMPLIANCE", "2", undefined]);
    expect((await set(rule("<Mode>GOVERNANCE</Mode><Days>30</Days>"))).status).toBe(200);
    expect(["Mode", "Years", "Days"].map((await get()).tag)).toEqual(["GOVERNANCE", undefined, "30"]);
    expect((await set(lockXml(ENABLED))).status).toBe(200);
    expect(["ObjectLockEnabled", "Mode"].map((await get()).tag)).toEqual(["Enabled", undefined]);
  });

  test.each([
    ["", "MissingRequestBodyError"],
    [lockXml(""), "MalformedXML"],
    [lockXml("<ObjectLockEnabled>Disabled</ObjectLockEnabled>"), "MalformedXML"],
    [lockXml(`${ENABLED}<Rule></Rule>`), "MalformedXML"],
    [rule("<Mode>GOVERNANCE</Mode>"), "MalformedXML"],
    [rule("<Days>1</Days>"), "MalformedXML"],
    [rule("<Mode>OTHER</Mode><Days>1</Days>"), "MalformedXML"],
    [rule("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"), "MalformedXML"],
    [rule("<Mode>GOVERNANCE</Mode><Days>x</Days>"), "MalformedXML"],
    [rule("<Mode>GOVERNANCE</Mode><Days>0</Days>"), "InvalidArgument"],
    [rule("<Mode>GOVERNANCE</Mode><Years>-1</Years>"), "InvalidArgument"],
    [rule("<Mode>GOVERNANCE</Mode><Days>36501</Days>"), "InvalidArgument"],
    [rule("<Mode>GOVERNANCE</Mode><Years>101</Years>"), "InvalidArgument"],
  ])("%s is %s", async (body, error) => {
    const v = await lockedBucket();
    expect(code(await v.call("PUT", "/bucket?object-lock", { body }))).toEqual([400, error]);
    expect((await v.call("GET", "/bucket?object-lock")).tag("Mode")).toBeUndefined();
  });
});

test("headers of a lock are for those who may read retention and legal hold (API_GetObject.html)", async () => {
  const asked: string[] = [];
  const v = await lockedBucket({
    deps: {
      authorizer: ({ action }) => {
        asked.push(action);
        if (action === "s3:GetObjectRetention") throw new S3Error("AccessDenied");
      },
    },
  });
  await put(v, "GOVERNANCE", v.h.clock.now + DAY);
  const hold = { body: "<LegalHold><Status>ON</Status></LegalHold>" };
  expect((await v.call("PUT", "/bucket/key?legal-hold", hold)).status).toBe(200);
  for (const method of ["GET", "HEAD"]) {
    const { headers } = await v.call(method, "/bucket/key");
    expect(
      ["mode", "retain-until-date", "legal-hold"].map((name) => headers.get(`x-amz-object-lock-${name}`)),
    ).toEqual([undefined, undefined, "ON"]);
  }
  expect(asked).toContain("s3:GetObjectLegalHold");
});

describe("a retention: userguide/object-lock.html#object-lock-retention-modes", () => {
  test("GOVERNANCE: nobody deletes the version, but with a bypass; a delete marker may be made", async () => {
    const v = await lockedBucket();
    const untilMs = v.h.clock.now + DAY;
    const id = await put(v, "GOVERNANCE", untilMs);
    const head = await v.call("HEAD", "/bucket/key");
    expect(
      ["x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"].map((name) => head.headers.get(name)),
    ).toEqual(["GOVERNANCE", iso(untilMs)]);
    expect(code(await remove(v, id))).toEqual(DENIED);
    const marker = await v.mark("key");
    expect(code(await remove(v, id))).toEqual(DENIED);
    expect((await remove(v, marker ?? "")).status).toBe(204);
    expect((await v.call("GET", "/bucket/key")).status).toBe(200);
    expect((await remove(v, id, BYPASS)).status).toBe(204);
  });

  test("COMPLIANCE: nobody does, until it ends", async () => {
    const v = await lockedBucket();
    const untilMs = v.h.clock.now + DAY;
    const id = await put(v, "COMPLIANCE", untilMs);
    expect(code(await remove(v, id, BYPASS))).toEqual(DENIED);
    v.h.kv.advanceTo(untilMs - 1000);
    expect(code(await remove(v, id))).toEqual(DENIED);
    v.h.kv.advanceTo(untilMs + 1);
    expect((await remove(v, id)).status).toBe(204);
  });

  test("a gateway whose clock is ahead opens no lock early; one whose clock is behind opens it in time", async () => {
    const v = await lockedBucket();
    const untilMs = v.h.clock.now + DAY;
    const id = await put(v, "COMPLIANCE", untilMs);
    v.h.clock.now += 100 * DAY;
    expect(code(await remove(v, id))).toEqual(DENIED);
    v.h.clock.now -= 200 * DAY;
    v.h.kv.advanceTo(untilMs + 1);
    expect((await remove(v, id)).status).toBe(204);
  });

  test("a lock that came between the decision and the apply of a removal keeps the version", async () => {
    const v = await lockedBucket();
    const id = (await v.put("key", "body")) ?? "";
    let raced = false;
    v.h.kv.before = async () => {
      if (raced) return;
      raced = true;
      const body = retentionXml("COMPLIANCE", v.h.clock.now + DAY);
      expect((await v.another()("PUT", "/bucket/key?retention", { body })).status).toBe(200);
    };
    expect(code(await remove(v, id))).toEqual(DENIED);
    expect(await v.list()).toHaveLength(1);
  });

  test.each([
    ["no lock on the bucket", "off", { "x-amz-object-lock-legal-hold": "ON" }, "InvalidRequest"],
    [
      "a date in the past",
      "locked",
      {
        "x-amz-object-lock-mode": "GOVERNANCE",
        "x-amz-object-lock-retain-until-date": "2020-01-01T00:00:00Z",
      },
      "InvalidArgument",
    ],
    ["a mode without a date", "locked", { "x-amz-object-lock-mode": "GOVERNANCE" }, "InvalidArgument"],
    ["an event hold", "locked", { "x-amz-object-lock-event-hold": "ON" }, "NotImplemented"],
  ])("of a write with %s: %p", async (_, kind, headers, error) => {
    const v = kind === "off" ? await versionedBucket() : await lockedBucket();
    const answer = await v.call("PUT", "/bucket/key", {
      body: "body",
      headers: { ...headers, "Content-MD5": MD5("body") },
    });
    expect(answer.tag("Code")).toBe(error);
    expect(await v.list()).toEqual([]);
  });

  test("of a write without Content-MD5 or checksum: InvalidRequest (API_PutObject.html)", async () => {
    const v = await lockedBucket();
    const headers = { "x-amz-object-lock-legal-hold": "ON" };
    expect(code(await v.call("PUT", "/bucket/key", { body: "x", headers }))).toEqual([400, "InvalidRequest"]);
  });

  test("the bucket's default: of PUT, copy and completion; a write may say another", async () => {
    const v = await lockedBucket();
    await v.call("PUT", "/bucket?object-lock", { body: rule("<Mode>GOVERNANCE</Mode><Days>10</Days>") });
    const until = iso(v.h.clock.now + 10 * DAY).slice(0, 19);
    const id = await v.put("key", "body");
    await v.call("PUT", "/bucket/copy", { headers: { "x-amz-copy-source": "/bucket/key" } });
    const uploadId = (await v.call("POST", "/bucket/parts?uploads")).tag("UploadId");
    const part = await v.call("PUT", `/bucket/parts?uploadId=${uploadId}&partNumber=1`, { body: "part" });
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
    expect((await v.call("POST", `/bucket/parts?uploadId=${uploadId}`, { body })).status).toBe(200);
    for (const key of ["key", "copy", "parts"]) {
      const retention = await v.call("GET", `/bucket/${key}?retention`);
      // From the later one of both clocks on: the log's has moved by some milliseconds.
      expect([retention.tag("Mode"), retention.tag("RetainUntilDate")?.slice(0, 19)]).toEqual([
        "GOVERNANCE",
        until,
      ]);
    }
    expect(code(await remove(v, id ?? ""))).toEqual(DENIED);
    const own = await put(v, "COMPLIANCE", v.h.clock.now + DAY);
    expect((await v.call("GET", `/bucket/key?retention&versionId=${own}`)).tag("Mode")).toBe("COMPLIANCE");
  });

  test("an upload keeps what its beginning asked for, and hears of a configuration that came later", async () => {
    const v = await versionedBucket();
    v.h.kv.advanceTo(v.h.clock.now);
    let set = false;
    v.h.kv.before = async () => {
      if (set) return;
      set = true;
      const body = rule("<Mode>COMPLIANCE</Mode><Days>1</Days>");
      expect((await v.another()("PUT", "/bucket?object-lock", { body })).status).toBe(200);
    };
    // Decided while the bucket had no locks, and applied when it had.
    const id = await v.put("key", "body");
    expect(set).toBe(true);
    expect(code(await remove(v, id ?? "", BYPASS))).toEqual(DENIED);
    const headers = {
      "x-amz-object-lock-mode": "GOVERNANCE",
      "x-amz-object-lock-retain-until-date": iso(v.h.clock.now + 5 * DAY),
      "x-amz-object-lock-legal-hold": "ON",
    };
    const uploadId = (await v.call("POST", "/bucket/parts?uploads", { headers })).tag("UploadId");
    const part = await v.call("PUT", `/bucket/parts?uploadId=${uploadId}&partNumber=1`, { body: "part" });
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
    await v.call("POST", `/bucket/parts?uploadId=${uploadId}`, { body });
    const head = await v.call("HEAD", "/bucket/parts");
    for (const [name, value] of Object.entries(headers)) expect(head.headers.get(name)).toBe(value);
  });
});

describe("PutObjectRetention and GetObjectRetention: API_PutObjectRetention.html", () => {
  const later = (v: Versions, days: number): number => v.h.clock.now + days * DAY;
  // What there is (a mode and days), what is put, with or without a bypass, and whether it is allowed.
  test.each([
    ["GOVERNANCE", 10, "GOVERNANCE", 20, {}, true],
    ["GOVERNANCE", 10, "COMPLIANCE", 20, {}, true],
    ["GOVERNANCE", 10, "GOVERNANCE", 5, {}, false],
    ["GOVERNANCE", 10, "GOVERNANCE", 5, BYPASS, true],
    ["GOVERNANCE", 10, "COMPLIANCE", 5, {}, false],
    ["GOVERNANCE", 10, "", 0, {}, false],
    ["GOVERNANCE", 10, "", 0, BYPASS, true],
    ["COMPLIANCE", 10, "COMPLIANCE", 20, {}, true],
    ["COMPLIANCE", 10, "COMPLIANCE", 5, BYPASS, false],
    ["COMPLIANCE", 10, "GOVERNANCE", 20, BYPASS, false],
    ["COMPLIANCE", 10, "", 0, BYPASS, false],
  ])("%s of %i days, then %s of %i days, %p: %p", async (mode, days, next, nextDays, headers, allowed) => {
    const v = await lockedBucket();
    const id = await put(v, mode, later(v, days));
    const body = next === "" ? "<Retention/>" : retentionXml(next, later(v, nextDays));
    const answer = await v.call("PUT", `/bucket/key?retention&versionId=${id}`, { body, headers });
    expect(code(answer)).toEqual(allowed ? [200, undefined] : DENIED);
    const [seen, seenDays] = allowed ? [next, nextDays] : [mode, days];
    const now = await v.call("GET", "/bucket/key?retention");
    expect([now.tag("Mode"), now.tag("RetainUntilDate"), now.tag("Code")]).toEqual(
      seen === ""
        ? [undefined, undefined, "NoSuchObjectLockConfiguration"]
        : [seen, iso(later(v, seenDays)), undefined],
    );
    // The version is what it was.
    expect((await v.call("GET", "/bucket/key")).text).toBe(`body until ${later(v, days)}`);
    expect((await v.list()).map(({ versionId }) => versionId)).toEqual([id]);
  });

  test("after its end it may be replaced by any", async () => {
    const v = await lockedBucket();
    await put(v, "COMPLIANCE", later(v, 1));
    v.h.kv.advanceTo(later(v, 1) + 1);
    v.h.clock.now += 2 * DAY;
    const body = retentionXml("GOVERNANCE", later(v, 1));
    expect((await v.call("PUT", "/bucket/key?retention", { body })).status).toBe(200);
  });

  test("of a version that is not current, whose content stays its own", async () => {
    const v = await lockedBucket();
    const large = "x".repeat(300_000);
    const before = v.h.kv.garbage().length;
    const id = await v.put("key", large);
    await v.put("key", "new");
    const body = retentionXml("GOVERNANCE", later(v, 1));
    expect((await v.call("PUT", `/bucket/key?retention&versionId=${id}`, { body })).status).toBe(200);
    expect((await v.call("GET", `/bucket/key?versionId=${id}`)).text).toBe(large);
    expect(code(await v.call("GET", "/bucket/key?retention"))).toEqual([
      404,
      "NoSuchObjectLockConfiguration",
    ]);
    expect(code(await remove(v, id ?? ""))).toEqual(DENIED);
    const garbage = v.h.kv.garbage().length;
    expect(garbage).toBe(before);
    expect((await remove(v, id ?? "", BYPASS)).status).toBe(204);
    expect(v.h.kv.garbage()).toHaveLength(garbage + 1);
  });

  test.each([
    ["PUT", "retention", "", 400, "MissingRequestBodyError"],
    ["PUT", "retention", "<Retention><Mode>GOVERNANCE</Mode></Retention>", 400, "MalformedXML"],
    [
      "PUT",
      "retention",
      "<Retention><Mode>NOPE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>",
      400,
      "MalformedXML",
    ],
    [
      "PUT",
      "retention",
      "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>soon</RetainUntilDate></Retention>",
      400,
      "MalformedXML",
    ],
    [
      "PUT",
      "retention",
      "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2020-01-01T00:00:00Z</RetainUntilDate></Retention>",
      400,
      "InvalidArgument",
    ],
    ["PUT", "legal-hold", "<LegalHold><Status>on</Status></LegalHold>", 400, "MalformedXML"],
    ["PUT", "legal-hold", "<LegalHold/>", 400, "MalformedXML"],
    ["GET", "legal-hold", undefined, 404, "NoSuchObjectLockConfiguration"],
    ["GET", "retention", undefined, 404, "NoSuchObjectLockConfiguration"],
  ] as const)("%s %s %p is %i %s", async (method, name, body, status, error) => {
    const v = await lockedBucket();
    await v.put("key", "body");
    const answer = await v.call(method, `/bucket/key?${name}`, body === undefined ? {} : { body });
    expect(code(answer)).toEqual([status, error]);
  });

  test.each(["retention", "legal-hold"])(
    "%s of a key that is not there, of a marker, and without locks",
    async (name) => {
      const v = await lockedBucket();
      const body =
        name === "retention"
          ? retentionXml("GOVERNANCE", later(v, 1))
          : "<LegalHold><Status>ON</Status></LegalHold>";
      const set = (query: string) => v.call("PUT", `/bucket/key?${name}${query}`, { body });
      expect(code(await set(""))).toEqual([404, "NoSuchKey"]);
      const marker = await v.mark("key");
      expect(code(await set(`&versionId=${marker}`))).toEqual([405, "MethodNotAllowed"]);
      const unlocked = await versionedBucket();
      await unlocked.put("key", "body");
      for (const method of ["PUT", "GET"]) {
        const answer = await unlocked.call(method, `/bucket/key?${name}`, method === "PUT" ? { body } : {});
        expect(code(answer)).toEqual([400, "InvalidRequest"]);
      }
    },
  );
});

describe("a legal hold: API_PutObjectLegalHold.html", () => {
  test("keeps the version without an end and without a bypass", async () => {
    const v = await lockedBucket();
    const body = "body";
    const id = await v.put("key", body, { "Content-MD5": MD5(body), "x-amz-object-lock-legal-hold": "ON" });
    expect((await v.call("HEAD", "/bucket/key")).headers.get("x-amz-object-lock-legal-hold")).toBe("ON");
    v.h.kv.advanceTo(v.h.clock.now + 10_000 * DAY);
    expect(code(await remove(v, id ?? "", BYPASS))).toEqual(DENIED);
    const off = "<LegalHold><Status>OFF</Status></LegalHold>";
    expect((await v.call("PUT", `/bucket/key?legal-hold&versionId=${id}`, { body: off })).status).toBe(200);
    expect((await v.call("GET", "/bucket/key?legal-hold")).tag("Status")).toBe("OFF");
    expect((await remove(v, id ?? "")).status).toBe(204);
  });

  test("is beside a retention", async () => {
    const v = await lockedBucket();
    const id = await put(v, "GOVERNANCE", v.h.clock.now + DAY);
    await v.call("PUT", "/bucket/key?legal-hold", { body: "<LegalHold><Status>ON</Status></LegalHold>" });
    expect((await v.call("GET", "/bucket/key?retention")).tag("Mode")).toBe("GOVERNANCE");
    expect(code(await remove(v, id, BYPASS))).toEqual(DENIED);
  });
});

test("DeleteObjects: a lock is the error of its version, and keeps nothing else (API_DeleteObjects.html)", async () => {
  const v = await lockedBucket();
  const locked = await put(v, "GOVERNANCE", v.h.clock.now + DAY);
  const ids = [await v.put("key", "1"), await v.put("key", "2"), await v.put("other", "3")];
  const objects = [
    ["key", locked],
    ["key", ids[0]],
    ["key", ids[1]],
    ["other", ids[2]],
  ].map(([key, id]) => `<Object><Key>${key}</Key><VersionId>${id}</VersionId></Object>`);
  const body = `<Delete>${objects.join("")}</Delete>`;
  const send = (headers: Record<string, string>) =>
    v.call("POST", "/bucket?delete", { body, headers: { "Content-MD5": MD5(body), ...headers } });
  const answer = await send({});
  expect([answer.tags("Code"), answer.text.match(/<Deleted>/g)?.length]).toEqual([["AccessDenied"], 3]);
  // What is left became current.
  expect((await v.list()).map(({ isLatest, versionId }) => [versionId, isLatest])).toEqual([[locked, true]]);
  expect((await send(BYPASS)).tags("Code")).toEqual([]);
  expect(await v.list()).toEqual([]);
});

test("x-amz-bypass-governance-retention on a bucket without locks: InvalidArgument", async () => {
  const v = await versionedBucket();
  const id = await v.put("key", "body");
  expect(code(await remove(v, id ?? "", BYPASS))).toEqual([400, "InvalidArgument"]);
});
