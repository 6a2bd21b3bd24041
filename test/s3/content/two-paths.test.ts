/** Content of both paths side by side, through the application: the log's, and blobs beside the log. */
import { expect, test } from "bun:test";
import type { ExtentKind } from "../../../src/s3/records/extent-kind.ts";
import { BlobHarness } from "../support/blob-harness.ts";
import { harness, pattern } from "../support/harness.ts";

const MIB = 1024 * 1024;

class TwoPaths extends BlobHarness {
  /** The path that the next writes above the inline limit take. */
  set path(path: ExtentKind) {
    this.blobs.open = path === "blobs";
  }

  async put(path: ExtentKind, key: string, body: Buffer): Promise<void> {
    this.path = path;
    expect((await this.h.call("PUT", `/bucket/${key}`, { body })).status).toBe(200);
  }

  async part(path: ExtentKind, key: string, uploadId: string, number: number, body: Buffer): Promise<string> {
    this.path = path;
    return this.uploadPart(key, uploadId, number, body);
  }
}

async function twoPaths(): Promise<TwoPaths> {
  const paths = new TwoPaths();
  await paths.start();
  return paths;
}

test("objects of both paths are stored, read, listed, copied and deleted side by side", async () => {
  const paths = await twoPaths();
  const bodies = { log: pattern(5 * MIB + 3, 1), blobs: pattern(9 * MIB + 5, 2), small: pattern(1000, 3) };
  await paths.put("chunks", "log", bodies.log);
  await paths.put("blobs", "blobs", bodies.blobs);
  await paths.put("blobs", "small", bodies.small);
  expect(paths.state()).toEqual([6, 10, 10, 0, 0, 0]);
  for (const [key, body] of Object.entries(bodies)) {
    expect(Buffer.compare(await paths.get(key), body)).toBe(0);
    for (const [first, last] of [
      [0, 0],
      [1, 999],
      [MIB - 1, MIB],
      [3 * MIB + 7, 5 * MIB - 1],
      [body.byteLength - 1, body.byteLength + 10],
    ] as const) {
      if (first >= body.byteLength) continue;
      const part = body.subarray(first, last + 1);
      expect(Buffer.compare(await paths.get(key, `${first}-${last}`), part)).toBe(0);
    }
    const head = await paths.h.call("HEAD", `/bucket/${key}`);
    expect(head.reply.body).toEqual({ kind: "head", length: body.byteLength });
  }
  expect((await paths.h.call("GET", "/bucket?list-type=2")).tags("Key")).toEqual(["blobs", "log", "small"]);
  // From either path to the other.
  for (const [from, to] of [
    ["log", "blobs"],
    ["blobs", "chunks"],
  ] as const) {
    paths.path = to;
    const headers = { "x-amz-copy-source": `/bucket/${from}` };
    expect((await paths.h.call("PUT", `/bucket/copy-of-${from}`, { headers })).status).toBe(200);
    expect(Buffer.compare(await paths.get(`copy-of-${from}`), bodies[from])).toBe(0);
  }
  for (const key of ["log", "blobs", "small", "copy-of-log", "copy-of-blobs"]) {
    expect((await paths.h.call("DELETE", `/bucket/${key}`)).status).toBe(204);
  }
  expect((await paths.collect()).kept).toBe(0);
  expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  expect(paths.h.errors).toEqual([]);
});

test("an object's parts may have come by different paths", async () => {
  const paths = await twoPaths();
  const uploadId = await paths.startUpload("mixed");
  const bodies = [5 * MIB + 1, 6 * MIB, 5 * MIB + 7, 10].map((size, i) => pattern(size, i + 1));
  const parts: string[] = [];
  for (const [i, body] of bodies.entries()) {
    parts.push(await paths.part(i % 2 === 0 ? "chunks" : "blobs", "mixed", uploadId, i + 1, body));
  }
  // Uploaded again by the other path; and two that are not listed.
  parts[1] = await paths.part("chunks", "mixed", uploadId, 2, bodies[1] as Buffer);
  parts[2] = await paths.part("blobs", "mixed", uploadId, 3, bodies[2] as Buffer);
  await paths.part("blobs", "mixed", uploadId, 8, pattern(2 * MIB, 8));
  await paths.part("chunks", "mixed", uploadId, 9, pattern(2 * MIB, 9));
  await paths.complete("mixed", uploadId, parts);
  await paths.collect();
  // 6 + 6 rows of chunks of parts 1 and 2, 6 references of part 3; part 4 is small, which is nothing special for a part.
  expect(paths.state()).toEqual([13, 6, 6, 0, 0, 0]);
  const whole = Buffer.concat(bodies);
  expect(Buffer.compare(await paths.get("mixed"), whole)).toBe(0);
  let border = 0;
  for (const body of bodies.slice(0, -1)) {
    border += body.byteLength;
    const [first, last] = [border - 2 * MIB, border + 5];
    const range = whole.subarray(first, last + 1);
    expect(Buffer.compare(await paths.get("mixed", `${first}-${last}`), range)).toBe(0);
  }
  for (const [i, body] of bodies.entries()) {
    const answer = await paths.h.call("GET", `/bucket/mixed?partNumber=${i + 1}`);
    expect(Buffer.compare(answer.bytes, body)).toBe(0);
  }
  expect((await paths.h.call("DELETE", "/bucket/mixed")).status).toBe(204);
  await paths.collect();
  expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
});

