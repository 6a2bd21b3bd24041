import { describe, expect, test } from "bun:test";
import { checkLayers, checkSource, checkTree } from "../../scripts/check/arrows.ts";

const messages = (file: string, source: string) => checkSource(file, source).map(({ message }) => message);

describe("import arrows", () => {
  test.each([
    ["src/s3/objects/a.ts", 'import { x } from "../../txn/types.ts";'],
    ["src/s3/objects/a.ts", 'import type { X } from "../../http/types.ts";'],
    ["src/consensus/a.ts", 'import { x } from "../raft/log/wal.ts";'],
    ["src/kv/a.ts", 'import { x } from "./b.ts";\nimport { y } from "../monitoring/log.ts";'],
    ["src/raft/core/a.ts", 'export * from "./tracker/index.ts";'],
    ["src/raft/core/tracker/a.ts", 'import { x } from "../types.ts";'],
    ["src/main.ts", 'import { runNode } from "./node/node.ts";'],
    ["src/cli/version.ts", 'import { version } from "../../package.json";'],
    ["src/raft/core/a.ts", 'const bytes = Uint8Array.from("text");'],
    ["src/admin/app.ts", 'import { Elysia } from "elysia";'],
    ["src/store/sqlite/a.ts", 'import { Database } from "bun:sqlite";'],
    ["src/platform/disk/a.ts", 'import { openSync } from "node:fs";'],
    ["src/node/directory-access.ts", 'import { openSync } from "node:fs";'],
    ["src/kv/a.ts", '// import { x } from "../s3/a.ts";\n/* from "../s3/a.ts" */'],
  ])("%s may: %s", (file, source) => expect(messages(file, source)).toEqual([]));

  test.each([
    ["src/kv/a.ts", 'import { x } from "../s3/a.ts";', "kv must not know s3"],
    ["src/kv/a.ts", 'import type { X } from "../s3/a.ts";', "kv must not know s3"],
    ["src/kv/a.ts", 'import {\n  type X,\n} from\n  "../s3/a.ts";', "kv must not know s3"],
    ["src/kv/a.ts", 'export { x } from "../s3/a.ts";', "kv must not know s3"],
    ["src/kv/a.ts", 'const x = await import("../s3/a.ts");', "kv must not know s3"],
    ["src/kv/a.ts", 'import "../s3/a.ts";', "kv must not know s3"],
    ["src/store/a.ts", 'import { x } from "../kv/a.ts";', "store must not know kv"],
    ["src/http/a.ts", 'import { x } from "../s3/errors.ts";', "http must not know s3"],
    ["src/s3/a.ts", 'import { x } from "../admin/app.ts";', "s3 must not know admin"],
    ["src/monitoring/a.ts", 'import { x } from "../http/metrics.ts";', "monitoring must not know http"],
    ["src/raft/log/a.ts", 'import { x } from "../engine/a.ts";', "raft/log must not know raft/engine"],
    ["src/raft/core/a.ts", 'import { x } from "../log/wal.ts";', "raft/core must not know raft/log"],
    // Arrows are direct: what a layer below may see is not seen through it.
    ["src/s3/a.ts", 'import { x } from "../raft/log/wal.ts";', "s3 must not know raft/log"],
    ["src/s3/a.ts", 'import { x } from "../kv/proposer.ts";', "s3 must not know kv"],
    [
      "src/s3/objects/a.ts",
      'import { x } from "../../consensus/start.ts";',
      "s3/objects must not know consensus",
    ],
    [
      "src/gateway/a.ts",
      'import { x } from "../store/sqlite/writer.ts";',
      "gateway must not know store/sqlite",
    ],
    // Threads meet in messages/.
    ["src/state/a.ts", 'import { x } from "../consensus/start.ts";', "state must not know consensus"],
    ["src/consensus/a.ts", 'import { x } from "../state/state-machine.ts";', "consensus must not know state"],
    ["src/kv/a.ts", 'import { x } from "../consensus/start.ts";', "kv must not know consensus"],
    ["src/platform/a.ts", 'import { x } from "../monitoring/log.ts";', "platform must not know monitoring"],
    [
      "src/raft/core/a.ts",
      'import type { Clock } from "../../platform/clock.ts";',
      "raft/core must not know platform",
    ],
    ["src/raft/core/a.ts", 'import { join } from "node:path";', "raft/core imports nothing outside itself"],
    ["src/raft/core/a.ts", 'import Long from "long";', "raft/core imports nothing outside itself"],
    ["src/kv/a.ts", 'import { x } from "../../test/helpers.ts";', "not part of src/"],
    ["src/kv/a.ts", 'import { x } from "../other/a.ts";', "lies in no layer"],
    ["src/kv/a.ts", 'import { Database } from "bun:sqlite";', "belongs to store"],
    ["src/http/a.ts", 'import { Elysia } from "elysia";', "belongs to s3 and api and admin"],
    ["src/http/a.ts", 'import x from "swagger-ui-dist/a.js";', "belongs to admin"],
    ["src/store/payload/a.ts", 'import { openSync } from "node:fs";', "through a Disk"],
    ["src/store/payload/a.ts", 'import { open } from "node:fs/promises";', "through a Disk"],
    ["src/raft/log/a.ts", 'import { openSync } from "fs";', "through a Disk"],
    ["src/node/a.ts", 'import { openSync } from "node:fs";', "through a Disk"],
    [
      "src/store/sqlite/a.ts",
      'import { Database } from "bun:sqlite";\nexport const db = new Database("x");',
      "opens a database",
    ],
    ["src/new/a.ts", "export {};", "lies in no layer"],
    ["src/stray.ts", "export {};", "lies in no layer"],
  ])("%s may not: %s", (file, source, message) => {
    expect(messages(file, source)).toHaveLength(1);
    expect(messages(file, source)[0]).toContain(message);
  });

  test("the table has no circle", () => expect(checkLayers()).toEqual([]));

  test("a table with a circle, or out of order, is told", () => {
    const circle = [
      { folder: "a", below: ["b"] },
      { folder: "b", below: ["a"] },
    ];
    expect(checkLayers(circle).map(({ message }) => message)).toEqual([
      "a imports b, which does not stand before it",
    ]);
  });

  test("a circle between files is told, types included", () => {
    const sources = new Map([
      ["src/kv/a.ts", 'import type { B } from "./b.ts";'],
      ["src/kv/b.ts", 'import { c } from "./c.ts";'],
      ["src/kv/c.ts", 'import { a } from "./a.ts";'],
    ]);
    const circles = checkTree(sources).filter(({ message }) => message.includes("circle"));
    expect(circles).toEqual([
      {
        file: "src/kv/a.ts",
        message: "is part of a circle: src/kv/a.ts -> src/kv/b.ts -> src/kv/c.ts -> src/kv/a.ts",
      },
    ]);
  });

  test("an arrow that no import needs is told", () => {
    const unused = checkTree(new Map([["src/kv/a.ts", 'import { x } from "../txn/types.ts";']]));
    expect(unused.map(({ message }) => message)).toContain("no file of kv imports store: take the arrow out");
    expect(unused.map(({ message }) => message)).not.toContain(
      "no file of kv imports txn: take the arrow out",
    );
  });
});

