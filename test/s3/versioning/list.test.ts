/** ListObjectVersions: docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
import { describe, expect, test } from "bun:test";
import { type Versions, versionedBucket } from "./fixture.ts";

/** Keys with versions, markers between them, and one that was never versioned. */
async function filled(): Promise<{ v: Versions; ids: Record<string, string | undefined> }> {
  const v = await versionedBucket("off");
  const ids: Record<string, string | undefined> = {};
  await v.put("a", "null");
  await v.put("dir/x", "null");
  await v.set("Enabled");
  ids.a1 = await v.put("a", "a1");
  ids.a2 = await v.mark("a");
  ids.a3 = await v.put("a", "a3");
  ids.b1 = await v.mark("b");
  ids.x1 = await v.mark("dir/x");
  ids.y1 = await v.put("dir/y", "y1");
  ids.z1 = await v.put("z ü", "z1");
  return { v, ids };
}

const lines = async (v: Versions, query = ""): Promise<string[]> =>
  (await v.list(query)).map(
    ({ kind, key, versionId, isLatest }) => `${kind} ${key} ${versionId} ${isLatest}`,
  );

test("versions and delete markers in one list, the newest of a key first", async () => {
  const { v, ids } = await filled();
  expect(await lines(v)).toEqual([
    `Version a ${ids.a3} true`,
    `DeleteMarker a ${ids.a2} false`,
    `Version a ${ids.a1} false`,
    "Version a null false",
    `DeleteMarker b ${ids.b1} true`,
    `DeleteMarker dir/x ${ids.x1} true`,
    "Version dir/x null false",
    `Version dir/y ${ids.y1} true`,
    `Version z ü ${ids.z1} true`,
  ]);
});

test("a version null that is newer than others is among them in its place", async () => {
  const v = await versionedBucket();
  const first = await v.put("key", "1");
  await v.set("Suspended");
  await v.put("key", "2");
  await v.set("Enabled");
  const third = await v.put("key", "3");
  expect(await lines(v)).toEqual([
    `Version key ${third} true`,
    "Version key null false",
    `Version key ${first} false`,
  ]);
  expect(await lines(v, `&key-marker=key&version-id-marker=null`)).toEqual([`Version key ${first} false`]);
  expect(await lines(v, `&key-marker=key&version-id-marker=${third}`)).toEqual([
    "Version key null false",
    `Version key ${first} false`,
  ]);
});

