/**
 * `bun scripts/metrics-doc.ts`: writes the table at the end of docs/operations/monitoring.md (a test compares
 * both).
 */
import { join } from "node:path";
import { METRICS, type MetricDefinition } from "../src/monitoring/definitions.ts";

export const MONITORING_DOC = "docs/operations/monitoring.md";
export const MARKER = "<!-- written by scripts/metrics-doc.ts: -->";

export function metricsTable(): string {
  const rows = Object.values<MetricDefinition>(METRICS).map(
    ({ name, kind, labels, help }) => `| \`${name}\` | ${kind} | ${labels.join(", ")} | ${help} |`,
  );
  return ["| metric | type | labels | |", "|---|---|---|---|", ...rows, ""].join("\n");
}

if (import.meta.main) {
  const path = join(import.meta.dir, "..", MONITORING_DOC);
  const text = await Bun.file(path).text();
  const end = text.indexOf(MARKER) + MARKER.length;
  await Bun.write(path, `${text.slice(0, end)}\n\n${metricsTable()}`);
}
