/** A refusal of the system says what to type, above all under the unit, which makes nearly everything read-only. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adviceOn } from "../../src/node/denied.ts";

const UNIT = { INVOCATION_ID: "0123456789abcdef0123456789abcdef" };

test.each(["EROFS", "EACCES", "EPERM"])("%s under the unit: the drop-in, with the path", (code) => {
  const advice = adviceOn(code, "/srv/elastickv", UNIT);
  expect(advice).toContain("systemctl edit elastickv");
  expect(advice).toContain("ReadWritePaths=/srv/elastickv");
  expect(advice).toContain("install -d -m 700 -o elastickv -g elastickv /srv/elastickv");
  expect(advice).not.toContain("ProtectHome");
  expect(adviceOn(code, "/home/data", UNIT)).toContain("ProtectHome=no");
});

test("without a unit: the file system, or whose it is", () => {
  expect(adviceOn("EROFS", "/srv/elastickv", {})).toContain("mounted read-only");
  expect(adviceOn("EACCES", "/srv/elastickv", {})).toContain("must belong to the user");
  expect(adviceOn("EACCES", "/srv/elastickv", {})).not.toContain("systemctl");
});

test("a relative path is named as the unit needs it, whole", () =>
  expect(adviceOn("EROFS", "data", UNIT)).toContain(`ReadWritePaths=${process.cwd()}/data`));

test.each(["ENOSPC", "EIO", undefined])("%s needs no advice about rights", (code) =>
  expect(adviceOn(code, "/srv/elastickv", UNIT)).toBe(""),
);

test("the drop-in stands in install.md", () => {
  const text = readFileSync(join(import.meta.dir, "../../docs/operations/install.md"), "utf8");
  for (const line of ["ReadWritePaths=/srv/elastickv", "systemctl edit elastickv"])
    expect(text).toContain(line);
});
