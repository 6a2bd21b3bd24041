/**
 * `bun scripts/s3-parameters-doc.ts`: writes docs/s3-parameters.md from the tables of src/s3/headers and
 * src/s3/routing/operations (a test compares the document with the tables).
 */
import { join } from "node:path";
import { HEADER_ROWS } from "../src/s3/headers/rows.ts";
import { OPERATIONS } from "../src/s3/routing/operations/table.ts";
import { PLAIN_HEADERS, type PlainRow, QUERY_PARAMETERS } from "./s3-plain-rows.ts";

export const PARAMETERS_DOC = "docs/s3-parameters.md";

export function parametersDocument(): string {
  return `${[
    "# S3: every header and parameter",
    "",
    "Written by `bun scripts/s3-parameters-doc.ts` from `src/s3/headers/` and `src/s3/routing/operations/`. A test holds the tables against the names in botocore's service model",
    "of S3 (`test/s3/headers/api-names.json`; `scripts/s3-api-names.ts` makes it anew), so that a new header of AWS is noticed.",
    "",
    "*honoured*: does what the API reference says. *validated*: a lawful value changes nothing here, another is an error. *refused*: answered",
    "with an error, as it asks for what is not here. *ignored*: nothing here depends on it. On a write, an `x-amz-*` header that is not in the table",
    "is NotImplemented (501); one that belongs to another operation is InvalidArgument, or 501 for a condition, unless it is marked *,",
    "where S3 ignores it and nothing is lost. Reads ignore both.",
    "",
    "## x-amz headers",
    "",
    "| header | | what is done | operations |",
    "|---|---|---|---|",
    ...Object.entries(HEADER_ROWS).map(
      ([name, { treatment, note, harmlessElsewhere }]) =>
        `| \`${name}\` | ${treatment}${harmlessElsewhere === true ? "\\*" : ""} | ${note} | ${knownTo(name)} |`,
    ),
    "",
    "## Other headers",
    "",
    ...plainTable("header", PLAIN_HEADERS),
    "",
    "## Query parameters",
    "",
    "Those that choose an operation are in [s3.md](s3.md). On a write an unknown parameter is NotImplemented.",
    "",
    ...plainTable("parameter", QUERY_PARAMETERS),
  ].join("\n")}\n`;
}

function plainTable(what: string, rows: Readonly<Record<string, PlainRow>>): string[] {
  return [
    `| ${what} | | what is done |`,
    "|---|---|---|",
    ...Object.entries(rows).map(([name, { treatment, note }]) => `| \`${name}\` | ${treatment} | ${note} |`),
  ];
}

/** A name that more operations than this have is described without a list of the operations. */
const MANY = 12;

function knownTo(name: string): string {
  const operations = Object.values(OPERATIONS).flatMap((table) =>
    table.operations.flatMap((operation) => (operation.headers.known.has(name) ? [operation.name] : [])),
  );
  if (operations.length > MANY) return "all that the reference gives it";
  return operations.length === 0 ? "any" : operations.join(", ");
}

if (import.meta.main) await Bun.write(join(import.meta.dir, "..", PARAMETERS_DOC), parametersDocument());
