/** The tables of headers against the names in botocore's service model (scripts/s3-api-names.ts). */
import { expect, test } from "bun:test";
import { API_NAMES, type ApiNames } from "../../../scripts/s3-api-names.ts";
import { PARAMETERS_DOC, parametersDocument } from "../../../scripts/s3-parameters-doc.ts";
import { PLAIN_HEADERS, QUERY_PARAMETERS } from "../../../scripts/s3-plain-rows.ts";
import { isHoisted, isOfPresigned } from "../../../src/s3/auth/presigned-parameters.ts";
import { tableName } from "../../../src/s3/headers/check.ts";
import { HEADER_ROWS } from "../../../src/s3/headers/rows.ts";
import { OPERATIONS } from "../../../src/s3/routing/operations/table.ts";

const root = new URL("../../../", import.meta.url);
const { operations } = (await Bun.file(new URL(API_NAMES, root)).json()) as ApiNames;
const claimed = Object.values(OPERATIONS).flatMap((table) =>
  table.operations.flatMap(({ name, headers, parameters, subResource, signedIn }) =>
    // The model has no POST Object: browsers send it.
    signedIn === "form" ? [] : [{ name, known: headers.known, parameters: [...parameters, subResource] }],
  ),
);
const namesOf = (operation: string): ApiNames["operations"][string] => {
  const names = operations[operation];
  if (names === undefined) throw new Error(`the model has no ${operation}`);
  return names;
};

test("what is said in this repository is what the tables say", async () => {
  expect(await Bun.file(new URL(PARAMETERS_DOC, root)).text()).toBe(parametersDocument());
});

test.each(claimed)(
  "$name: every header of the model is in the tables, and no other",
  ({ name: operation, known }) => {
    const model = namesOf(operation).headers;
    for (const header of model) {
      if (!header.startsWith("x-amz-")) expect(Object.keys(PLAIN_HEADERS)).toContain(header);
      else expect([header, known.has(tableName(header) ?? "")]).toEqual([header, true]);
    }
    for (const name of known) {
      expect([name, model.some((header) => tableName(header) === name)]).toEqual([name, true]);
    }
  },
);

test.each(claimed)("$name: every parameter of the model is known, and documented", ({ name, parameters }) => {
  for (const parameter of namesOf(name).query) {
    expect(parameters).toContain(parameter);
    expect(Object.keys(QUERY_PARAMETERS)).toContain(parameter);
  }
});

test("every header of an operation means in a presigned URL what it means as a header", () => {
  const all = new Set(claimed.flatMap(({ known }) => [...known]));
  for (const family of all) {
    const name = family.replace("*", "crc32");
    expect([name, isHoisted(name) || isOfPresigned(name)]).toEqual([name, true]);
    expect(HEADER_ROWS[family]).toBeDefined();
  }
});
