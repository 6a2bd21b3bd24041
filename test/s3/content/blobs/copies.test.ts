/** Copies of blobs: the copy gets references of its own, and no byte is stored again. */

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { GarbageCollector } from "../../../../src/gc/collector.ts";
import { deleteReferences } from "../../../../src/gc/references.ts";
import { BLOB_COUNTS_PREFIX } from "../../../../src/txn/references.ts";
import type { KvClient } from "../../../../src/txn/types.ts";
import { BlobHarness } from "../../support/blob-harness.ts";
import { harness, pattern } from "../../support/harness.ts";
import { TestKv } from "../../support/test-kv.ts";

const MIB = 1024 * 1024;
const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

async function started(): Promise<BlobHarness> {
  const paths = new BlobHarness();
  await paths.start();
  return paths;
}

const copy = (paths: BlobHarness, from: string, target: string, headers: Record<string, string> = {}) =>
  paths.h.call("PUT", target, { headers: { "x-amz-copy-source": `/bucket/${from}`, ...headers } });

/** Blobs stored and read since the last call. */
function costs(paths: BlobHarness): [stored: number, read: number] {
  const { stores, reads } = paths.blobs;
  paths.blobs.stores = 0;
  paths.blobs.reads = 0;
  return [stores, reads];
}

async function uploaded(paths: BlobHarness, key: string, bodies: readonly Buffer[]): Promise<void> {
  const uploadId = await paths.startUpload(key);
  const parts: string[] = [];
  for (const [i, body] of bodies.entries()) parts.push(await paths.uploadPart(key, uploadId, i + 1, body));
  await paths.complete(key, uploadId, parts);
}

