/**
 * `bun scripts/s3-api-names.ts service-2.json VERSION`: writes test/s3/headers/api-names.json, the names of headers and
 * query parameters of each operation in botocore's service model of S3 (`pip download botocore`, inside it
 * `botocore/data/s3/2006-03-01/service-2.json.gz`). Names only; a test holds our tables against them.
 */
import { join } from "node:path";

interface Member {
  readonly location?: string;
  readonly locationName?: string;
}

interface Model {
  readonly operations: Readonly<Record<string, { readonly input?: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, { readonly members?: Readonly<Record<string, Member>> }>>;
}

export interface ApiNames {
  readonly model: string;
  readonly operations: Readonly<
    Record<string, { readonly headers: readonly string[]; readonly query: readonly string[] }>
  >;
}

export const API_NAMES = "test/s3/headers/api-names.json";

export function apiNames(model: Model, version: string): ApiNames {
  const operations: Record<string, { headers: string[]; query: string[] }> = {};
  for (const [name, { input }] of Object.entries(model.operations)) {
    const members = Object.values(model.shapes[input?.shape ?? ""]?.members ?? {});
    const at = (location: string, suffix = ""): string[] =>
      members
        .filter((member) => member.location === location)
        .map((member) => `${member.locationName ?? ""}${suffix}`);
    operations[name] = {
      headers: [...at("header"), ...at("headers", "*")].map((header) => header.toLowerCase()).sort(),
      query: at("querystring").sort(),
    };
  }
  return { model: `botocore ${version}, s3 2006-03-01`, operations };
}

if (import.meta.main) {
  const [, , path = "", version = ""] = process.argv;
  const names = apiNames((await Bun.file(path).json()) as Model, version);
  await Bun.write(join(import.meta.dir, "..", API_NAMES), `${JSON.stringify(names, null, 1)}\n`);
}
