/**
 * Objects. IAM actions: Service Authorization Reference, Amazon S3; a request that names a version needs another
 * action.
 */
import type { Permissions } from "../../auth/permissions.ts";
import type { Operation } from "../../context/exchange.ts";
import {
  COMMON,
  COPY_SOURCE,
  CUSTOMER_KEY,
  OBJECT,
  READ,
  SDK_CHECKSUM,
  SENT_CHECKSUM,
} from "../../headers/groups.ts";
import { putObjectAcl } from "../../objects/acl.ts";
import {
  getObjectAcl,
  getObjectAttributes,
  getObjectTorrent,
  restoreObject,
} from "../../objects/attributes.ts";
import { copyObject } from "../../objects/copy.ts";
import { deleteObject } from "../../objects/delete.ts";
import { getObject, headObject } from "../../objects/get.ts";
import {
  getObjectLegalHold,
  getObjectRetention,
  putObjectLegalHold,
  putObjectRetention,
} from "../../objects/lock-operations.ts";
import { putObject } from "../../objects/put.ts";
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from "../../objects/tagging.ts";
import { type RowOptions, row } from "./row.ts";

const VERSION = ["versionId"];
const OF_READ: RowOptions = {
  parameters: [
    "partNumber",
    "versionId",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
  ],
  headers: READ,
};
const BYPASS = { "x-amz-bypass-governance-retention": "s3:BypassGovernanceRetention" };

/** Headers that describe a new object need further actions (API reference, PutObject). */
export const MAKES_OBJECT: Permissions = {
  actions: ["s3:PutObject"],
  ofHeaders: {
    "x-amz-acl": "s3:PutObjectAcl",
    "x-amz-grant-*": "s3:PutObjectAcl",
    "x-amz-object-lock-legal-hold": "s3:PutObjectLegalHold",
    "x-amz-object-lock-mode": "s3:PutObjectRetention",
    "x-amz-object-lock-retain-until-date": "s3:PutObjectRetention",
    "x-amz-tagging": "s3:PutObjectTagging",
  },
};
export const OF_COPY_SOURCE = { action: "s3:GetObject", ofVersion: "s3:GetObjectVersion" } as const;

const read = (name: string): Permissions => ({
  actions: [`s3:GetObject${name}`],
  ofVersion: [`s3:GetObjectVersion${name}`],
});

export const OBJECTS: readonly Operation<"object">[] = [
  row("GetObject", "GET", read(""), getObject, OF_READ),
  row("HeadObject", "HEAD", read(""), headObject, OF_READ),
  row("PutObject", "PUT", MAKES_OBJECT, putObject, {
    headers: [...OBJECT, ...SENT_CHECKSUM, "x-amz-write-offset-bytes"],
    decidesEtags: true,
  }),
  row("CopyObject", "PUT", { ...MAKES_OBJECT, ofSource: OF_COPY_SOURCE }, copyObject, {
    chosenBy: "x-amz-copy-source",
    headers: [
      ...OBJECT,
      ...COPY_SOURCE,
      "x-amz-checksum-algorithm",
      "x-amz-metadata-directive",
      "x-amz-object-annotation-directive",
      "x-amz-tagging-directive",
    ],
    decidesEtags: true,
  }),
  row(
    "DeleteObject",
    "DELETE",
    { actions: ["s3:DeleteObject"], ofVersion: ["s3:DeleteObjectVersion"], ofHeaders: BYPASS },
    deleteObject,
    {
      parameters: VERSION,
      headers: [
        ...COMMON,
        "x-amz-bypass-governance-retention",
        "x-amz-if-match-last-modified-time",
        "x-amz-if-match-size",
        "x-amz-mfa",
      ],
      decidesEtags: true,
    },
  ),
  row("GetObjectAcl", "GET acl", read("Acl"), getObjectAcl, { parameters: VERSION, headers: COMMON }),
  row("GetObjectTagging", "GET tagging", read("Tagging"), getObjectTagging, {
    parameters: VERSION,
    headers: COMMON,
  }),
  row(
    "GetObjectAttributes",
    "GET attributes",
    {
      actions: ["s3:GetObject", "s3:GetObjectAttributes"],
      ofVersion: ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"],
    },
    getObjectAttributes,
    {
      parameters: VERSION,
      headers: [
        ...COMMON,
        ...CUSTOMER_KEY,
        "x-amz-max-parts",
        "x-amz-object-attributes",
        "x-amz-part-number-marker",
      ],
    },
  ),
  row("GetObjectLegalHold", "GET legal-hold", "s3:GetObjectLegalHold", getObjectLegalHold, {
    parameters: VERSION,
    headers: COMMON,
  }),
  row("GetObjectRetention", "GET retention", "s3:GetObjectRetention", getObjectRetention, {
    parameters: VERSION,
    headers: COMMON,
  }),
  row("GetObjectTorrent", "GET torrent", "s3:GetObjectTorrent", getObjectTorrent, { headers: COMMON }),
  row(
    "PutObjectAcl",
    "PUT acl",
    { actions: ["s3:PutObjectAcl"], ofVersion: ["s3:PutObjectVersionAcl"] },
    putObjectAcl,
    { parameters: VERSION, headers: [...COMMON, ...SDK_CHECKSUM, "x-amz-acl", "x-amz-grant-*"] },
  ),
  row(
    "PutObjectLegalHold",
    "PUT legal-hold",
    { actions: ["s3:PutObjectLegalHold"], keysInBody: ["s3:object-lock-legal-hold"] },
    putObjectLegalHold,
    { parameters: VERSION, headers: [...COMMON, ...SDK_CHECKSUM] },
  ),
  row(
    "PutObjectRetention",
    "PUT retention",
    {
      actions: ["s3:PutObjectRetention"],
      ofHeaders: BYPASS,
      keysInBody: [
        "s3:object-lock-mode",
        "s3:object-lock-retain-until-date",
        "s3:object-lock-remaining-retention-days",
      ],
    },
    putObjectRetention,
    {
      parameters: VERSION,
      headers: [...COMMON, ...SDK_CHECKSUM, "x-amz-bypass-governance-retention"],
    },
  ),
  row(
    "DeleteObjectTagging",
    "DELETE tagging",
    { actions: ["s3:DeleteObjectTagging"], ofVersion: ["s3:DeleteObjectVersionTagging"] },
    deleteObjectTagging,
    { parameters: VERSION },
  ),
  row(
    "PutObjectTagging",
    "PUT tagging",
    {
      actions: ["s3:PutObjectTagging"],
      ofVersion: ["s3:PutObjectVersionTagging"],
      keysInBody: ["s3:requestobjecttag/", "s3:requestobjecttagkeys"],
    },
    putObjectTagging,
    { parameters: VERSION, headers: [...COMMON, ...SDK_CHECKSUM] },
  ),
  row("RestoreObject", "POST restore", "s3:RestoreObject", restoreObject, {
    parameters: VERSION,
    headers: [...COMMON, ...SDK_CHECKSUM],
  }),
];
