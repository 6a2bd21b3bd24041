/** API reference: PutPublicAccessBlock, GetPublicAccessBlock, DeletePublicAccessBlock. */
import { type Handler, openedBucket } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { writeConfiguration } from "../records/bucket-configuration.ts";
import {
  encodePublicAccessBlock,
  type PublicAccessBlock,
  readPublicAccessBlock,
} from "../records/bucket-policy.ts";
import { document, tag } from "../xml/builder.ts";
import type { XmlElement } from "../xml/reader.ts";
import { configuration } from "./as-it-is.ts";

const ROOT = "PublicAccessBlockConfiguration";

/** In the order of the reference. */
const ELEMENTS: readonly (readonly [element: string, field: keyof PublicAccessBlock])[] = [
  ["BlockPublicAcls", "blockPublicAcls"],
  ["IgnorePublicAcls", "ignorePublicAcls"],
  ["BlockPublicPolicy", "blockPublicPolicy"],
  ["RestrictPublicBuckets", "restrictPublicBuckets"],
];

export const putPublicAccessBlock: Handler<"bucket"> = async (exchange) => {
  const root = await configuration(exchange, ROOT);
  if (root.names.some((name) => !ELEMENTS.some(([element]) => element === name))) {
    throw new S3Error("MalformedXML");
  }
  const block: PublicAccessBlock = {
    blockPublicAcls: flagOf(root, "BlockPublicAcls"),
    ignorePublicAcls: flagOf(root, "IgnorePublicAcls"),
    blockPublicPolicy: flagOf(root, "BlockPublicPolicy"),
    restrictPublicBuckets: flagOf(root, "RestrictPublicBuckets"),
  };
  const { bucket } = openedBucket(exchange);
  const row = encodePublicAccessBlock(block);
  await writeConfiguration(exchange.services, bucket, "public-access-block", row);
  return emptyReply(200);
};

/** A missing element is false. @throws S3Error MalformedXML */
function flagOf(root: XmlElement, element: string): boolean {
  const text = root.childText(element)?.trim().toLowerCase() ?? "false";
  if (text !== "true" && text !== "false") throw new S3Error("MalformedXML");
  return text === "true";
}

export const getPublicAccessBlock: Handler<"bucket"> = async (exchange) => {
  const { bucket, view } = openedBucket(exchange);
  const block = await readPublicAccessBlock(view, bucket);
  if (block === undefined) {
    throw new S3Error("NoSuchPublicAccessBlockConfiguration", { extra: [["BucketName", exchange.bucket]] });
  }
  return xmlReply(document(ROOT, ELEMENTS.map(([element, field]) => tag(element, block[field])).join("")));
};

export const deletePublicAccessBlock: Handler<"bucket"> = async (exchange) => {
  const { bucket } = openedBucket(exchange);
  await writeConfiguration(exchange.services, bucket, "public-access-block", undefined);
  return emptyReply(204);
};
