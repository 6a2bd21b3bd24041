/** Who pays for requests: kept, and given back. Nobody is charged here; src/s3/requester-pays.ts answers as S3 does. */
import { type BucketExchange, type Handler, openedBucket } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { writeConfiguration } from "../records/bucket-configuration.ts";
import { decodeRequesterPays, encodeRequesterPays } from "../records/request-payment.ts";
import { document, tag } from "../xml/builder.ts";
import { parseXml } from "../xml/reader.ts";
import { bucketDocument, storedConfiguration } from "./configuration-row.ts";

const ROOT = "RequestPaymentConfiguration";

export const getBucketRequestPayment: Handler<"bucket"> = async (exchange: BucketExchange) => {
  const value = await storedConfiguration(exchange, "request-payment");
  const requester = value !== undefined && decodeRequesterPays(value);
  return xmlReply(document(ROOT, tag("Payer", requester ? "Requester" : "BucketOwner")));
};

export const putBucketRequestPayment: Handler<"bucket"> = async (exchange) => {
  const root = parseXml(await bucketDocument(exchange), ROOT);
  const payer = root.childText("Payer")?.trim();
  if (root.names.length !== 1 || (payer !== "Requester" && payer !== "BucketOwner")) {
    throw new S3Error("MalformedXML");
  }
  const value = payer === "Requester" ? encodeRequesterPays() : undefined;
  await writeConfiguration(exchange.services, openedBucket(exchange).bucket, "request-payment", value);
  return emptyReply(200);
};
