import { escapeXml } from "../../../src/s3/protocol/errors.ts";

/** The document of PutBucketTagging and PutObjectTagging. */
export function tagging(tags: readonly (readonly [key: string, value: string])[]): string {
  const set = tags.map(
    ([key, value]) => `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
  );
  return `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${set.join("")}</TagSet></Tagging>`;
}
