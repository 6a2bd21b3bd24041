import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manPage } from "../../scripts/package/man.ts";
import { COMMANDS, commandUsage } from "../../src/cli/command-table.ts";
import { SETTING_ROWS, variableOf } from "../../src/config/settings.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { needs } from "../platform/support/needs.ts";

const RELEASE = {
  commit: "0123456789ab",
  name: "0.1.0~git20260131120000.0123456789ab",
  epoch: 1_769_860_800,
};
const source = manPage(RELEASE);

let directory: string;
let page: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "elastickv-man-"));
  page = join(directory, "elastickv.1");
  writeFileSync(page, source);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (...words: string[]) => {
  const { stdout, stderr } = Bun.spawnSync(words, {
    env: { ...process.env, MANWIDTH: "1000", LC_ALL: "C.UTF-8" },
  });
  return { out: stdout.toString(), err: stderr.toString() };
};

test("is of its release, and the same every time", () => {
  expect(source).toContain(`.TH ELASTICKV 1 2026-01-31 "elastickv ${RELEASE.name}"`);
  expect(manPage(RELEASE)).toBe(source);
});

test("no line of text is taken for a command", () => {
  const requests = source.split("\n").filter((line) => /^[.']/.test(line));
  const known = /^\.(TH|SH|SS|TP|TQ|B|RS|RE|PP|br|nf|fi)( |$)/;
  expect(requests.filter((line) => !known.test(line))).toEqual([]);
});

describe.if(needs("man"))("as it is read", () => {
  const shown = () => run("man", "-l", "--warnings=w", page);
  test("groff has nothing to say", () => expect(shown().err).toBe(""));

  test("names every verb, setting, variable, default and exit code", () => {
    const { out } = shown();
    for (const command of COMMANDS) expect(out).toContain(commandUsage(command));
    for (const [, row] of SETTING_ROWS) {
      expect(out).toContain(variableOf(row));
      if (row.type.isSecret === true) expect(out).not.toContain(`--${row.flag} `);
      else expect(out).toContain(`--${row.flag} ${row.type.placeholder}`);
      const byDefault = row.type.isSecret === true ? "" : row.type.format(row.default);
      expect(out).toContain(`[default ${byDefault === "" ? "none" : byDefault}`);
    }
    for (const code of Object.values(EXIT)) expect(out).toMatch(new RegExp(`^ +${code} +\\w`, "m"));
  });
});

test.if(needs("mandoc"))("mandoc -Tlint finds nothing to warn about", () => {
  const { out } = run("mandoc", "-Tlint", "-W", "style", page);
  expect(out).toBe("");
});
