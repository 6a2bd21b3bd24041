/**
 * Tags of buckets and objects: limits, and the header `x-amz-tagging`. Sources: S3 User Guide, "Categorizing your
 * objects using tags"; AWS Billing, "User-defined tag restrictions"; API reference, Tag. The messages are those that
 * S3 was seen to send (hashicorp/terraform-provider-aws#41747, aws/aws-cli#2841, localstack/localstack,
 * tests/aws/services/s3, versity/versitygw, s3err).
 */
import { S3Error } from "./errors.ts";

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** In order of the keys, which are unique. */
export type TagSet = readonly Tag[];

export const NO_TAGS: TagSet = [];

/** What differs between the tags of buckets and of objects. */
export interface TagRules {
  readonly max: number;
  readonly tooMany: string;
  readonly reserved: string;
}

export const BUCKET_TAGS: TagRules = {
  max: 50,
  tooMany: "Bucket tag count cannot be greater than 50",
  reserved: "System tags cannot be added/updated by requester",
};

export const OBJECT_TAGS: TagRules = {
  max: 10,
  tooMany: "Object tags cannot be greater than 10",
  reserved: "Your TagKey cannot be prefixed with aws:",
};

/** S3 counts UTF-16 units, as JavaScript does. */
const KEY_LENGTH_MAX = 128;
const VALUE_LENGTH_MAX = 256;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const RESERVED = /^aws:/i;

/** @returns the tags in order of their keys. @throws S3Error BadRequest, InvalidTag */
export function checkTags(tags: readonly Tag[], rules: TagRules): TagSet {
  if (tags.length > rules.max) throw new S3Error("BadRequest", { message: rules.tooMany });
  const keys = new Set<string>();
  for (const { key, value } of tags) {
    if (key === "" || key.length > KEY_LENGTH_MAX || !ALLOWED.test(key)) {
      throw invalidTag("The TagKey you have provided is invalid", key);
    }
    if (value.length > VALUE_LENGTH_MAX || !ALLOWED.test(value)) {
      throw invalidTag("The TagValue you have provided is invalid", key, value);
    }
    if (RESERVED.test(key)) throw invalidTag(rules.reserved, key);
    if (keys.has(key)) throw invalidTag("Cannot provide multiple Tags with the same key", key);
    keys.add(key);
  }
  return tags.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function invalidTag(message: string, key: string, value?: string): S3Error {
  const extra: [string, string][] = [["TagKey", key.slice(0, 2 * KEY_LENGTH_MAX)]];
  if (value !== undefined) extra.push(["TagValue", value.slice(0, 2 * VALUE_LENGTH_MAX)]);
  return new S3Error("InvalidTag", { message, extra });
}
