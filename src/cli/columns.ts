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

/** One line of help: what is described, and at `column` what it does; on a line of its own below a long head. */
export function described(head: string, text: string, column: number): string {
  const indent = " ".repeat(2);
  if (head.length < column) return `${indent}${head.padEnd(column)}${text}`;
  return `${indent}${head}\n${indent}${" ".repeat(column)}${text}`;
}
