/** The table on the screen and the JSON beside it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import type { Figure, Target } from "./figure.ts";

export function printTable(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    `${round(figure.subject)} ${figure.unit}`,
    figure.limit === undefined ? "" : `${round(figure.limit)} ${figure.unit}`,
    figure.limit === undefined ? "" : round(figure.value),
    formatTarget(figure.target),
    figure.target.kind === "none" ? "" : figure.met ? "met" : "FALLS SHORT",
  ]);
  const head = ["figure", "elastickv", "limit", "ratio", "target", ""];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ");
  console.log(line(head));
  console.log(widths.map((width) => "-".repeat(width)).join("  "));
  for (const [i, row] of rows.entries()) {
    console.log(line(row).trimEnd());
    for (const note of figures[i]?.notes ?? []) console.log(`    ${note}`);
  }
}

export function writeJson(figures: readonly Figure[], mode: string, startedAt: Date): string {
  const directory = join(import.meta.dir, "../results");
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${startedAt.toISOString().replace(/[:.]/g, "-")}.json`);
  const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? "", kernel: release(), bun: Bun.version };
  writeFileSync(path, JSON.stringify({ startedAt, mode, commit: commit(), machine, figures }, undefined, 2));
  return path;
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

function formatTarget(target: Target): string {
  switch (target.kind) {
    case "at-least":
      return `>= ${target.value}`;
    case "at-most":
      return `<= ${target.value}`;
    case "none":
      return "";
  }
}

export function round(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
