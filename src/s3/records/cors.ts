/** The row of a bucket's CORS configuration. */
import { elastickv as gen } from "../../gen/s3.js";
import type { CorsRule } from "../protocol/cors.ts";
import { decodeWith } from "./record-error.ts";

export function encodeCors(rules: readonly CorsRule[]): Uint8Array {
  return gen.s3.Cors.encode({
    rules: rules.map(
      ({ maxAgeSeconds, allowedHeaders, allowedMethods, allowedOrigins, exposeHeaders, id }) => ({
        id,
        allowedHeaders: [...allowedHeaders],
        allowedMethods: [...allowedMethods],
        allowedOrigins: [...allowedOrigins],
        exposeHeaders: [...exposeHeaders],
        ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
      }),
    ),
  }).finish();
}

/** @throws RecordError */
export function decodeCors(value: Uint8Array): CorsRule[] {
  return decodeWith("CORS", () =>
    gen.s3.Cors.decode(value).rules.map((row) => ({
      id: row.id ?? "",
      allowedHeaders: row.allowedHeaders ?? [],
      allowedMethods: row.allowedMethods ?? [],
      allowedOrigins: row.allowedOrigins ?? [],
      exposeHeaders: row.exposeHeaders ?? [],
      maxAgeSeconds: row.maxAgeSeconds ?? undefined,
    })),
  );
}
