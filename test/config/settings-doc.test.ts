import { expect, test } from "bun:test";
import { join } from "node:path";
import { SETTINGS_DOC, settingsDocument } from "../../scripts/settings-doc.ts";

test("docs/operations/settings.md is what the table says (bun scripts/settings-doc.ts writes it)", async () => {
  expect(await Bun.file(join(import.meta.dir, "../..", SETTINGS_DOC)).text()).toBe(settingsDocument());
});
