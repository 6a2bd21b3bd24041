import type { PayloadReader, PayloadResult } from "../body/types.ts";
import type { Handler } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply } from "../protocol/replies.ts";
import { writeConditionOf } from "./conditions.ts";
import { invocationOf, WrittenBefore } from "./invocation.ts";
import { hexDigest, openPayload } from "./payload.ts";
import { objectFactsOf, storedHeaders, storeObject } from "./store-object.ts";

export const putObject: Handler<"object"> = async (exchange) => {
  const { request } = exchange;
  const facts = objectFactsOf(request);
  const condition = writeConditionOf(request);
  const invocation = invocationOf(exchange, condition !== undefined);
  const body = openPayload(exchange);
  let received: PayloadResult | undefined;
  const finish = async (): Promise<PayloadResult> => {
    received = await body.finish();
    return received;
  };
  try {
    const stored = await storeObject(exchange, facts, { body, finish, condition, invocation });
    return emptyReply(200, storedHeaders(stored));
  } catch (error) {
    if (!(error instanceof WrittenBefore)) throw error;
    const { digests } = received ?? (await readAway(body));
    // An invocation has one body; another body with the same invocation id is another write.
    if (hexDigest(digests.md5) !== error.manifest.etag) throw new S3Error("PreconditionFailed");
    return emptyReply(200, storedHeaders(error.manifest));
  } finally {
    body.abort();
  }
};

async function readAway(body: PayloadReader): Promise<PayloadResult> {
  const bytes = new Uint8Array(64 * 1024);
  while ((await body.readInto(bytes)) > 0) await body.settled();
  return body.finish();
}
