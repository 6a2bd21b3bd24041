import { expect, test } from "bun:test";
import { join } from "node:path";
import { SETTING_ROWS } from "../../src/config/settings.ts";

test("every setting is read by something: a flag that does nothing would be a lie in --help", async () => {
  const src = join(import.meta.dir, "../../src");
  let code = "";
  for await (const path of new Bun.Glob("**/*.ts").scan({ cwd: src })) {
    if (path !== "config/settings.ts") code += await Bun.file(join(src, path)).text();
  }
  for (const [name] of SETTING_ROWS) {
    const read = new RegExp(
      `\\b(config|settings)\\.${name}\\b|const \\{[^}]*\\b${name}\\b[^}]*\\} = settings`,
    );
    expect([name, read.test(code)]).toEqual([name, true]);
  }
});
