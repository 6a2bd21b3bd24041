import { createHmac } from "node:crypto";

const DIGITS = 32;

/**
 * What S3 answers call a node (`x-amz-id-2`, `<HostId>`): 32 hex digits that say nothing of it to whoever does not know its
 * data directory's instance, which is 128 random bits. The members of its cluster do: `GET /v1/cluster` lists the ids.
 */
export function hostIdOf(instance: string): string {
  return createHmac("sha256", instance).update("elastickv host id").digest("hex").slice(0, DIGITS);
}
