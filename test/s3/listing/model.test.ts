/** Listings against a naive model: all names, rolled up, sorted by bytes, cut. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeComponent, encodeComponent } from "../../../src/s3/protocol/percent.ts";
import { checkProperty } from "../../support/property.ts";
import { type Harness, harness } from "../support/harness.ts";
import { testSeed } from "../support/seeded.ts";

const SEED = testSeed();
const AGAIN = `S3_TEST_SEED=${SEED}`;
const ALPHABET = ["a", "b", "/", "//", "é", "\u{1F600}", "\uFFFD", "+", " ", "%2F", "..", "\u0001", "-", "z"];
const DELIMITERS = ["", "", "/", "/", "b", "//", "é", "ab", "\u{1F600}"];

interface Expected {
  readonly name: string;
  readonly isPrefix: boolean;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function model(
  names: readonly string[],
  prefix: string,
  delimiter: string,
  after: string,
  max: number,
): { entries: Expected[]; truncated: boolean } {
  const all = new Map<string, Expected>();
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const at = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
    const entry =
      at < 0 ? { name, isPrefix: false } : { name: name.slice(0, at + delimiter.length), isPrefix: true };
    all.set(`${entry.isPrefix}${entry.name}`, entry);
  }
  const sorted = [...all.values()]
    .filter((entry) => after === "" || byBytes(entry.name, after) > 0)
    .sort((a, b) => byBytes(a.name, b.name));
  return { entries: sorted.slice(0, max), truncated: max > 0 && sorted.length > max };
}

function found(text: string): Expected[] {
  const contents = [...text.matchAll(/<Contents><Key>([^<]*)<\/Key>/g)].map((m) => ({
    name: decodeComponent(m[1] as string),
    isPrefix: false,
  }));
  const prefixes = [...text.matchAll(/<CommonPrefixes><Prefix>([^<]*)<\/Prefix>/g)].map((m) => ({
    name: decodeComponent(m[1] as string),
    isPrefix: true,
  }));
  return [...contents, ...prefixes].sort((a, b) => byBytes(a.name, b.name));
}

async function fill(h: Harness, names: readonly string[]): Promise<void> {
  await h.call("PUT", "/bucket");
  for (const name of names) {
    const answer = await h.call("PUT", `/bucket/${encodeComponent(name)}`, { body: "" });
    expect(answer.status).toBe(200);
  }
}

const text = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...ALPHABET), { minLength, maxLength, size: "max" })
    .map((parts) => parts.join(""));
const NAME = text(1, 6);
const names = (maxLength: number): fc.Arbitrary<string[]> =>
  fc.uniqueArray(NAME, { minLength: 1, maxLength, size: "max" });
const QUERY = fc.record({
  prefix: fc.oneof({ weight: 2, arbitrary: fc.constant("") }, { weight: 1, arbitrary: text(0, 2) }),
  delimiter: fc.constantFrom(...DELIMITERS),
  /** A number: that name of those that are there. */
  after: fc.oneof(
    { weight: 2, arbitrary: fc.constant("") },
    { weight: 1, arbitrary: fc.nat() },
    { weight: 1, arbitrary: text(1, 4) },
  ),
  max: fc.constantFrom(0, 1, 2, 3, 7, 50, 1000),
});

test(`random listings agree with the model (S3_TEST_SEED=${SEED})`, async () => {
  const queries = fc.array(QUERY, { minLength: 1, maxLength: 40, size: "max" });
  const property = fc.asyncProperty(names(260), queries, async (given, asked) => {
    const h = harness();
    await fill(h, given);
    for (const query of asked) {
      const after = typeof query.after === "number" ? (given[query.after % given.length] ?? "") : query.after;
      await compare(h, given, { ...query, after });
    }
  });
  await checkProperty(property, { seed: SEED, numRuns: 15, again: AGAIN });
});

