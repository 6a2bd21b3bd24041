import { expect, test } from "bun:test";
import { join } from "node:path";
import { MARKER, MONITORING_DOC, metricsTable } from "../../scripts/metrics-doc.ts";
import { NOT_READY_CODES } from "../../src/api/codes.ts";
import { METRICS } from "../../src/monitoring/definitions.ts";

const text = await Bun.file(join(import.meta.dir, "../..", MONITORING_DOC)).text();

test("the table in docs/operations/monitoring.md is current (bun scripts/metrics-doc.ts writes it)", () =>
  expect(text.slice(text.indexOf(MARKER) + MARKER.length).trim()).toBe(metricsTable().trim()));

test("the expressions use metrics that exist", () => {
  const names = Object.values(METRICS).map(({ name }) => name as string);
  for (const [used] of text.slice(0, text.indexOf(MARKER)).matchAll(/\belastickv_[a-z0-9_]+/g)) {
    expect(names).toContain(used.replace(/_(bucket|count|sum)$/, ""));
  }
});

test("every reason of /readyz is listed", () => {
  for (const code of NOT_READY_CODES) expect(text).toContain(`\`${code}\``);
});
