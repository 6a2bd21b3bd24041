/** The version id of a request. */
import { invalidArgument, type S3Error } from "../protocol/errors.ts";
import { parseVersionId, type VersionId } from "../records/version-id.ts";

/**
 * The messages are those of S3 for a bucket without versioning: localstack/localstack,
 * tests/aws/services/s3/test_s3_api.snapshot.json (21-01-2025). @throws S3Error InvalidArgument
 */
export function requestedVersion(text: string | undefined, argument = "versionId"): VersionId | undefined {
  if (text === undefined) return undefined;
  if (text === "") throw invalidArgument(argument, "", "Version id cannot be the empty string");
  const versionId = parseVersionId(text);
  if (versionId !== undefined) return versionId;
  throw invalidVersionId(text, argument);
}

/** Also for every id but `null` in a bucket without versioning. */
export function invalidVersionId(text: string, argument = "versionId"): S3Error {
  return invalidArgument(argument, text.slice(0, 200), "Invalid version id specified");
}
