/** DeleteObject and DeleteObjects: docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html, API_DeleteObjects.html */
import { describe, expect, test } from "bun:test";
import type { Answer } from "../support/harness.ts";
import { type Versions, versionedBucket } from "./fixture.ts";

const UNKNOWN = "0".repeat(48);
const etagOf = (text: string): string => new Bun.CryptoHasher("md5").update(text).digest("hex");

const facts = (answer: Answer): unknown[] => [
  answer.status,
  answer.headers.get("x-amz-delete-marker"),
  answer.headers.get("x-amz-version-id"),
];

describe("DeleteObject without a version", () => {
  test("makes a delete marker, also of a key that never was (userguide/DeletingObjectVersions.html)", async () => {
    const v = await versionedBucket();
    const id = await v.put("key", "body");
    const deleted = await v.call("DELETE", "/bucket/key");
    const marker = deleted.headers.get("x-amz-version-id");
    expect(facts(deleted)).toEqual([204, "true", marker]);
    expect((await v.list()).map(({ kind, versionId }) => [kind, versionId])).toEqual([
      ["DeleteMarker", marker ?? ""],
      ["Version", id ?? ""],
    ]);
    await v.mark("key");
    await v.mark("other");
    expect((await v.list()).map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      "key DeleteMarker",
      "key DeleteMarker",
      "key Version",
      "other DeleteMarker",
    ]);
  });

  test("while suspended replaces the version null by a marker null (userguide/DeletingObjectsfromVersioningSuspendedBuckets.html)", async () => {
    const v = await versionedBucket("off");
    await v.put("key", "null");
    await v.set("Enabled");
    const id = await v.put("key", "numbered");
    await v.set("Suspended");
    for (let i = 0; i < 2; i++)
      expect(facts(await v.call("DELETE", "/bucket/key"))).toEqual([204, "true", "null"]);
    expect((await v.list()).map(({ kind, versionId }) => `${kind} ${versionId}`)).toEqual([
      "DeleteMarker null",
      `Version ${id}`,
    ]);
  });
});

describe("DeleteObject of a version", () => {
  test("the newest version that is left becomes current, also behind delete markers", async () => {
    const v = await versionedBucket();
    const first = await v.put("key", "first");
    const second = await v.put("key", "second");
    const marker = await v.mark("key");
    const third = await v.put("key", "third");
    const remove = (id: string | undefined) => v.call("DELETE", `/bucket/key?versionId=${id}`);
    expect(facts(await remove(third))).toEqual([204, undefined, third]);
    expect((await v.call("GET", "/bucket/key")).headers.get("x-amz-version-id")).toBe(marker);
    expect(facts(await remove(marker))).toEqual([204, "true", marker]);
    expect((await v.call("GET", "/bucket/key")).text).toBe("second");
    // One that is not current changes nothing else.
    expect(facts(await remove(first))).toEqual([204, undefined, first]);
    expect((await v.list()).map(({ versionId, isLatest }) => [versionId, isLatest])).toEqual([
      [second ?? "", true],
    ]);
    expect(facts(await remove(second))).toEqual([204, undefined, second]);
    expect(await v.list()).toEqual([]);
    const gone = await v.call("GET", "/bucket/key");
    expect([gone.status, gone.headers.has("x-amz-delete-marker")]).toEqual([404, false]);
  });

  test.each([
    [UNKNOWN, 204, undefined],
    ["null", 204, undefined],
    ["nonsense", 400, "InvalidArgument"],
    ["", 400, "InvalidArgument"],
  ])("versionId=%s that is not there is %i", async (id, status, code) => {
    const v = await versionedBucket();
    await v.put("key", "body");
    const answer = await v.call("DELETE", `/bucket/key?versionId=${id}`);
    expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
    expect(await v.list()).toHaveLength(1);
  });

  test("a bucket that was never versioned has only null", async () => {
    const v = await versionedBucket("off");
    await v.put("key", "body");
    const wrong = await v.call("DELETE", `/bucket/key?versionId=${UNKNOWN}`);
    expect([wrong.status, wrong.tag("Code")]).toEqual([400, "InvalidArgument"]);
    expect(facts(await v.call("DELETE", "/bucket/key?versionId=null"))).toEqual([204, undefined, undefined]);
    expect((await v.call("GET", "/bucket/key")).status).toBe(404);
  });

  test("is decided again when the version has become current meanwhile", async () => {
    const v = await versionedBucket();
    const older = await v.put("key", "older");
    const newer = await v.put("key", "newer");
    let raced = false;
    v.h.kv.before = async () => {
      if (raced) return;
      raced = true;
      // The removal of the newer version makes the older one current before the older one's own removal is applied.
      await removeAround(v, newer);
    };
    expect((await v.call("DELETE", `/bucket/key?versionId=${older}`)).status).toBe(204);
    expect(raced).toBe(true);
    expect(await v.list()).toEqual([]);
  });
});

/** From another gateway: turns of this one are taken. */
async function removeAround(v: Versions, id: string | undefined): Promise<void> {
  const answer = await v.another()("DELETE", `/bucket/key?versionId=${id}`);
  expect(answer.status).toBe(204);
}