test("an aborted upload and a deleted bucket leave nothing of either path", async () => {
  const paths = await twoPaths();
  for (const end of ["abort", "delete the bucket"]) {
    const uploadId = await paths.startUpload("key");
    await paths.part("blobs", "key", uploadId, 1, pattern(2 * MIB));
    await paths.part("chunks", "key", uploadId, 2, pattern(2 * MIB));
    expect(paths.state()).toEqual([2, 2, 2, 0, 0, 0]);
    const target = end === "abort" ? `/bucket/key?uploadId=${uploadId}` : "/bucket";
    expect((await paths.h.call("DELETE", target)).status).toBe(204);
    await paths.collect();
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  }
});

test("a write that fails becomes garbage, whichever path it took", async () => {
  for (const path of ["chunks", "blobs"] as const) {
    const paths = await twoPaths();
    paths.path = path;
    const answer = await paths.h.call("PUT", "/bucket/key", {
      body: pattern(7 * MIB),
      declaredLength: 8 * MIB,
    });
    expect([answer.status, answer.tag("Code")]).toEqual([400, "IncompleteBody"]);
    expect((await paths.h.call("GET", "/bucket/key")).status).toBe(404);
    await paths.collect();
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  }
});

test("identical content is one set of chunks until its last reference goes", async () => {
  const paths = await twoPaths();
  const body = pattern(3 * MIB);
  await paths.put("blobs", "one", body);
  await paths.put("blobs", "two", body);
  expect(paths.state()).toEqual([0, 6, 3, 0, 0, 0]);
  await paths.put("chunks", "one", body);
  await paths.collect();
  expect(paths.state()).toEqual([3, 3, 3, 0, 0, 0]);
  expect(Buffer.compare(await paths.get("two"), body)).toBe(0);
});

test("a blob that no node holds is an internal error and is counted", async () => {
  const paths = await twoPaths();
  await paths.put("blobs", "key", pattern(2 * MIB));
  paths.blobs.held.clear();
  const answer = await paths.h.call("GET", "/bucket/key");
  expect([answer.status, answer.tag("Code"), answer.headers.get("retry-after")]).toEqual([
    500,
    "InternalError",
    undefined,
  ]);
  // The reader fetches ahead only after the first piece.
  expect([paths.unrecoverable, paths.h.errors.length]).toEqual([1, 1]);
});

test("a node of the log's path alone goes on with objects of the other one, and keeps their garbage for a node that has it", async () => {
  const paths = await twoPaths();
  const body = pattern(2 * MIB);
  for (const key of ["deleted", "kept", "overwritten"]) await paths.put("blobs", key, body);
  const alone = harness({ kv: paths.kv });
  const answer = await alone.call("GET", "/bucket/kept");
  expect([answer.status, answer.tag("Code"), answer.tag("ContentKind")]).toEqual([
    501,
    "NotImplemented",
    "blobs",
  ]);
  expect(alone.errors.length).toBe(1);
  expect((await alone.call("HEAD", "/bucket/kept")).status).toBe(200);
  expect((await alone.call("GET", "/bucket?list-type=2")).tags("Key")).toEqual([
    "deleted",
    "kept",
    "overwritten",
  ]);
  expect((await alone.call("DELETE", "/bucket/deleted")).status).toBe(204);
  expect((await alone.call("PUT", "/bucket/overwritten", { body: "new" })).status).toBe(200);
  expect(await paths.collect(false)).toEqual({ kept: 2 });
  expect(paths.state()).toEqual([0, 6, 2, 0, 0, 0]);
  expect(await paths.collect()).toEqual({ kept: 0 });
  expect(paths.state()).toEqual([0, 2, 2, 0, 0, 0]);
  expect(Buffer.compare(await paths.get("kept"), body)).toBe(0);
});
