/** The row that says that requesters pay for a bucket; without it the owner of the bucket does. */
import { elastickv as gen } from "../../gen/s3.js";
import { decodeWith } from "./record-error.ts";

const { REQUESTER } = gen.s3.Payer;

export function encodeRequesterPays(): Uint8Array {
  return gen.s3.RequestPayment.encode({ payer: REQUESTER }).finish();
}

/** @throws RecordError */
export function decodeRequesterPays(value: Uint8Array): boolean {
  return decodeWith("request payment", () => gen.s3.RequestPayment.decode(value).payer === REQUESTER);
}
