import { expect, test } from "bun:test";
import { join } from "node:path";
import { METRICS } from "../../src/monitoring/definitions.ts";

test("every metric of the table is counted by something: one that never shows would be a lie in the documentation", async () => {
  const src = join(import.meta.dir, "../../src");
  let code = "";
  for await (const path of new Bun.Glob("**/*.ts").scan({ cwd: src })) {
    if (path !== "monitoring/definitions.ts") code += await Bun.file(join(src, path)).text();
  }
  for (const key of Object.keys(METRICS)) {
    expect([key, new RegExp(`\\.(counter|gauge|histogram)\\("${key}"\\)`).test(code)]).toEqual([key, true]);
  }
});
