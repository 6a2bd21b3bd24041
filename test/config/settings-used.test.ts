import { expect, test } from "bun:test";
import { join } from "node:path";
import { SETTING_ROWS } from "../../src/config/settings.ts";

/** Reserved by name, so that a configuration written today means the same tomorrow. Their help says so. */
const RESERVED = new Set(["peerAddress"]);

test("every setting is read by something: a flag that does nothing would be a lie in --help", async () => {
  const src = join(import.meta.dir, "../../src");
  let code = "";
  for await (const path of new Bun.Glob("**/*.ts").scan({ cwd: src })) {
    if (path !== "config/settings.ts") code += await Bun.file(join(src, path)).text();
  }
  for (const [name, row] of SETTING_ROWS) {
    if (RESERVED.has(name)) expect(row.help).toContain("reserved");
    else expect([name, new RegExp(`\\b(config|settings)\\.${name}\\b`).test(code)]).toEqual([name, true]);
  }
});
