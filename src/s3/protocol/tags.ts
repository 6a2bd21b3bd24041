/**
 * Tags of buckets and objects: limits, and the header `x-amz-tagging`. Sources: S3 User Guide, "Categorizing your
 * objects using tags"; AWS Billing, "User-defined tag restrictions"; API reference, Tag. The messages are those that
 * S3 was seen to send (hashicorp/terraform-provider-aws#41747, aws/aws-cli#2841, localstack/localstack,
 * tests/aws/services/s3, versity/versitygw, s3err).
 */
import { invalidArgument, S3Error } from "./errors.ts";
import { decodeQueryComponent } from "./percent.ts";

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

export const TAGGING_HEADER = "x-amz-tagging";

/**
 * The tags in `x-amz-tagging`: `key=value&key=value`, percent-encoded; a key without `=` has the empty value.
 * @param text latin1 as received. @throws S3Error InvalidArgument (encoding, one key twice), InvalidTag, BadRequest
 */
export function parseTaggingHeader(text: string): TagSet {
  const tags: Tag[] = [];
  const keys = new Set<string>();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const [name = "", value = "", more] = pair.split("=");
    if (more !== undefined) throw badHeader(text);
    const tag = { key: decoded(name, text), value: decoded(value, text) };
    if (keys.has(tag.key)) throw badHeader(text);
    keys.add(tag.key);
    tags.push(tag);
  }
  return tags.length === 0 ? NO_TAGS : checkTags(tags, OBJECT_TAGS);
}

function decoded(component: string, header: string): string {
  try {
    return decodeQueryComponent(component);
  } catch (error) {
    if (error instanceof S3Error) throw badHeader(header);
    throw error;
  }
}

function badHeader(text: string): S3Error {
  return invalidArgument(
    TAGGING_HEADER,
    text.slice(0, 1024),
    `The header '${TAGGING_HEADER}' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.`,
  );
}

function invalidTag(message: string, key: string, value?: string): S3Error {
  const extra: [string, string][] = [["TagKey", key.slice(0, 2 * KEY_LENGTH_MAX)]];
  if (value !== undefined) extra.push(["TagValue", value.slice(0, 2 * VALUE_LENGTH_MAX)]);
  return new S3Error("InvalidTag", { message, extra });
}
