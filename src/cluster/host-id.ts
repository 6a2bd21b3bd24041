import { createHmac } from "node:crypto";

const DIGITS = 32;

/**
 * The id of a node in S3 answers (`x-amz-id-2`, `<HostId>`): 32 hex digits. The id reveals nothing without the
 * instance of the node's data directory, which is 128 random bits. Members of the cluster know the instances: `GET
 * /v1/cluster` lists the ids.
 */
export function hostIdOf(instance: string): string {
  return createHmac("sha256", instance).update("elastickv host id").digest("hex").slice(0, DIGITS);
}
