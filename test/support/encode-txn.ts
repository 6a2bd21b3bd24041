import {
  COMMAND_HEADER_BYTES,
  encodeTxnHeader,
  type ProposalIdentity,
  payloadsOf,
  writeTxn,
} from "../../src/txn/command.ts";
import type { Txn } from "../../src/txn/types.ts";

/** A whole entry, payload copied into place. */
export function encodeTxn(txn: Txn, identity: ProposalIdentity): Uint8Array {
  const header = encodeTxnHeader(txn, identity);
  const payload = payloadsOf(txn);
  const data = new Uint8Array(COMMAND_HEADER_BYTES + payload.bytes + header.byteLength);
  writeTxn(data, payload.views, payload.bytes, header);
  return data;
}
