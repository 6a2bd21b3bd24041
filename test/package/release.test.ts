import { expect, test } from "bun:test";
import { version } from "../../package.json";
import { nameOf, releaseOf } from "../../scripts/package/release.ts";
import { needs } from "../platform/support/needs.ts";

const COMMIT = "0123456789ab";
const seconds = (text: string): number => Date.parse(text) / 1000;

test("a release is named by its tag, else by the time of its commit", () => {
  const committed = seconds("2026-01-31T12:00:09Z");
  expect(nameOf(COMMIT, committed, false, true)).toBe(version);
  expect(nameOf(COMMIT, committed, false, false)).toBe(`${version}~git20260131120009.${COMMIT}`);
  // Changed after the tag: it is not the release.
  expect(nameOf(COMMIT, committed, true, true)).toBe(`${version}~git20260131120009.${COMMIT}.dirty`);
});

test.if(needs("dpkg"))("dpkg orders them as they were made", () => {
  const names = [
    nameOf("ffffffffffff", seconds("2026-01-31T12:00:09Z"), false, false),
    nameOf("000000000000", seconds("2026-02-01T00:00:00Z"), false, false),
    nameOf("000000000000", seconds("2026-02-01T00:00:00Z"), true, false),
    version,
  ];
  for (const [index, name] of names.entries()) {
    for (const later of names.slice(index + 1)) {
      const { exitCode } = Bun.spawnSync(["dpkg", "--compare-versions", name, "lt", later]);
      expect([name, later, exitCode]).toEqual([name, later, 0]);
    }
  }
});

test("SOURCE_DATE_EPOCH decides on the age of files, and has to be one", () => {
  expect(releaseOf({ SOURCE_DATE_EPOCH: "1700000000" }).epoch).toBe(1_700_000_000);
  expect(releaseOf({}).epoch).toBeGreaterThan(0);
  expect(() => releaseOf({ SOURCE_DATE_EPOCH: "yesterday" })).toThrow("is no number of seconds");
});
