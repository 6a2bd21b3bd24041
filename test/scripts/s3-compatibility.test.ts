import { expect, test } from "bun:test";
import { COMPATIBILITY_DOC, compatibilityDocument } from "../../scripts/s3-compatibility-doc.ts";
import { DIFFERENCES } from "../../scripts/s3-differences.ts";
import { OPERATION_NAMES } from "../../src/s3/routing/operations/table.ts";

test("docs/s3-compatibility.md says what the table of operations says", async () => {
  const document = await Bun.file(new URL(`../../${COMPATIBILITY_DOC}`, import.meta.url)).text();
  expect(document).toBe(compatibilityDocument());
});

test("a difference is one of an operation that is there", () => {
  for (const name of Object.keys(DIFFERENCES)) expect(OPERATION_NAMES).toContain(name);
});
