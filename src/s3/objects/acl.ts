/**
 * ACLs are off: every bucket is BucketOwnerEnforced. A request may only set the ACL that is in force, the owner's
 * full control. S3 accepts that ACL too (API reference, ObjectOwnership: "bucket owner full control ACLs ... or a
 * custom ACL in XML format that grants the same permissions"), and s3cmd sends that ACL after each copy.
 */

import type { EdgeReply } from "../../http/types.ts";
import type { Exchange, Handler } from "../context/exchange.ts";
import { ownerOfBucket } from "../context/owners.ts";
import { aclNotSupported } from "../headers/values.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply } from "../protocol/replies.ts";
import { document, element, tag } from "../xml/builder.ts";
import type { Owner } from "../xml/owner.ts";
import { parseXml, type XmlElement } from "../xml/reader.ts";
import { currentObject } from "./current.ts";
import { documentBytes } from "./document.ts";

/** The policy has only one grant, the owner's full control. */
export function accessPolicy(owner: Owner): string {
  const identity = tag("ID", owner.id) + tag("DisplayName", owner.displayName);
  const grantee = `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">${identity}</Grantee>`;
  const grant = element("Grant", grantee + tag("Permission", "FULL_CONTROL"));
  return document("AccessControlPolicy", element("Owner", identity) + element("AccessControlList", grant));
}

export const putBucketAcl: Handler<"bucket"> = setAcl;

export const putObjectAcl: Handler<"object"> = async (exchange) => {
  await currentObject(exchange, "meta");
  return setAcl(exchange);
};

/**
 * @throws S3Error AccessControlListNotSupported, MalformedACLError, MissingSecurityHeader and the errors of a bad
 *   body
 */
async function setAcl(exchange: Exchange): Promise<EdgeReply> {
  const { request } = exchange;
  // `checkHeaders` has accepted the header, so the ACL in the header changes nothing.
  if (request.header("x-amz-acl") !== undefined) return emptyReply(200);
  const bytes = await documentBytes(exchange);
  if (bytes.byteLength === 0) {
    throw new S3Error("MissingSecurityHeader", { extra: [["MissingHeaderName", "x-amz-acl"]] });
  }
  if (!isOwners(parseXml(bytes, "AccessControlPolicy"), ownerOfBucket(exchange).id)) throw aclNotSupported();
  return emptyReply(200);
}

/** @throws S3Error MalformedACLError */
function isOwners(policy: XmlElement, owner: string): boolean {
  const grants = policy.child("AccessControlList")?.children("Grant");
  if (grants === undefined) throw new S3Error("MalformedACLError");
  const named = policy.child("Owner")?.childText("ID")?.trim() ?? owner;
  return (
    named === owner &&
    grants.length > 0 &&
    grants.every((grant) => {
      const grantee = grant.child("Grantee");
      const permission = grant.childText("Permission")?.trim();
      if (grantee === undefined || permission === undefined) throw new S3Error("MalformedACLError");
      return grantee.childText("ID")?.trim() === owner && permission === "FULL_CONTROL";
    })
  );
}
