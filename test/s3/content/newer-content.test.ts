/**
 * Rows that a newer release wrote: content of a kind that this one does not know. Everything but the bytes goes on, for the object and for
 * those beside it, and the garbage that the row carries is carried on as it is.
 */
import { expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { GarbageCollector } from "../../../src/gc/collector.ts";
import { elastickv as gen } from "../../../src/gen/s3.js";
import { decodeBucket } from "../../../src/s3/records/bucket-record.ts";
import { bucketKey, objectKey, partKey } from "../../../src/s3/records/keys.ts";
import { prefixEnd } from "../../../src/store/key-encoding.ts";
import { GARBAGE_PREFIX } from "../../../src/txn/keys.ts";
import type { KvGroup } from "../../../src/txn/types.ts";
import { type LocalNode, MemoryLog, startLocalNode } from "../../support/local-cluster/local-node.ts";
import { MemoryGenerations } from "../../support/memory-store/memory-generations.ts";
import { type Harness, harness, pattern } from "../support/harness.ts";

const MIB = 1024 * 1024;
/** `Manifest.content` = 99, `Part.content` = 99: of repeated fields the last one counts. */
const NEWER_CONTENT = Uint8Array.of(0x48, 99);
const NEWER_PART = Uint8Array.of(0x30, 99);
/** What a newer release may say there: no record that this release reads. */
const NEWER_GARBAGE = Uint8Array.of(0x7a, 3, 1, 2, 3);

async function refOf(group: KvGroup, bucket: string) {
  const row = await (await group.snapshot()).getMeta(bucketKey(bucket));
  if (row === undefined) throw new Error(`no bucket ${bucket}`);
  return { bucket, generation: decodeBucket(row.value).generation };
}

/** Makes a row into one of a newer release. */
async function age(group: KvGroup, key: Uint8Array, field: Uint8Array): Promise<void> {
  const row = await (await group.snapshot()).get(key);
  if (row === undefined) throw new Error("no such row");
  const value = Buffer.concat([row.value, field]);
  const put = { kind: "put", key, value, garbage: NEWER_GARBAGE, keepContent: true } as const;
  await group.transact({ conditions: [], mutations: [put] });
}

/** Records in the garbage queue. */
async function garbageOf(group: KvGroup): Promise<string[]> {
  const view = await group.snapshot();
  const rows = await view.scan(GARBAGE_PREFIX, prefixEnd(GARBAGE_PREFIX), { limit: 1000 });
  return rows.map(({ value }) => Buffer.from(value).toString("hex"));
}

const CARRIED = Buffer.from(NEWER_GARBAGE).toString("hex");

async function withNewer(): Promise<{ h: Harness; etag: string; garbage: () => Promise<string[]> }> {
  const h = harness();
  await h.call("PUT", "/bucket");
  for (const key of ["before", "newer", "z-after"]) {
    await h.call("PUT", `/bucket/${key}`, { body: key, headers: { "x-amz-meta-name": key } });
  }
  const head = await h.call("HEAD", "/bucket/newer");
  await age(h.kv, objectKey(await refOf(h.kv, "bucket"), "newer"), NEWER_CONTENT);
  return { h, etag: head.headers.get("etag") ?? "", garbage: () => garbageOf(h.kv) };
}

test("its bytes are NotImplemented, said with the kind and once in the log; no neighbour is touched", async () => {
  const { h } = await withNewer();
  for (const call of [{}, { headers: { Range: "bytes=0-1" } }, { headers: { "If-None-Match": '"other"' } }]) {
    const answer = await h.call("GET", "/bucket/newer", call);
    expect([answer.status, answer.tag("Code"), answer.tag("ContentKind")]).toEqual([
      501,
      "NotImplemented",
      "99",
    ]);
    expect(answer.tag("Message")).toContain("newer release");
    expect(h.errors.splice(0).map(String)).toEqual([expect.stringContaining("newer release")]);
  }
  expect((await h.call("GET", "/bucket/newer?partNumber=1")).status).toBe(501);
  for (const key of ["before", "z-after"]) expect((await h.call("GET", `/bucket/${key}`)).text).toBe(key);
});

test("what its row says is answered: HEAD, conditions, attributes, access, tags", async () => {
  const { h, etag } = await withNewer();
  const head = await h.call("HEAD", "/bucket/newer");
  expect([head.status, head.headers.get("etag"), head.headers.get("x-amz-meta-name")]).toEqual([
    200,
    etag,
    "newer",
  ]);
  expect(head.reply.body).toEqual({ kind: "head", length: 5 });
  expect((await h.call("GET", "/bucket/newer", { headers: { "If-None-Match": etag } })).status).toBe(304);
  expect((await h.call("GET", "/bucket/newer", { headers: { "If-Match": '"other"' } })).status).toBe(412);
  const attributes = await h.call("GET", "/bucket/newer?attributes", {
    headers: { "x-amz-object-attributes": "ETag,ObjectSize,ObjectParts,StorageClass" },
  });
  expect([attributes.status, attributes.tag("ObjectSize"), attributes.tag("PartsCount")]).toEqual([
    200,
    "5",
    undefined,
  ]);
  expect((await h.call("GET", "/bucket/newer?acl")).status).toBe(200);
  expect((await h.call("GET", "/bucket/newer?tagging")).status).toBe(200);
  expect(h.errors).toEqual([]);
});

test("listings are whole", async () => {
  const { h } = await withNewer();
  for (const query of ["", "?list-type=2", "?versions"]) {
    const list = await h.call("GET", `/bucket${query}`);
    expect([list.status, list.tags("Key"), list.tags("Size")]).toEqual([
      200,
      ["before", "newer", "z-after"],
      ["6", "5", "7"],
    ]);
  }
});

test("it is no source of a copy, not even of one onto itself that would only change the row", async () => {
  const { h } = await withNewer();
  const source = { "x-amz-copy-source": "/bucket/newer" };
  for (const [target, more] of [
    ["/bucket/copy", {}],
    ["/bucket/newer", { "x-amz-metadata-directive": "REPLACE" }],
  ] as const) {
    const answer = await h.call("PUT", target, { headers: { ...source, ...more } });
    expect([answer.status, answer.tag("Code")]).toEqual([501, "NotImplemented"]);
  }
  expect((await h.call("GET", "/bucket/copy")).status).toBe(404);
  const uploadId = (await h.call("POST", "/bucket/parts?uploads")).tag("UploadId");
  const part = await h.call("PUT", `/bucket/parts?uploadId=${uploadId}&partNumber=1`, { headers: source });
  expect([part.status, part.tag("Code")]).toEqual([501, "NotImplemented"]);
});

test("it is overwritten, conditionally too, and its garbage is carried as it is", async () => {
  for (const headers of [{}, { "If-Match": "ETAG" }]) {
    const { h, etag, garbage } = await withNewer();
    const own = Object.fromEntries(Object.keys(headers).map((name) => [name, etag]));
    expect((await h.call("PUT", "/bucket/newer", { body: "now", headers: own })).status).toBe(200);
    expect((await h.call("GET", "/bucket/newer")).text).toBe("now");
    expect(await garbage()).toEqual([CARRIED]);
  }
  const { h, garbage } = await withNewer();
  const refused = await h.call("PUT", "/bucket/newer", { body: "x", headers: { "If-None-Match": "*" } });
  expect(refused.status).toBe(412);
  const copied = await h.call("PUT", "/bucket/newer", { headers: { "x-amz-copy-source": "/bucket/before" } });
  expect(copied.status).toBe(200);
  expect(await garbage()).toEqual([CARRIED]);
});

test("it is deleted, alone or among others, under conditions too, and its garbage is carried as it is", async () => {
  const list = "<Delete><Object><Key>before</Key></Object><Object><Key>newer</Key></Object></Delete>";
  const md5 = new Bun.CryptoHasher("md5").update(list).digest("base64");
  for (const remove of [
    (h: Harness) => h.call("DELETE", "/bucket/newer"),
    (h: Harness, etag: string) => h.call("DELETE", "/bucket/newer", { headers: { "If-Match": etag } }),
    (h: Harness) => h.call("DELETE", "/bucket/newer", { headers: { "x-amz-if-match-size": "5" } }),
    (h: Harness) => h.call("POST", "/bucket?delete", { body: list, headers: { "Content-MD5": md5 } }),
  ]) {
    const { h, etag, garbage } = await withNewer();
    expect([200, 204]).toContain((await remove(h, etag)).status);
    expect((await h.call("GET", "/bucket/newer")).status).toBe(404);
    expect(await garbage()).toEqual([CARRIED]);
    const kept: Uint8Array[] = [];
    const collector = new GarbageCollector({
      group: h.kv,
      clock: h.clock,
      gracePeriodMs: 0,
      active: () => true,
      onUnreadable: (key) => kept.push(key),
    });
    expect([await collector.run(), kept.length, await garbage()]).toEqual([0, 1, [CARRIED]]);
  }
});

test("parts of a newer release: listed, replaced and aborted; completing is for a node that knows them", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  const ref = await refOf(h.kv, "bucket");
  const uploadId = (await h.call("POST", "/bucket/key?uploads")).tag("UploadId") ?? "";
  const put = (number: number) =>
    h.call("PUT", `/bucket/key?uploadId=${uploadId}&partNumber=${number}`, {
      body: pattern(5 * MIB, number),
    });
  const etags = [(await put(1)).headers.get("etag"), (await put(2)).headers.get("etag")];
  await age(h.kv, partKey(ref, "key", uploadId, 2), NEWER_PART);
  const listed = await h.call("GET", `/bucket/key?uploadId=${uploadId}`);
  expect([listed.status, listed.tags("PartNumber"), listed.tags("Size")]).toEqual([
    200,
    ["1", "2"],
    [String(5 * MIB), String(5 * MIB)],
  ]);
  const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
  const complete = (which: readonly string[]) =>
    h.call("POST", `/bucket/key?uploadId=${uploadId}`, {
      body: `<CompleteMultipartUpload>${which.join("")}</CompleteMultipartUpload>`,
    });
  // Not listed it would become garbage, which this node could not name.
  for (const which of [parts, parts.slice(0, 1)]) {
    const answer = await complete(which);
    expect([answer.status, answer.tag("Code")]).toEqual([501, "NotImplemented"]);
  }
  expect((await h.call("GET", "/bucket/key")).status).toBe(404);
  expect((await put(2)).status).toBe(200);
  expect(await garbageOf(h.kv)).toEqual([CARRIED]);
  const done = await complete(parts);
  expect([done.status, done.tag("Code")]).toEqual([200, undefined]);
  expect((await h.call("GET", "/bucket/key")).bytes.byteLength).toBe(10 * MIB);

  const other = (await h.call("POST", "/bucket/other?uploads")).tag("UploadId") ?? "";
  await h.call("PUT", `/bucket/other?uploadId=${other}&partNumber=1`, { body: "x" });
  await age(h.kv, partKey(ref, "other", other, 1), NEWER_PART);
  expect((await h.call("DELETE", `/bucket/other?uploadId=${other}`)).status).toBe(204);
});

