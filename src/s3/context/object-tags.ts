/**
 * Tags of an object for `s3:ExistingObjectTag/...`. They lie in the object's row, which is read before the request is
 * authorised only when a policy of the bucket or of the user asks for tags.
 */
import { S3Error } from "../protocol/errors.ts";
import { NO_TAGS, type TagSet } from "../protocol/tags.ts";
import type { OpenedBucket } from "../records/bucket-directory.ts";
import { readVersion } from "../versions/current.ts";
import { requestedVersion } from "../versions/requested.ts";
import type { Exchange } from "./exchange.ts";

/** @returns undefined, at once: no policy asks for tags. @throws KvError */
export function tagsForPolicies(
  { auth, services }: Exchange,
  opened: OpenedBucket,
  key: string,
  versionId: string | undefined,
): Promise<TagSet> | undefined {
  const asks =
    opened.policy?.compiled?.asksForObjectTags === true ||
    services.authorizer.asksForObjectTags?.(auth.principal) === true;
  return asks ? tagsOf(opened, key, versionId) : undefined;
}

async function tagsOf(
  { bucket, view }: OpenedBucket,
  key: string,
  versionId: string | undefined,
): Promise<TagSet> {
  try {
    const { manifest } = await readVersion(view, bucket, key, requestedVersion(versionId), "meta");
    return manifest.tags ?? NO_TAGS;
  } catch (error) {
    // There is no such object, and the request is told so once it is authorised.
    if (error instanceof S3Error) return NO_TAGS;
    throw error;
  }
}
