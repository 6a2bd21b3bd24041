import { escapeXml } from "../../../src/s3/protocol/errors.ts";
import { type Harness, type HarnessOptions, harness } from "./harness.ts";

/** The document of PutBucketTagging and PutObjectTagging. */
export function tagging(tags: readonly (readonly [key: string, value: string])[]): string {
  const set = tags.map(
    ([key, value]) => `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
  );
  return `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${set.join("")}</TagSet></Tagging>`;
}

export const OBJECT_TAGS_TARGET = "/bucket/key?tagging";
export const TAGGING_GUIDE = "Categorizing your objects using tags";
export const KEY_INVALID = "The TagKey you have provided is invalid";
export const VALUE_INVALID = "The TagValue you have provided is invalid";

/** With `/bucket/key`, whose content is `content`. */
export async function withObject(options: HarnessOptions = {}): Promise<Harness> {
  const h = harness(options);
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "content", headers: { "x-amz-meta-a": "b" } });
  return h;
}

/** Tags of an object as `[key, value]`. */
export async function tagsOf(h: Harness, key = "key"): Promise<string[][]> {
  const answer = await h.call("GET", `/bucket/${key}?tagging`);
  const values = answer.tags("Value");
  return answer.tags("Key").map((name, i) => [name, values[i] as string]);
}

export const manyTags = (count: number): [string, string][] =>
  Array.from({ length: count }, (_, i) => [`k${i}`, "v"]);
