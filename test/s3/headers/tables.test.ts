/** The tables of headers against the names in botocore's service model (scripts/s3-api-names.ts). */
import { expect, test } from "bun:test";
import { API_NAMES, type ApiNames } from "../../../scripts/s3-api-names.ts";
import { PARAMETERS_DOC, parametersDocument } from "../../../scripts/s3-parameters-doc.ts";
import { PLAIN_HEADERS, QUERY_PARAMETERS } from "../../../scripts/s3-plain-rows.ts";
import { isHoisted, isOfPresigned } from "../../../src/s3/auth/presigned-parameters.ts";
import { tableName } from "../../../src/s3/headers/check.ts";
import { headersOf } from "../../../src/s3/headers/names.ts";
import { HEADER_ROWS } from "../../../src/s3/headers/rows.ts";
import { OPERATIONS } from "../../../src/s3/protocol/operations.ts";
import { ROUTES } from "../../../src/s3/routing/routes.ts";

const root = new URL("../../../", import.meta.url);
const { operations } = (await Bun.file(new URL(API_NAMES, root)).json()) as ApiNames;
const claimed = OPERATIONS.filter((operation) => operation !== "Unsupported");
const namesOf = (operation: string): ApiNames["operations"][string] => {
  const names = operations[operation];
  if (names === undefined) throw new Error(`the model has no ${operation}`);
  return names;
};

test("what is said in this repository is what the tables say", async () => {
  expect(await Bun.file(new URL(PARAMETERS_DOC, root)).text()).toBe(parametersDocument());
});

test.each(claimed)("%s: every header of the model is in the tables, and no other", (operation) => {
  const known = headersOf(operation);
  const model = namesOf(operation).headers;
  for (const header of model) {
    if (!header.startsWith("x-amz-")) expect(Object.keys(PLAIN_HEADERS)).toContain(header);
    else expect([header, known.has(tableName(header) ?? "")]).toEqual([header, true]);
  }
  for (const name of known) {
    expect([name, model.some((header) => tableName(header) === name)]).toEqual([name, true]);
  }
});

/** The operation of the same route, which a header tells from the other. */
const SAME_ROUTE: Readonly<Record<string, string>> = {
  CopyObject: "PutObject",
  UploadPartCopy: "UploadPart",
};

test.each(claimed)("%s: every parameter of the model is known to its route, and documented", (operation) => {
  const routed = SAME_ROUTE[operation] ?? operation;
  const found = [...ROUTES].find(([, route]) => route.operation === routed);
  if (found === undefined) throw new Error(`no route leads to ${operation}`);
  const [name, { parameters = [] }] = found;
  const subResource = name.split(" ")[2] ?? "";
  for (const parameter of namesOf(operation).query) {
    expect([...parameters, subResource]).toContain(parameter);
    expect(Object.keys(QUERY_PARAMETERS)).toContain(parameter);
  }
});

test("every header of an operation means in a presigned URL what it means as a header", () => {
  const known = new Set(claimed.flatMap((operation) => [...headersOf(operation)]));
  for (const family of known) {
    const name = family.replace("*", "crc32");
    expect([name, isHoisted(name) || isOfPresigned(name)]).toEqual([name, true]);
    expect(HEADER_ROWS[family]).toBeDefined();
  }
});
