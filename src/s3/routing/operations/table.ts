/** Every operation of S3: the implemented operations and the refused operations. */
import type { Level, Operation } from "../../context/exchange.ts";
import { BUCKET_CONFIGURATION } from "./bucket-configuration.ts";
import { BUCKETS, SERVICE } from "./buckets.ts";
import { MULTIPART } from "./multipart.ts";
import { OBJECTS } from "./objects.ts";
import { REFUSED_BUCKETS, REFUSED_OBJECTS } from "./refused.ts";
import type { RefusedOperation } from "./row.ts";

export interface LevelTable<L extends Level> {
  readonly level: L;
  readonly operations: readonly Operation<L>[];
  readonly refused: readonly RefusedOperation[];
}

export const OPERATIONS: { readonly [L in Level]: LevelTable<L> } = {
  service: { level: "service", operations: SERVICE, refused: [] },
  bucket: {
    level: "bucket",
    operations: [...BUCKETS, ...BUCKET_CONFIGURATION],
    refused: REFUSED_BUCKETS,
  },
  object: { level: "object", operations: [...OBJECTS, ...MULTIPART], refused: REFUSED_OBJECTS },
};

const TABLES = Object.values(OPERATIONS);

/** The names under which requests are counted; a refused request counts as `Unsupported`. */
export const OPERATION_NAMES: readonly string[] = TABLES.flatMap(({ operations }) =>
  operations.map(({ name }) => name),
);

/**
 * Query parameters that choose another operation. The table has every sub-resource that AWS documents, so that an
 * unimplemented sub-resource is refused and not read as the plain operation (`PUT /bucket/key?acl` must not store an
 * object).
 */
export const SUB_RESOURCES: ReadonlySet<string> = new Set(
  TABLES.flatMap(({ operations, refused }) =>
    [...operations, ...refused].flatMap(({ subResource }) => (subResource === "" ? [] : [subResource])),
  ),
);
