import { describe, expect, test } from "bun:test";
import { deadReferences } from "../../scripts/check/references.ts";

const KNOWN: Readonly<Record<string, string>> = {
  "README.md": "# Title\n## A short tour\n",
  "docs/engine.md": "# Engine\n## Who is who\n### 2.1 Names\n## 5. Raft\n",
  "docs/decisions/010-one.md": "# One\n",
  "src/kv/fsm.ts": "export {};\n",
  "src/kv/read-rounds.ts": "export {};\n",
};

function messages(file: string, text: string): string[] {
  const all: Record<string, string> = { ...KNOWN, [file]: text };
  const tree = { files: new Set(Object.keys(all)), text: (path: string) => all[path] ?? "" };
  return deadReferences(tree).map(({ message }) => message);
}

describe("references that lead somewhere", () => {
  test.each([
    ["src/a.ts", '/** docs/engine.md, "Who is who", and decision 010. */'],
    ["src/a.ts", "// docs/engine.md, section 5; docs/engine.md, section 2.1."],
    ["src/a.ts", "/**\n * As (docs/engine.md,\n * section 5) says.\n */"],
    ["src/a.ts", "// src/kv/fsm.ts and src/kv, src/kv/, src/kv/read-*.ts, src/kv/NAME.ts"],
    ["src/a.ts", 'const path = "docs/nowhere.md"; // code is no reference'],
    ["src/a.ts", "// RFC 9110 section 13.1, https://example.com/docs/other.md"],
    [
      "docs/a.md",
      "[engine](engine.md#who-is-who) [top](../README.md) [out](https://example.com/x.md) `dist/elastickv`",
    ],
    ["docs/a.md", "```\ndocs/nowhere.md\n```"],
    ["scripts/a.sh", "# docs/engine.md\necho docs/nowhere.md"],
  ])("%s: %s", (file, text) => expect(messages(file, text)).toEqual([]));
});

describe("references that lead nowhere", () => {
  test.each([
    ["src/a.ts", "// docs/nowhere.md", "docs/nowhere.md is not in the repository"],
    ["src/a.ts", "/* See NOWHERE.md */", "NOWHERE.md is not in the repository"],
    ["src/a.ts", "// DESIGN section 5", "DESIGN is no document"],
    ["src/a.ts", '// docs/engine.md, "Who was who"', 'no section "Who was who"'],
    ["src/a.ts", "// docs/engine.md, section 6", "no section 6"],
    ["src/a.ts", "/**\n * (docs/engine.md,\n * section 7)\n */", "no section 7"],
    ["src/a.ts", "// decision 011", "no decision 011"],
    ["src/a.ts", "// src/kv/gone.ts", "src/kv/gone.ts is not in the repository"],
    ["src/a.ts", "// src/gone/", "src/gone/ is not in the repository"],
    ["src/a.ts", "// src/kv/gone-*.ts", "src/kv/gone-*.ts is not in the repository"],
    ["docs/a.md", "[x](gone.md)", "gone.md"],
    ["docs/a.md", "[x](engine.md#who-was-who)", "no heading for #who-was-who"],
    ["docs/a.md", "[x](../src/gone.ts)", "leads nowhere"],
    ["scripts/a.sh", "# docs/nowhere.md", "docs/nowhere.md"],
  ])("%s: %s", (file, text, message) => {
    const found = messages(file, text);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toContain(message);
  });
});
