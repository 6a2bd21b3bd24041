/** PutBucketVersioning and GetBucketVersioning: docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
import { describe, expect, test } from "bun:test";
import { aliveKey } from "../../../src/s3/records/keys.ts";
import { bucketRef, versionedBucket, versioningXml } from "./fixture.ts";

const GET = "/bucket?versioning";

describe("GetBucketVersioning: API_GetBucketVersioning.html", () => {
  test("no status of a bucket that was never versioned; else the last one that was put", async () => {
    const v = await versionedBucket("off");
    const never = await v.call("GET", GET);
    expect([never.status, never.tag("Status")]).toEqual([200, undefined]);
    expect(never.text).toContain("<VersioningConfiguration");
    for (const state of ["Enabled", "Suspended", "Suspended", "Enabled"] as const) {
      await v.set(state);
      expect((await v.call("GET", GET)).tag("Status")).toBe(state);
    }
  });

  test("of no bucket: NoSuchBucket", async () => {
    const v = await versionedBucket("off");
    const answer = await v.call("GET", "/nothing?versioning");
    expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchBucket"]);
  });
});

const document = (inner: string): string => `<VersioningConfiguration>${inner}</VersioningConfiguration>`;

describe("PutBucketVersioning: API_PutBucketVersioning.html", () => {
  test.each([
    ["", 400, "MissingRequestBodyError"],
    ["<VersioningConfiguration>", 400, "MalformedXML"],
    ["<Other/>", 400, "MalformedXML"],
    [document(""), 400, "IllegalVersioningConfigurationException"],
    [document("<Status>enabled</Status>"), 400, "MalformedXML"],
    [document("<Status>Disabled</Status>"), 400, "MalformedXML"],
    [document("<Status>Enabled</Status><Extra/>"), 400, "MalformedXML"],
    [document("<Status>Enabled</Status><MfaDelete>Maybe</MfaDelete>"), 400, "MalformedXML"],
    [document("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>"), 501, "NotImplemented"],
  ])("%p is %i %s, and changes nothing", async (body, status, code) => {
    const v = await versionedBucket("off");
    const answer = await v.call("PUT", GET, { body });
    expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
    expect((await v.call("GET", GET)).tag("Status")).toBeUndefined();
  });

  test("MfaDelete Disabled is what there is", async () => {
    const v = await versionedBucket("off");
    const body = document("<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>");
    expect((await v.call("PUT", GET, { body })).status).toBe(200);
    expect((await v.call("GET", GET)).tag("Status")).toBe("Suspended");
  });

  test("of no bucket: NoSuchBucket", async () => {
    const v = await versionedBucket("off");
    const answer = await v.call("PUT", "/nothing?versioning", { body: versioningXml("Enabled") });
    expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchBucket"]);
  });

  test("is refused until every member of the cluster knows versions (decision 170)", async () => {
    let open = false;
    const v = await versionedBucket("off", { deps: { versioningOpen: () => open } });
    const put = () => v.call("PUT", GET, { body: versioningXml("Enabled") });
    const refused = await put();
    expect([refused.status, refused.tag("Code")]).toEqual([503, "ServiceUnavailable"]);
    open = true;
    expect((await put()).status).toBe(200);
    // The bucket stays what it is when a member is not known any more.
    open = false;
    expect(await v.put("key", "body")).toMatch(/^[0-9a-f]{48}$/);
  });

  test("the row that every write demands names the state, so a gateway of an older release is refused", async () => {
    const v = await versionedBucket("off");
    const ref = bucketRef(v.h.kv);
    const states = (): boolean[] =>
      (["off", "enabled", "suspended"] as const).map((state) => v.h.kv.rows(aliveKey(ref, state)).length > 0);
    // The row of `off` is a prefix of the others.
    expect(states()).toEqual([true, false, false]);
    await v.set("Enabled");
    expect(states()).toEqual([true, true, false]);
    const old = await v.h.kv.transact({
      conditions: [{ kind: "must-exist", key: aliveKey(ref, "off") }],
      mutations: [],
    });
    expect(old.ok).toBe(false);
    await v.set("Suspended");
    expect(states()).toEqual([true, false, true]);
  });

  test.each([
    ["small", "small body"],
    ["of several entries", "x".repeat(9 * 1024 * 1024)],
  ])("a PUT %s that was decided before it keeps the older version", async (_, body) => {
    const v = await versionedBucket("off");
    await v.put("key", "before");
    let enabled = false;
    v.h.kv.before = async (txn) => {
      if (enabled || !txn.mutations.some((mutation) => mutation.kind === "put")) return;
      enabled = true;
      await v.set("Enabled");
    };
    const id = await v.put("key", body);
    expect((await v.list()).map(({ versionId, isLatest }) => [versionId, isLatest])).toEqual([
      [id ?? "", true],
      ["null", false],
    ]);
    expect((await v.call("GET", "/bucket/key?versionId=null")).text).toBe("before");
    expect([v.h.kv.buffers, v.h.admission.inUseBytes, v.h.errors]).toEqual([0, 0, []]);
  });

  test("a DELETE, a list of deletes and a completion that were decided before it keep the object", async () => {
    const v = await versionedBucket("off");
    for (const key of ["a", "b", "c"]) await v.put(key, `body of ${key}`);
    const uploadId = (await v.call("POST", "/bucket/c?uploads")).tag("UploadId");
    const part = await v.call("PUT", `/bucket/c?uploadId=${uploadId}&partNumber=1`, { body: "part" });
    const list = "<Delete><Object><Key>b</Key></Object></Delete>";
    const md5 = new Bun.CryptoHasher("md5").update(list).digest("base64");
    const parts = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
    let state: "Enabled" | "Suspended" = "Suspended";
    for (const [method, target, body, headers] of [
      ["DELETE", "/bucket/a", undefined, {}],
      ["POST", "/bucket?delete", list, { "Content-MD5": md5 }],
      ["POST", `/bucket/c?uploadId=${uploadId}`, parts, {}],
    ] as const) {
      let changed = false;
      state = state === "Enabled" ? "Suspended" : "Enabled";
      v.h.kv.before = async () => {
        if (changed) return;
        changed = true;
        await v.set(state);
      };
      const answer = await v.call(method, target, { headers, ...(body === undefined ? {} : { body }) });
      expect([answer.status < 300, answer.tag("Code")]).toEqual([true, undefined]);
      v.h.kv.before = undefined;
    }
    const kept = (await v.list()).filter(({ versionId }) => versionId === "null");
    // `b` was deleted while versioning was suspended: its version null became a delete marker.
    expect(kept.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      "a Version",
      "b DeleteMarker",
      "c Version",
    ]);
  });
});

test("an upload that began before goes on: its parts, its abort (API_AbortMultipartUpload.html)", async () => {
  const v = await versionedBucket("off");
  const begin = async (): Promise<string> =>
    (await v.call("POST", "/bucket/key?uploads")).tag("UploadId") ?? "";
  const [kept, aborted] = [await begin(), await begin()];
  const other = v.another();
  await other("PUT", "/bucket?versioning", { body: versioningXml("Enabled") });
  const part = await v.call("PUT", `/bucket/key?uploadId=${kept}&partNumber=1`, {
    body: "x".repeat(300_000),
  });
  expect(part.status).toBe(200);
  await other("PUT", "/bucket?versioning", { body: versioningXml("Suspended") });
  expect((await v.call("DELETE", `/bucket/key?uploadId=${aborted}`)).status).toBe(204);
  await other("PUT", "/bucket?versioning", { body: versioningXml("Enabled") });
  expect(await begin()).not.toBe("");
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
  const done = await v.call("POST", `/bucket/key?uploadId=${kept}`, { body });
  expect(done.headers.get("x-amz-version-id")).toHaveLength(48);
});

describe("DeleteBucket: API_DeleteBucket.html", () => {
  test("a bucket with a version or a delete marker is not empty", async () => {
    const v = await versionedBucket();
    const marker = await v.mark("key");
    const refused = await v.call("DELETE", "/bucket");
    expect([refused.status, refused.tag("Code")]).toEqual([409, "BucketNotEmpty"]);
    expect(refused.tag("Message")).toContain("You must delete all versions");
    await v.call("DELETE", `/bucket/key?versionId=${marker}`);
    expect((await v.call("DELETE", "/bucket")).status).toBe(204);
  });

  test("leaves nothing, and a new bucket of the name is not versioned", async () => {
    const v = await versionedBucket();
    expect((await v.call("DELETE", "/bucket")).status).toBe(204);
    expect(v.h.kv.rows(Buffer.from("g\0\u0001"))).toEqual([]);
    await v.call("PUT", "/bucket");
    expect((await v.call("GET", GET)).tag("Status")).toBeUndefined();
    expect(await v.put("key", "body")).toBeUndefined();
  });
});