async function compare(
  h: Harness,
  given: readonly string[],
  { prefix, delimiter, after, max }: { prefix: string; delimiter: string; after: string; max: number },
): Promise<void> {
  const expected = model(given, prefix, delimiter, after, max);
  const v2 = await h.call(
    "GET",
    `/bucket?list-type=2&encoding-type=url&prefix=${encodeComponent(prefix)}&delimiter=${encodeComponent(delimiter)}&start-after=${encodeComponent(after)}&max-keys=${max}`,
  );
  expect(found(v2.text)).toEqual(expected.entries);
  expect(v2.tag("IsTruncated")).toBe(String(expected.truncated));
  expect(v2.tag("KeyCount")).toBe(String(expected.entries.length));
  const v1 = await h.call(
    "GET",
    `/bucket?encoding-type=url&prefix=${encodeComponent(prefix)}&delimiter=${encodeComponent(delimiter)}&marker=${encodeComponent(after)}&max-keys=${max}`,
  );
  expect(found(v1.text)).toEqual(expected.entries);
  expect(v1.tag("IsTruncated")).toBe(String(expected.truncated));
}

test(`pages put together are the whole (S3_TEST_SEED=${SEED})`, async () => {
  const property = fc.asyncProperty(names(300), fc.constantFrom("", "/", "é", "//"), wholeByPages);
  await checkProperty(property, { seed: SEED, numRuns: 8, again: AGAIN });
});

async function wholeByPages(given: readonly string[], delimiter: string): Promise<void> {
  const h = harness();
  await fill(h, given);
  const whole = model(given, "", delimiter, "", 100_000).entries;
  const d = encodeComponent(delimiter);

  const byToken: Expected[] = [];
  for (let token = ""; ; ) {
    const page = await h.call(
      "GET",
      `/bucket?list-type=2&encoding-type=url&max-keys=7&delimiter=${d}${token}`,
    );
    byToken.push(...found(page.text));
    const next = page.tag("NextContinuationToken");
    if (next === undefined) break;
    token = `&continuation-token=${next}`;
  }
  expect(byToken).toEqual(whole);

  const byMarker: Expected[] = [];
  for (let marker = ""; ; ) {
    const page = await h.call("GET", `/bucket?encoding-type=url&max-keys=7&delimiter=${d}&marker=${marker}`);
    const entries = found(page.text);
    byMarker.push(...entries);
    if (page.tag("IsTruncated") !== "true") break;
    const last = entries[entries.length - 1] as Expected;
    if (delimiter !== "")
      expect(page.tag("NextMarker")).toBe(encodeComponent(last.name).replaceAll("%2F", "/"));
    else expect(page.tag("NextMarker")).toBeUndefined();
    marker = encodeComponent(last.name);
  }
  expect(byMarker).toEqual(whole);

  const versions: string[] = [];
  for (let marker = ""; ; ) {
    const page = await h.call("GET", `/bucket?versions&encoding-type=url&max-keys=9&delimiter=${d}${marker}`);
    for (const match of page.text.matchAll(
      /<Version><Key>([^<]*)<\/Key><VersionId>null<\/VersionId><IsLatest>true/g,
    )) {
      versions.push(decodeComponent(match[1] as string));
    }
    const next = page.tag("NextKeyMarker");
    if (next === undefined) break;
    marker = `&key-marker=${encodeComponent(decodeComponent(next))}`;
  }
  expect(versions).toEqual(whole.filter((entry) => !entry.isPrefix).map((entry) => entry.name));
}

test("a common prefix is skipped by seeking: rows touched do not grow with what lies under it", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  for (let directory = 0; directory < 5; directory++) {
    for (let file = 0; file < 400; file++) {
      await h.call("PUT", `/bucket/dir${directory}/f${String(file).padStart(4, "0")}`, { body: "" });
    }
  }
  await h.call("PUT", "/bucket/zz", { body: "" });
  h.kv.scans = 0;
  h.kv.rowsScanned = 0;
  const page = await h.call("GET", "/bucket?list-type=2&delimiter=/");
  expect(page.tags("Prefix").slice(1)).toEqual(["dir0/", "dir1/", "dir2/", "dir3/", "dir4/"]);
  expect(page.tags("Key")).toEqual(["zz"]);
  expect(h.kv.rowsScanned).toBeLessThanOrEqual(60);
  expect(h.kv.scans).toBeLessThanOrEqual(8);

  h.kv.scans = 0;
  h.kv.rowsScanned = 0;
  const flat = await h.call("GET", "/bucket?list-type=2&max-keys=1000");
  expect(flat.tag("KeyCount")).toBe("1000");
  expect(h.kv.rowsScanned).toBeLessThanOrEqual(1001);

  h.kv.rowsScanned = 0;
  await h.call("GET", "/bucket?list-type=2&max-keys=1000&delimiter=%7C");
  expect(h.kv.rowsScanned).toBeLessThanOrEqual(1001);
});
