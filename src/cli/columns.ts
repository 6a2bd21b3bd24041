/** Rows of text in columns, for people. The last column has no padding. */
export function columns(lines: readonly (readonly string[])[]): string {
  const count = Math.max(0, ...lines.map((line) => line.length)) - 1;
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
