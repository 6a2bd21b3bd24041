/**
 * Where a bucket lies, as answers say it. Regions mean nothing here, but clients take what they are told and sign for it
 * the next time: whatever is named must be accepted. Decision 076.
 */
import { DEFAULT_REGION } from "../../config/region.ts";
import { S3Error } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { BucketRecord } from "../records/bucket-record.ts";

/** `us-east-1`, and what other stores have clients sign for: `auto`, `garage`, `RegionOne`. */
const WELL_FORMED = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export function isRegion(text: string): boolean {
  return WELL_FORMED.test(text);
}

/** A region that is set is everybody's. Else a bucket is where its creator put it, or where the asking client is. */
export function regionOf(exchange: Exchange, bucket: Pick<BucketRecord, "region">): string {
  const { services, auth } = exchange;
  if (services.region !== undefined) return services.region;
  return bucket.region === DEFAULT_REGION ? (auth.region ?? DEFAULT_REGION) : bucket.region;
}

/** The region of a new bucket's row. @param constraint "" = none. @throws S3Error InvalidLocationConstraint */
export function regionOfNew(exchange: Exchange, constraint: string): string {
  const { region } = exchange.services;
  if (constraint === "") return region ?? DEFAULT_REGION;
  if (region === undefined ? isRegion(constraint) : constraint === region) return constraint;
  throw new S3Error("InvalidLocationConstraint", { extra: [["LocationConstraint", constraint]] });
}
