import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json";
import { bundledNames, copyrightFile, licencesOf, textOf } from "../../scripts/package/licences.ts";
import { INTERFACES, RUNTIME_PARTS } from "../../scripts/package/runtime-licences.ts";
import { temporary } from "./support/packages.ts";

describe("npm packages", () => {
  test("everything that is bundled has a text, the dependencies of package.json among it", async () => {
    const names = await bundledNames();
    // Loaded by the binary itself; @elysiajs/swagger and elysia bring most of the others.
    for (const name of Object.keys(manifest.dependencies)) expect(names).toContain(name);
    expect(names).toContain("swagger-ui-dist");
    const packages = licencesOf(names);
    const file = copyrightFile(packages);
    for (const { name, version, licence, text } of packages) {
      expect([name, text.length > 200, licence !== ""]).toEqual([name, true, true]);
      expect(file).toContain(`${name} ${version} (${licence})\n\n${text}`);
    }
  });

  test("one without a text ends the build", () => {
    const folder = temporary();
    try {
      for (const name of ["silent", "@some/silent"]) {
        mkdirSync(join(folder.path, name), { recursive: true });
        writeFileSync(join(folder.path, name, "package.json"), '{"version":"1.0.0","license":"MIT"}');
      }
      expect(() => licencesOf(["silent", "@some/silent"], folder.path)).toThrow(
        "no licence text of silent, @some/silent",
      );
    } finally {
      folder.remove();
    }
  });
});

describe("the runtime", () => {
  test("every part that Bun names in process.versions is listed, and nothing that it does not have", () => {
    const listed = RUNTIME_PARTS.flatMap(({ versions }) => versions ?? []);
    expect([...listed, ...INTERFACES].sort()).toEqual(Object.keys(process.versions).sort());
  });

  test("every licence that is named has a text", () => {
    for (const { name, licences } of RUNTIME_PARTS) {
      for (const licence of licences) expect([name, textOf(licence).length > 100]).toEqual([name, true]);
    }
    expect(() => textOf("WTFPL")).toThrow("no text of the licence WTFPL");
  });
});
