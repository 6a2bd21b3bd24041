/**
 * `bun scripts/s3-compatibility-doc.ts`: writes docs/s3-compatibility.md from the table of operations and the known
 * differences (a test compares the document with both).
 */
import { join } from "node:path";
import type { Permissions } from "../src/s3/auth/permissions.ts";
import type { OperationRow } from "../src/s3/context/exchange.ts";
import type { RefusedOperation } from "../src/s3/routing/operations/row.ts";
import { OPERATIONS } from "../src/s3/routing/operations/table.ts";
import { DIFFERENCES } from "./s3-differences.ts";

export const COMPATIBILITY_DOC = "docs/s3-compatibility.md";
const PAGE = "https://docs.aws.amazon.com/AmazonS3/latest/API";
interface LevelRows {
  readonly level: string;
  readonly operations: readonly OperationRow[];
  readonly refused: readonly RefusedOperation[];
}

/** The API reference has no page of its own for the operation that browsers use. */
const OTHER_PAGES: Readonly<Record<string, string>> = {
  PostObject: "https://docs.aws.amazon.com/AmazonS3/latest/developerguide/RESTObjectPOST.html",
};

export function compatibilityDocument(): string {
  return `${[
    "# S3: operation by operation",
    "",
    "Written by `bun scripts/s3-compatibility-doc.ts` from the table of operations (`src/s3/routing/operations/`) and `scripts/s3-differences.ts`. How the server behaves where",
    "AWS leaves room is [s3.md](s3.md), what is done with each header [s3-parameters.md](s3-parameters.md).",
    ...Object.values(OPERATIONS).flatMap(levelSection),
  ].join("\n")}\n`;
}

function levelSection({ level, operations, refused }: LevelRows): string[] {
  const rows = operations.map(({ name, method, subResource, parameters, permissions }) => {
    const differences = DIFFERENCES[name] ?? "";
    return `| ${link(name)} | ${target(method, subResource)} | ${code(parameters)} | ${code(actionsOf(permissions))} | ${differences} |`;
  });
  const missing = refused.map(
    ({ name, method, subResource, why }) => `| ${link(name)} | ${target(method, subResource)} | ${why} |`,
  );
  return [
    "",
    `## Level: ${level}`,
    "",
    "| operation | request | parameters | IAM actions | known differences |",
    "|---|---|---|---|---|",
    ...rows,
    ...(missing.length === 0
      ? []
      : [
          "",
          "Not there, answered `501 NotImplemented`:",
          "",
          "| operation | request | why |",
          "|---|---|---|",
          ...missing,
        ]),
  ];
}

function link(name: string): string {
  return `[${name}](${OTHER_PAGES[name] ?? `${PAGE}/API_${name}.html`})`;
}

function target(method: string, subResource: string): string {
  return `\`${subResource === "" ? method : `${method} ?${subResource}`}\``;
}

function actionsOf({ actions, ofVersion = [], ofHeaders = {}, ofSource, ofKeys }: Permissions): string[] {
  const others = [ofSource, ofKeys].flatMap((one) => (one === undefined ? [] : [one.action, one.ofVersion]));
  return [...new Set([...actions, ...ofVersion, ...Object.values(ofHeaders), ...others])].filter(
    (action) => action !== "",
  );
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

if (import.meta.main)
  await Bun.write(join(import.meta.dir, "..", COMPATIBILITY_DOC), compatibilityDocument());