describe("conditions of a delete (userguide/conditional-deletes.html)", () => {
  test.each([
    ["current version", "", "current", 204, undefined],
    ["current version, another ETag", "", "older", 412, "PreconditionFailed"],
    ["named version", "older", "older", 204, undefined],
    ["named version, the current ETag", "older", "current", 412, "PreconditionFailed"],
    ["no such version", UNKNOWN, "current", 404, "NoSuchVersion"],
  ])("%s", async (_, named, etag, status, code) => {
    const v = await versionedBucket();
    const ids: Record<string, string | undefined> = { older: await v.put("key", "older") };
    await v.put("key", "current");
    const query = named === "" ? "" : `?versionId=${ids[named] ?? named}`;
    const answer = await v.call("DELETE", `/bucket/key${query}`, { headers: { "If-Match": etagOf(etag) } });
    expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
  });

  test("a delete marker is no object", async () => {
    const v = await versionedBucket();
    await v.put("key", "body");
    const marker = await v.mark("key");
    const plain = await v.call("DELETE", "/bucket/key", { headers: { "If-Match": "*" } });
    expect([plain.status, plain.tag("Code")]).toEqual([404, "NoSuchKey"]);
    const named = await v.call("DELETE", `/bucket/key?versionId=${marker}`, {
      headers: { "If-Match": etagOf("body") },
    });
    expect([named.status, named.tag("Code")]).toEqual([412, "PreconditionFailed"]);
  });
});

describe("DeleteObjects", () => {
  const deleteObjects = (v: Versions, objects: string, quiet = false): Promise<Answer> => {
    const body = `<Delete>${quiet ? "<Quiet>true</Quiet>" : ""}${objects}</Delete>`;
    const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
    return v.call("POST", "/bucket?delete", { body, headers: { "Content-MD5": md5 } });
  };
  const object = (key: string, id?: string): string =>
    `<Object><Key>${key}</Key>${id === undefined ? "" : `<VersionId>${id}</VersionId>`}</Object>`;

  test("every field of the result", async () => {
    const v = await versionedBucket();
    const version = await v.put("a", "body");
    await v.put("b", "body");
    const marker = await v.mark("c");
    const list =
      object("a", version) + object("b") + object("c", marker) + object("d", UNKNOWN) + object("e", "x");
    const answer = await deleteObjects(v, list);
    const created =
      /<Key>b<\/Key><DeleteMarker>true<\/DeleteMarker><DeleteMarkerVersionId>([0-9a-f]{48})</.exec(
        answer.text,
      );
    expect(answer.text.split("<DeleteResult")[1]?.replace(/^[^>]*>/, "")).toBe(
      `<Deleted><Key>a</Key><VersionId>${version}</VersionId></Deleted>` +
        `<Deleted><Key>b</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>${created?.[1]}</DeleteMarkerVersionId></Deleted>` +
        `<Deleted><Key>c</Key><VersionId>${marker}</VersionId><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>${marker}</DeleteMarkerVersionId></Deleted>` +
        `<Deleted><Key>d</Key><VersionId>${UNKNOWN}</VersionId></Deleted>` +
        "<Error><Key>e</Key><VersionId>x</VersionId><Code>NoSuchVersion</Code><Message>The specified version does not exist.</Message></Error>" +
        "</DeleteResult>",
    );
    expect((await deleteObjects(v, object("b"), true)).text).not.toContain("Deleted>");
  });

  test("all versions of one key in one request, in one transaction for each 64", async () => {
    const v = await versionedBucket();
    const ids: string[] = [];
    for (let i = 0; i < 100; i++) ids.push((await v.put("key", `body ${i}`)) ?? "");
    const before = v.h.kv.sizes.length;
    const answer = await deleteObjects(v, ids.map((id) => object("key", id)).join(""));
    expect([answer.tags("Code"), await v.list()]).toEqual([[], []]);
    // One of both batches removes the current version; it may meet the other one's removals, and is decided again.
    expect(v.h.kv.sizes.length - before).toBeLessThanOrEqual(4);
  });

  test("some versions of a key: the newest that is left becomes current", async () => {
    const v = await versionedBucket();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push((await v.put("key", `body ${i}`)) ?? "");
    const some = [5, 4, 2].map((i) => object("key", ids[i])).join("");
    expect((await deleteObjects(v, some)).tags("Code")).toEqual([]);
    expect((await v.call("GET", "/bucket/key")).text).toBe("body 3");
    expect((await v.list()).map(({ versionId }) => versionId)).toEqual([3, 1, 0].map((i) => ids[i] ?? ""));
  });

  test("64 keys are one entry of the log, with versioning as without", async () => {
    for (const state of ["off", "Enabled"] as const) {
      const v = await versionedBucket(state);
      for (let i = 0; i < 64; i++) await v.put(`key-${i}`, "body");
      const before = v.h.kv.sizes.length;
      await deleteObjects(v, Array.from({ length: 64 }, (_, i) => object(`key-${i}`)).join(""));
      expect(v.h.kv.sizes.length - before).toBe(1);
      expect((await v.call("GET", "/bucket?list-type=2")).tag("KeyCount")).toBe("0");
    }
  });

  test("without versioning only null is a version", async () => {
    const v = await versionedBucket("off");
    await v.put("a", "body");
    await v.put("b", "body");
    const answer = await deleteObjects(v, object("a", UNKNOWN) + object("b", "null"));
    expect([answer.tags("Code"), answer.text.includes("<Deleted><Key>b</Key>")]).toEqual([
      ["NoSuchVersion"],
      true,
    ]);
    expect((await v.call("GET", "/bucket?list-type=2")).tags("Key")).toEqual(["a"]);
  });
});