test("a file that needs its exception for node:fs no more is told", () => {
  const unused = checkTree(new Map([["src/node/topology.ts", 'import { x } from "../config/a.ts";']]));
  expect(unused.map(({ message }) => message)).toContain(
    "src/node/topology.ts does not import node:fs: take it out of FILES_ALLOWED_BECAUSE",
  );
});

describe("purity of raft/core", () => {
  test.each([
    "const now = Date.now();",
    "const now = new Date();",
    "const x = Math.random();",
    "const x = performance.now();",
    "setTimeout(() => {}, 1);",
    "const p = new Promise<void>(() => {});",
    "export async function f() {}",
    "export const f = async () => 1;",
    "const x = process.env;",
    "const x = Bun.version;",
    "const x = crypto.randomUUID();",
    "console.log(1);",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    "const x = `${Date.now()}`;",
  ])("catches %s", (source) => {
    expect(messages("src/raft/core/a.ts", source)).toHaveLength(1);
    expect(messages("src/raft/core/a.ts", source)[0]).toContain("pure function");
  });

  test.each([
    '// Date.now() is not used\nconst text = "Date and async";',
    "export interface A { readonly asyncStorageWrites: boolean }\nexport const updateDate = 1;",
    "const x = { process: 1 };\nexport const y = x.process;",
  ])("lets pass %s", (source) => expect(messages("src/raft/core/a.ts", source)).toEqual([]));
});

describe("time and chance elsewhere", () => {
  test.each(["Date.now()", "Math.random()", "performance.now()", "performance\n  .now()"])(
    "catches %s",
    (call) =>
      expect(messages("src/kv/a.ts", `export const x = ${call};`)[0]).toContain("take a Clock or Random"),
  );
  test.each(["src/platform/clock.ts", "src/node/node.ts", "src/main.ts", "src/state/store-worker.ts"])(
    "%s hands it in",
    (file) => expect(messages(file, "export const x = Date.now();")).toEqual([]),
  );
});
