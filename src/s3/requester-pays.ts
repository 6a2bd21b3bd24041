/**
 * The answer to a requester who says that it pays (S3 User Guide, "Using Requester Pays general purpose buckets"). A
 * request without `x-amz-request-payer` costs one look at its headers.
 */
import type { EdgeReply } from "../http/types.ts";
import { KvError } from "../txn/types.ts";
import type { Exchange } from "./context/exchange.ts";
import { S3Error } from "./protocol/errors.ts";
import { readConfiguration } from "./records/bucket-configuration.ts";
import { decodeRequesterPays } from "./records/request-payment.ts";

export const PAYER_HEADER = "x-amz-request-payer";

/** Adds `x-amz-request-charged` to a success, when the requester pays for the bucket. */
export async function withCharge(exchange: Exchange, reply: EdgeReply): Promise<EdgeReply> {
  const { request, services } = exchange;
  if (request.header(PAYER_HEADER) === undefined || reply.status >= 400) return reply;
  if (request.bucket === undefined || !services.hold.isOpen || !(await requesterPays(exchange))) return reply;
  return { ...reply, headers: [...reply.headers, ["x-amz-request-charged", "requester"]] };
}

/** What was done stays done: the answer is sent without the header when the row cannot be read. */
async function requesterPays({ request, services }: Exchange): Promise<boolean> {
  const name = request.bucket ?? "";
  try {
    const { bucket, view } = await services.buckets.open(name);
    const value = await readConfiguration(view, bucket, "request-payment");
    return value !== undefined && decodeRequesterPays(value);
  } catch (error) {
    const isExpected =
      error instanceof KvError || (error instanceof S3Error && error.code === "NoSuchBucket");
    if (!isExpected) services.onInternalError(error, request.requestId);
    return false;
  }
}
