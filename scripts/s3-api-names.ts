/**
 * `bun scripts/s3-api-names.ts service-2.json VERSION`: writes test/s3/headers/api-names.json from botocore's
 * service model of S3 (`pip download botocore`, inside it `botocore/data/s3/2006-03-01/service-2.json.gz`). The
 * file has, for each operation, the target, the names of headers and query parameters, and the IAM actions in the
 * documentation. Names only; tests compare our tables with the file.
 */
import { join } from "node:path";

interface Member {
  readonly location?: string;
  readonly locationName?: string;
}

interface Model {
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly http: { readonly method: string; readonly requestUri: string };
        readonly input?: { readonly shape: string };
        readonly documentation?: string;
      }
    >
  >;
  readonly shapes: Readonly<Record<string, { readonly members?: Readonly<Record<string, Member>> }>>;
}

export interface ApiOperation {
  /** `LEVEL METHOD sub-resource`. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly query: readonly string[];
  /** All IAM actions in the operation's documentation, also those of related operations and of special cases. */
  readonly actions: readonly string[];
}

export interface ApiNames {
  readonly model: string;
  readonly operations: Readonly<Record<string, ApiOperation>>;
}

export const API_NAMES = "test/s3/headers/api-names.json";

export function apiNames(model: Model, version: string): ApiNames {
  const operations: Record<string, ApiOperation> = {};
  for (const [name, { http, input, documentation = "" }] of Object.entries(model.operations)) {
    const members = Object.values(model.shapes[input?.shape ?? ""]?.members ?? {});
    const at = (location: string, suffix = ""): string[] =>
      members
        .filter((member) => member.location === location)
        .map((member) => `${member.locationName ?? ""}${suffix}`);
    operations[name] = {
      target: targetOf(http),
      headers: [...at("header"), ...at("headers", "*")].map((header) => header.toLowerCase()).sort(),
      query: at("querystring").sort(),
      actions: [...new Set(documentation.match(/\bs3:[A-Z]\w+/g))].sort(),
    };
  }
  return { model: `botocore ${version}, s3 2006-03-01`, operations };
}

/** The target of `POST /{Bucket}/{Key+}?select&select-type=2` is `object POST select`. */
function targetOf({ method, requestUri }: { readonly method: string; readonly requestUri: string }): string {
  const [path = "", query = ""] = requestUri.split("?");
  const level = path.includes("{Key+}") ? "object" : path.includes("{Bucket}") ? "bucket" : "service";
  return `${level} ${method} ${query.split(/[&=]/)[0] ?? ""}`;
}

if (import.meta.main) {
  const [, , path = "", version = ""] = process.argv;
  const names = apiNames((await Bun.file(path).json()) as Model, version);
  await Bun.write(join(import.meta.dir, "..", API_NAMES), `${JSON.stringify(names, null, 1)}\n`);
}
