/**
 * The region of a bucket in answers. Regions have no effect here, but a client signs the next request for the region
 * of the answer: the server must accept every region that an answer names. Decision 076.
 */
import { DEFAULT_REGION } from "../../config/region.ts";
import type { Exchange } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { isRegion } from "../protocol/region.ts";
import type { BucketRecord } from "../records/bucket-record.ts";

/**
 * A configured region is the region of every bucket. Otherwise a bucket has the region that its creator chose, or the
 * region of the asking client.
 */
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
