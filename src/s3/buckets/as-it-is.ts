/**
 * Configurations that accept only the value that is always in force: a GET returns what was put. Every other value
 * that S3 allows is NotImplemented, because the server would not act on the value.
 */

import type { EdgeReply } from "../../http/types.ts";
import type { BucketExchange, Handler } from "../context/exchange.ts";
import { notImplementedHeader, OWNERSHIPS } from "../headers/values.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply } from "../protocol/replies.ts";
import { parseXml, type XmlElement } from "../xml/reader.ts";
import { bucketDocument } from "./configuration-row.ts";

/** @throws S3Error MissingRequestBodyError, MalformedXML and the errors of a bad body */
export async function configuration(exchange: BucketExchange, root: string): Promise<XmlElement> {
  return parseXml(await bucketDocument(exchange), root);
}

/** Accepts the first word, which is always in force. @throws S3Error MalformedXML, NotImplemented (another word) */
function onlyFirst(words: readonly string[], text: string | undefined, element: string): EdgeReply {
  if (text === undefined || !words.includes(text)) throw new S3Error("MalformedXML");
  if (text !== words[0]) throw notImplementedHeader(`${element}: ${text}`);
  return emptyReply(200);
}

/** With one rule, as S3 requires (versity/versitygw, tests/integration/PutBucketOwnershipControls.go). */
export const putBucketOwnershipControls: Handler<"bucket"> = async (exchange) => {
  const rule = (await configuration(exchange, "OwnershipControls")).child("Rule");
  return onlyFirst(OWNERSHIPS, rule?.childText("ObjectOwnership")?.trim(), "ObjectOwnership");
};

/** Accepts an empty document: disabled logging, or no notifications. */
function empty(root: string): Handler<"bucket"> {
  return async (exchange) => {
    const [first] = (await configuration(exchange, root)).names;
    if (first !== undefined) throw notImplementedHeader(first);
    return emptyReply(200);
  };
}

export const putBucketLogging = empty("BucketLoggingStatus");
export const putBucketNotificationConfiguration = empty("NotificationConfiguration");
