/** The document `Tagging` of buckets and objects (API reference, Tagging). */
import { S3Error } from "../protocol/errors.ts";
import { checkTags, type Tag, type TagRules, type TagSet } from "../protocol/tags.ts";
import { document, element, tag } from "./builder.ts";
import { parseXml, type XmlElement } from "./reader.ts";

/** @throws S3Error MalformedXML, InvalidTag, BadRequest */
export function readTagging(bytes: Uint8Array, rules: TagRules): TagSet {
  const root = parseXml(bytes, "Tagging");
  const set = root.child("TagSet");
  if (set === undefined || !hasOnly(root, ["TagSet"]) || !hasOnly(set, ["Tag"])) {
    throw new S3Error("MalformedXML");
  }
  return checkTags(set.children("Tag").map(tagOf), rules);
}

function tagOf(node: XmlElement): Tag {
  const key = node.childText("Key");
  const value = node.childText("Value");
  if (key === undefined || value === undefined || !hasOnly(node, ["Key", "Value"])) {
    throw new S3Error("MalformedXML");
  }
  return { key, value };
}

function hasOnly(node: XmlElement, names: readonly string[]): boolean {
  return node.names.every((name) => names.includes(name));
}

export function taggingDocument(tags: TagSet): string {
  const inner = tags.map(({ key, value }) => element("Tag", tag("Key", key) + tag("Value", value)));
  return document("Tagging", element("TagSet", inner.join("")));
}
