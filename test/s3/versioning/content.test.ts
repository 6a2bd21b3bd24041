/**
 * The content of versions: kept as long as the version, freed with it. API_DeleteObject.html: a version that is named is
 * deleted permanently.
 */
import { describe, expect, test } from "bun:test";
import { BlobHarness } from "../support/blob-harness.ts";
import { pattern } from "../support/harness.ts";
import { versioningXml } from "./fixture.ts";

const MIB = 1024 * 1024;
/** Inline, one chunk, several entries of the log; blobs where the path of blobs is open. */
const SIZES = [10, 300_000, 5 * MIB];

async function bucket(path: "blobs" | "log"): Promise<BlobHarness> {
  const b = new BlobHarness();
  if (path === "log") b.blobs.open = false;
  await b.start();
  await enable(b, "Enabled");
  return b;
}

async function enable(b: BlobHarness, state: string): Promise<void> {
  const answer = await b.h.call("PUT", "/bucket?versioning", { body: versioningXml(state) });
  expect(answer.status).toBe(200);
}

async function put(b: BlobHarness, size: number, seed: number): Promise<string> {
  const answer = await b.h.call("PUT", "/bucket/key", { body: pattern(size, seed) });
  expect(answer.status).toBe(200);
  return answer.headers.get("x-amz-version-id") ?? "null";
}

async function body(b: BlobHarness, id: string): Promise<Buffer> {
  const answer = await b.h.call("GET", `/bucket/key?versionId=${id}`);
  expect(answer.status).toBe(200);
  return answer.bytes;
}

const remove = async (b: BlobHarness, id: string): Promise<void> => {
  expect((await b.h.call("DELETE", `/bucket/key?versionId=${id}`)).status).toBe(204);
};

/** No chunk, no reference, no blob, no pending write, no buffer, no budget. */
const NOTHING = [0, 0, 0, 0, 0, 0];

describe.each(["log", "blobs"] as const)("through the path: %s", (path) => {
  test.each(SIZES)("%i bytes: each version keeps its own, and only its removal frees them", async (size) => {
    const b = await bucket(path);
    const ids = [await put(b, size, 1), await put(b, size, 2), await put(b, size, 3)];
    await b.h.call("DELETE", "/bucket/key");
    await b.collect();
    for (const [i, id] of ids.entries()) expect((await body(b, id)).equals(pattern(size, i + 1))).toBe(true);
    const [first = "", second = "", third = ""] = ids;
    await remove(b, second);
    await b.collect();
    expect((await body(b, first)).equals(pattern(size, 1))).toBe(true);
    expect((await body(b, third)).equals(pattern(size, 3))).toBe(true);
    // The marker goes, the third version becomes current and then goes, and so on.
    const listed = await b.h.call("GET", "/bucket?versions");
    for (const id of listed.tags("VersionId")) await remove(b, id);
    await b.collect();
    expect(b.state()).toEqual(NOTHING);
    expect((await b.h.call("DELETE", "/bucket")).status).toBe(204);
    expect(b.h.errors).toEqual([]);
  });

  test("a version null that is replaced is freed, current or not", async () => {
    const b = await bucket(path);
    await enable(b, "Suspended");
    await put(b, 300_000, 1);
    await put(b, 300_000, 2);
    await b.collect();
    const one = b.state();
    await enable(b, "Enabled");
    const id = await put(b, 300_000, 3);
    await enable(b, "Suspended");
    // It replaces the version null behind the current one.
    await put(b, 300_000, 4);
    await b.collect();
    const two = b.state();
    expect(two.slice(0, 3)).toEqual(one.slice(0, 3).map((count) => 2 * count));
    expect((await body(b, id)).equals(pattern(300_000, 3))).toBe(true);
    await b.h.call("DELETE", "/bucket/key");
    await b.collect();
    expect(b.state()).toEqual(one);
    await remove(b, id);
    await remove(b, "null");
    await b.collect();
    expect(b.state()).toEqual(NOTHING);
  });

  test("versions made of parts, promoted and removed", async () => {
    const b = await bucket(path);
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      const uploadId = await b.startUpload("key");
      const parts = [
        await b.uploadPart("key", uploadId, 1, pattern(5 * MIB, i)),
        await b.uploadPart("key", uploadId, 2, pattern(100, i)),
      ];
      await b.complete("key", uploadId, parts);
      ids.push((await b.h.call("HEAD", "/bucket/key")).headers.get("x-amz-version-id") ?? "");
    }
    await remove(b, ids[1] ?? "");
    await b.collect();
    expect((await b.get("key")).equals(Buffer.concat([pattern(5 * MIB, 0), pattern(100, 0)]))).toBe(true);
    await remove(b, ids[0] ?? "");
    await b.collect();
    expect(b.state()).toEqual(NOTHING);
  });
});

test("a copy that makes an old version current again stores no blob, and outlives it", async () => {
  const b = await bucket("blobs");
  const id = await put(b, 3 * MIB, 1);
  await put(b, 10, 2);
  const before = b.state();
  const copy = await b.h.call("PUT", "/bucket/key", {
    headers: { "x-amz-copy-source": `/bucket/key?versionId=${id}` },
  });
  expect(copy.status).toBe(200);
  // As many blobs, twice the references.
  expect([b.state()[2], b.state()[1]]).toEqual([before[2], 2 * (before[1] ?? 0)]);
  await remove(b, id);
  await b.collect();
  expect((await b.get("key")).equals(pattern(3 * MIB, 1))).toBe(true);
});