test("of an object with one part of a newer release, ranges in the others are read", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  const uploadId = (await h.call("POST", "/bucket/key?uploads")).tag("UploadId") ?? "";
  let parts = "";
  for (const number of [1, 2]) {
    const target = `/bucket/key?uploadId=${uploadId}&partNumber=${number}`;
    const part = await h.call("PUT", target, { body: pattern(5 * MIB, number) });
    parts += `<Part><PartNumber>${number}</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part>`;
  }
  const body = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`;
  expect((await h.call("POST", `/bucket/key?uploadId=${uploadId}`, { body })).tag("Code")).toBeUndefined();
  const key = objectKey(await refOf(h.kv, "bucket"), "key");
  const row = await (await h.kv.snapshot()).get(key);
  const table = gen.s3.PartTable.decode(row?.payload ?? new Uint8Array(0));
  const [first, second] = table.parts;
  const payload = gen.s3.PartTable.encode({
    parts: [{ ...first }, { ...second, content: 9 as gen.s3.PartContent }],
  }).finish();
  const manifest = gen.s3.Manifest.decode(row?.value ?? new Uint8Array(0));
  const value = gen.s3.Manifest.encode({ ...manifest, payloadCrc32: crc32(payload) }).finish();
  await h.kv.transact({ conditions: [], mutations: [{ kind: "put", key, value, payload }] });
  for (const [query, range, status] of [
    ["", undefined, 501],
    ["", `bytes=0-${5 * MIB - 1}`, 206],
    ["", `bytes=${5 * MIB - 1}-${5 * MIB}`, 501],
    ["", `bytes=${5 * MIB}-`, 501],
    ["?partNumber=1", undefined, 206],
    ["?partNumber=2", undefined, 501],
  ] as const) {
    const headers = range === undefined ? {} : { Range: range };
    const answer = await h.call("GET", `/bucket/key${query}`, { headers });
    expect([query, range, answer.status]).toEqual([query, range, status]);
  }
  expect((await h.call("HEAD", "/bucket/key?partNumber=2")).headers.get("x-amz-mp-parts-count")).toBe("2");
});

test("a completion that is repeated after its object has become one of a newer release finds no upload", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  const uploadId = (await h.call("POST", "/bucket/key?uploads")).tag("UploadId") ?? "";
  const part = await h.call("PUT", `/bucket/key?uploadId=${uploadId}&partNumber=1`, { body: "part" });
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
  const complete = () => h.call("POST", `/bucket/key?uploadId=${uploadId}`, { body });
  expect((await complete()).tag("Code")).toBeUndefined();
  expect((await complete()).tag("Code")).toBeUndefined();
  await age(h.kv, objectKey(await refOf(h.kv, "bucket"), "key"), NEWER_CONTENT);
  expect((await complete()).tag("Code")).toBe("NoSuchUpload");
});

test("a node that applies such rows goes on, and does so again when it starts with them", async () => {
  const generations = new MemoryGenerations({
    fsmSyncMode: "sync",
    identity: { clusterId: "c", nodeId: "n1" },
  });
  const log = new MemoryLog();
  let node: LocalNode = await startLocalNode(generations, log);
  const open = () => harness({ deps: { kv: node.front.kv } });
  let h = open();
  expect((await h.call("PUT", "/bucket")).status).toBe(200);
  for (const key of ["newer", "other"]) await h.call("PUT", `/bucket/${key}`, { body: key });
  const group = node.front.kv.group("bucket");
  await age(group, objectKey(await refOf(group, "bucket"), "newer"), NEWER_CONTENT);
  const goesOn = async (round: string): Promise<void> => {
    expect((await h.call("GET", "/bucket/newer")).status).toBe(501);
    expect((await h.call("HEAD", "/bucket/newer")).status).toBe(200);
    expect((await h.call("GET", "/bucket?list-type=2")).tags("Key")).toContain("newer");
    expect((await h.call("PUT", `/bucket/${round}`, { body: round })).status).toBe(200);
    expect((await h.call("GET", `/bucket/${round}`)).text).toBe(round);
    expect((await h.call("GET", "/bucket/other")).text).toBe("other");
  };
  await goesOn("first");
  await node.stop();
  expect(node.fatal).toEqual([]);
  node = await startLocalNode(generations, log);
  h = open();
  await goesOn("second");
  expect((await h.call("DELETE", "/bucket/newer")).status).toBe(204);
  expect(await garbageOf(node.front.kv.group("bucket"))).toEqual([CARRIED]);
  await node.stop();
  expect(node.fatal).toEqual([]);
});