describe("parameters", () => {
  test("every field of the answer", async () => {
    const { v, ids } = await filled();
    const answer = await v.call(
      "GET",
      "/bucket?versions&prefix=a&key-marker=a&version-id-marker=null&max-keys=7",
    );
    const fields = ["Name", "Prefix", "KeyMarker", "VersionIdMarker", "MaxKeys", "IsTruncated"];
    expect(fields.map((name) => answer.tag(name))).toEqual(["bucket", "a", "a", "null", "7", "false"]);
    const one = await v.call("GET", `/bucket?versions&prefix=a&max-keys=2`);
    expect([one.tag("IsTruncated"), one.tag("NextKeyMarker"), one.tag("NextVersionIdMarker")]).toEqual([
      "true",
      "a",
      ids.a2,
    ]);
    expect(/<DeleteMarker>(.*?)<\/DeleteMarker>/.exec(one.text)?.[1]).toMatch(
      /^<Key>a<\/Key><VersionId>[0-9a-f]{48}<\/VersionId><IsLatest>false<\/IsLatest><LastModified>[^<]+<\/LastModified><Owner><ID>[^<]+<\/ID>.*<\/Owner>$/,
    );
    expect(/<Version>(.*?)<\/Version>/.exec(one.text)?.[1]).toMatch(
      /<ETag>&quot;[0-9a-f]{32}&quot;<\/ETag><Size>2<\/Size><StorageClass>STANDARD<\/StorageClass><Owner>/,
    );
  });

  test("key-marker alone: the keys behind it", async () => {
    const { v, ids } = await filled();
    expect((await lines(v, "&key-marker=a"))[0]).toBe(`DeleteMarker b ${ids.b1} true`);
    expect(await lines(v, "&key-marker=dir/y")).toEqual([`Version z ü ${ids.z1} true`]);
  });

  test.each([
    ["version-id-marker=null", "InvalidArgument"],
    ["key-marker=a&version-id-marker=x", "InvalidArgument"],
    ["max-keys=-1", "InvalidArgument"],
    ["encoding-type=x", "InvalidArgument"],
  ])("%s is %s", async (query, code) => {
    const { v } = await filled();
    const answer = await v.call("GET", `/bucket?versions&${query}`);
    expect([answer.status, answer.tag("Code")]).toEqual([400, code]);
  });

  test("a marker whose version was deleted keeps its place", async () => {
    const { v, ids } = await filled();
    await v.call("DELETE", `/bucket/a?versionId=${ids.a2}`);
    expect((await lines(v, `&key-marker=a&version-id-marker=${ids.a2}`))[0]).toBe(
      `Version a ${ids.a1} false`,
    );
    // Of a version null nobody knows the place any more: nothing is left out.
    await v.call("DELETE", "/bucket/a?versionId=null");
    expect((await lines(v, "&key-marker=a&version-id-marker=null"))[0]).toBe(`Version a ${ids.a3} true`);
  });

  test("the current version was deleted between two pages", async () => {
    const { v, ids } = await filled();
    await v.call("DELETE", `/bucket/a?versionId=${ids.a3}`);
    expect((await lines(v, `&key-marker=a&version-id-marker=${ids.a3}`)).slice(0, 2)).toEqual([
      `DeleteMarker a ${ids.a2} true`,
      `Version a ${ids.a1} false`,
    ]);
  });

  test("delimiter: common prefixes, of delete markers alone too", async () => {
    const { v, ids } = await filled();
    await v.mark("gone/1");
    const answer = await v.call("GET", "/bucket?versions&delimiter=/");
    const prefixes = [...answer.text.matchAll(/<CommonPrefixes><Prefix>([^<]*)</g)].map((match) => match[1]);
    expect(prefixes).toEqual(["dir/", "gone/"]);
    expect(await lines(v, "&delimiter=/&key-marker=dir/")).toEqual([`Version z ü ${ids.z1} true`]);
    const page = await v.call("GET", "/bucket?versions&delimiter=/&max-keys=1&key-marker=b");
    expect([page.tag("NextKeyMarker"), page.tag("NextVersionIdMarker")]).toEqual(["dir/", undefined]);
    // Listings of objects know no delete markers.
    const objects = await v.call("GET", "/bucket?list-type=2&delimiter=/");
    expect([...objects.text.matchAll(/<CommonPrefixes><Prefix>([^<]*)</g)].map((match) => match[1])).toEqual([
      "dir/",
    ]);
  });

  test("prefix and encoding-type", async () => {
    const { v } = await filled();
    expect((await v.list("&prefix=dir/")).map(({ key }) => key)).toEqual(["dir/x", "dir/x", "dir/y"]);
    expect((await v.list("&prefix=z&encoding-type=url")).map(({ key }) => key)).toEqual(["z%20%C3%BC"]);
    expect(await v.list("&max-keys=0")).toEqual([]);
  });
});

test("a bucket that was never versioned: version null of each object, and no other row is read", async () => {
  const v = await versionedBucket("off");
  await v.put("a", "1");
  await v.put("b", "2");
  const scans = v.h.kv.scans;
  expect(await lines(v)).toEqual(["Version a null true", "Version b null true"]);
  expect(v.h.kv.scans - scans).toBe(1);
});

test("a page costs what it returns: of a key with 20,000 versions, of the keys behind it, of a common prefix", async () => {
  const v = await versionedBucket();
  const ids: (string | undefined)[] = [];
  await v.put("dir/first", "1");
  for (let i = 0; i < 20_000; i++) ids.push(await v.put("dir/many", "v"));
  await v.put("e", "1");
  const cost = async (query: string): Promise<{ rows: number; entries: number }> => {
    const before = v.h.kv.rowsScanned;
    const entries = (await v.list(query)).length;
    return { rows: v.h.kv.rowsScanned - before, entries };
  };
  const middle = `&key-marker=dir/many&version-id-marker=${ids[10_000]}`;
  for (const query of ["&max-keys=10", `${middle}&max-keys=10`, `${middle}&max-keys=1`]) {
    const { entries, rows } = await cost(query);
    expect(entries).toBeLessThanOrEqual(10);
    expect(rows).toBeLessThanOrEqual(200);
  }
  const page = await v.list(`${middle}&max-keys=3`);
  expect(page.map(({ versionId }) => versionId)).toEqual([9_999, 9_998, 9_997].map((i) => ids[i] ?? ""));
  expect((await cost("&delimiter=/")).rows).toBeLessThanOrEqual(200);
  const behind = await cost("&key-marker=dir/many");
  expect([behind.entries, behind.rows <= 50]).toEqual([1, true]);
  // So does the deletion of the current version.
  const before = v.h.kv.rowsScanned;
  await v.call("DELETE", `/bucket/dir/many?versionId=${ids[19_999]}`);
  expect(v.h.kv.rowsScanned - before).toBeLessThanOrEqual(4);
}, 120_000);