describe("CopyObject", () => {
  test("costs no bytes, keeps ETag and checksum, and outlives its source", async () => {
    const paths = await started();
    for (const size of [70 * 1024, MIB, 3 * MIB + 1, 130 * MIB]) {
      const body = pattern(size);
      const checksum = createHash("sha256").update(body).digest("base64");
      const put = await paths.h.call("PUT", "/bucket/source", {
        body,
        headers: { "x-amz-checksum-sha256": checksum },
      });
      costs(paths);
      const answer = await copy(paths, "source", "/bucket/copy");
      expect([answer.status, answer.tag("ChecksumSHA256")]).toEqual([200, checksum]);
      expect(answer.tag("ETag")?.replaceAll("&quot;", '"')).toBe(put.headers.get("etag"));
      expect(costs(paths)).toEqual([0, 0]);
      const blobs = Math.ceil(size / MIB);
      expect(paths.state().slice(0, 4)).toEqual([0, 2 * blobs, blobs, 0]);
      await paths.h.call("DELETE", "/bucket/source");
      await paths.collect();
      expect(Buffer.compare(await paths.get("copy"), body)).toBe(0);
      await paths.h.call("DELETE", "/bucket/copy");
      await paths.collect();
      expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  test("of parts reads for the new ETag, and stores nothing when the parts are whole chunks", async () => {
    const paths = await started();
    const whole = [pattern(5 * MIB, 1), pattern(6 * MIB, 2), pattern(MIB + 9, 3)];
    await uploaded(paths, "whole", whole);
    costs(paths);
    const answer = await copy(paths, "whole", "/bucket/copy");
    expect(answer.tag("ETag")).toContain(md5(Buffer.concat(whole)));
    expect(costs(paths)).toEqual([0, 13]);
    expect(Buffer.compare(await paths.get("copy"), Buffer.concat(whole))).toBe(0);
    // One part is no multiple of a chunk, so the boundaries of all later chunks differ.
    const odd = [pattern(5 * MIB + 1, 1), pattern(MIB, 2)];
    await uploaded(paths, "odd", odd);
    costs(paths);
    await copy(paths, "odd", "/bucket/copy");
    expect(costs(paths)).toEqual([7, 7]);
    expect(Buffer.compare(await paths.get("copy"), Buffer.concat(odd))).toBe(0);
    for (const key of ["whole", "odd", "copy"]) await paths.h.call("DELETE", `/bucket/${key}`);
    await paths.collect();
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("with a new checksum algorithm reads the bytes, and stores none", async () => {
    const paths = await started();
    const body = pattern(2 * MIB);
    await paths.h.call("PUT", "/bucket/source", { body });
    costs(paths);
    const answer = await copy(paths, "source", "/bucket/copy", { "x-amz-checksum-algorithm": "SHA256" });
    expect(answer.tag("ChecksumSHA256")).toBe(createHash("sha256").update(body).digest("base64"));
    expect(costs(paths)).toEqual([0, 2]);
    await copy(paths, "source", "/bucket/source", { "x-amz-checksum-algorithm": "SHA1" });
    expect(costs(paths)).toEqual([0, 2]);
    await paths.collect();
    expect(paths.state()).toEqual([0, 4, 2, 0, 0, 0]);
  });

  test("between the paths copies bytes", async () => {
    const paths = await started();
    const body = pattern(2 * MIB);
    await paths.h.call("PUT", "/bucket/blobs", { body });
    paths.blobs.open = false;
    await copy(paths, "blobs", "/bucket/log");
    paths.blobs.open = true;
    costs(paths);
    await copy(paths, "log", "/bucket/again");
    expect(costs(paths)).toEqual([2, 0]);
    for (const key of ["log", "again"]) expect(Buffer.compare(await paths.get(key), body)).toBe(0);
  });

  test("of a source whose blobs were swept meanwhile is refused and leaves nothing", async () => {
    const paths = await started();
    for (const size of [2 * MIB, 70 * MIB]) {
      const body = pattern(size);
      await paths.h.call("PUT", "/bucket/source", { body });
      // The references are read, and then source, references and counts go before the copy's first transaction.
      let swept = false;
      paths.kv.before = async (txn) => {
        if (swept || !txn.mutations.some(({ kind }) => kind === "reference")) return;
        swept = true;
        await paths.h.call("DELETE", "/bucket/source");
        await paths.collect();
        expect(paths.kv.rows(BLOB_COUNTS_PREFIX)).toEqual([]);
      };
      const answer = await copy(paths, "source", "/bucket/copy");
      paths.kv.before = undefined;
      expect([swept, answer.status, answer.tag("Code")]).toEqual([true, 503, "ServiceUnavailable"]);
      await paths.collect();
      expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  test("of a source whose blobs are queued takes them out of the queue", async () => {
    const paths = await started();
    const body = pattern(2 * MIB);
    await paths.h.call("PUT", "/bucket/source", { body });
    let collected = false;
    paths.kv.before = async (txn) => {
      if (collected || !txn.mutations.some(({ kind }) => kind === "reference")) return;
      collected = true;
      await paths.h.call("DELETE", "/bucket/source");
      await new GarbageCollector({
        group: paths.kv,
        clock: paths.h.clock,
        gracePeriodMs: 0,
        active: () => true,
        deleteReferences: (prefix, stopped) => deleteReferences({ group: paths.kv }, prefix, stopped),
      }).run();
      expect(paths.queued()).toBe(2);
    };
    expect((await copy(paths, "source", "/bucket/copy")).status).toBe(200);
    paths.kv.before = undefined;
    expect(paths.queued()).toBe(0);
    await paths.collect();
    expect(Buffer.compare(await paths.get("copy"), body)).toBe(0);
  });
});

describe("UploadPartCopy", () => {
  const copyPart = (paths: BlobHarness, uploadId: string, number: number, from: string, range?: string) =>
    copy(
      paths,
      from,
      `/bucket/copy?uploadId=${uploadId}&partNumber=${number}`,
      range === undefined ? {} : { "x-amz-copy-source-range": `bytes=${range}` },
    );

  test("of a whole object costs nothing; of a range on boundaries of chunks only the reading for the ETag", async () => {
    const paths = await started();
    const body = pattern(12 * MIB + 5);
    await paths.h.call("PUT", "/bucket/source", { body });
    const uploadId = await paths.startUpload("copy");
    costs(paths);
    const last = body.byteLength - 1;
    const copies = [
      { range: undefined, from: 0, to: last + 1, costs: [0, 0] },
      { range: `0-${5 * MIB - 1}`, from: 0, to: 5 * MIB, costs: [0, 5] },
      { range: `${2 * MIB}-${last}`, from: 2 * MIB, to: last + 1, costs: [0, 11] },
      { range: `1-${5 * MIB}`, from: 1, to: 5 * MIB + 1, costs: [5, 6] },
      { range: `0-${5 * MIB + 1}`, from: 0, to: 5 * MIB + 2, costs: [6, 6] },
    ];
    const parts: string[] = [];
    const expected: Buffer[] = [];
    for (const [i, { range, from, to, costs: cost }] of copies.entries()) {
      const answer = await copyPart(paths, uploadId, i + 1, "source", range);
      const bytes = body.subarray(from, to);
      expect([answer.status, answer.tag("ETag")]).toEqual([200, `&quot;${md5(bytes)}&quot;`]);
      expect(costs(paths)).toEqual(cost as [number, number]);
      parts.push(`<Part><PartNumber>${i + 1}</PartNumber><ETag>"${md5(bytes)}"</ETag></Part>`);
      expected.push(bytes);
    }
    await paths.complete("copy", uploadId, parts);
    await paths.h.call("DELETE", "/bucket/source");
    await paths.collect();
    expect(Buffer.compare(await paths.get("copy"), Buffer.concat(expected))).toBe(0);
    await paths.h.call("DELETE", "/bucket/copy");
    await paths.collect();
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

test("a copy into another group copies bytes: each group counts its own references", async () => {
  const [first, second] = [new TestKv(), new TestKv()];
  const kv: KvClient = {
    system: first,
    groups: [first, second],
    group: (bucket) => (bucket === "other" ? second : first),
  };
  const paths = new BlobHarness({ kv: first, deps: { kv } });
  await paths.start();
  await paths.h.call("PUT", "/other");
  const body = pattern(2 * MIB);
  await paths.h.call("PUT", "/bucket/source", { body });
  costs(paths);
  expect((await copy(paths, "source", "/other/copy")).status).toBe(200);
  expect(costs(paths)).toEqual([2, 2]);
  expect([first, second].map((group) => group.rows(BLOB_COUNTS_PREFIX).length)).toEqual([2, 2]);
  expect(Buffer.compare((await paths.h.call("GET", "/other/copy")).bytes, body)).toBe(0);
});

test("an upload and a bucket that an older release made leave no references behind", async () => {
  for (const end of ["abort", "delete the bucket"]) {
    const paths = new BlobHarness();
    // The older release has the path through the log only.
    const log = harness({ kv: paths.kv });
    await log.call("PUT", "/bucket");
    const upload = (await log.call("POST", "/bucket/key?uploads")).tag("UploadId") ?? "";
    await paths.uploadPart("key", upload, 1, pattern(2 * MIB));
    const target = end === "abort" ? `/bucket/key?uploadId=${upload}` : "/bucket";
    expect((await paths.h.call("DELETE", target)).status).toBe(204);
    await paths.collect();
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  }
});
