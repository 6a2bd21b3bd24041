/** Uploads in parts. IAM actions: user guide, "Multipart upload API and permissions"; Service Authorization Reference. */
import type { Operation } from "../../context/exchange.ts";
import { CHECKSUMS, COMMON, COPY_SOURCE, CUSTOMER_KEY, OBJECT, SENT_CHECKSUM } from "../../headers/groups.ts";
import { completeMultipartUpload } from "../../multipart/complete.ts";
import { listParts } from "../../multipart/parts.ts";
import { abortMultipartUpload, createMultipartUpload } from "../../multipart/upload.ts";
import { uploadPart, uploadPartCopy } from "../../multipart/upload-part.ts";
import { MAKES_OBJECT, OF_COPY_SOURCE } from "./objects.ts";
import { row } from "./row.ts";

export const MULTIPART: readonly Operation<"object">[] = [
  row("ListParts", "GET uploadId", "s3:ListMultipartUploadParts", listParts, {
    parameters: ["encoding-type", "max-parts", "part-number-marker"],
    headers: [...COMMON, ...CUSTOMER_KEY],
  }),
  row("CreateMultipartUpload", "POST uploads", MAKES_OBJECT, createMultipartUpload, {
    headers: [...OBJECT, "x-amz-checksum-algorithm", "x-amz-checksum-type"],
  }),
  row("UploadPart", "PUT uploadId", "s3:PutObject", uploadPart, {
    parameters: ["partNumber"],
    headers: [...COMMON, ...CUSTOMER_KEY, ...SENT_CHECKSUM],
  }),
  row(
    "UploadPartCopy",
    "PUT uploadId",
    { actions: ["s3:PutObject"], ofSource: OF_COPY_SOURCE },
    uploadPartCopy,
    {
      chosenBy: "x-amz-copy-source",
      parameters: ["partNumber"],
      headers: [...COMMON, ...CUSTOMER_KEY, ...COPY_SOURCE, "x-amz-copy-source-range"],
    },
  ),
  row("CompleteMultipartUpload", "POST uploadId", "s3:PutObject", completeMultipartUpload, {
    headers: [...COMMON, ...CUSTOMER_KEY, ...CHECKSUMS, "x-amz-checksum-type", "x-amz-mp-object-size"],
    decidesEtags: true,
  }),
  row("AbortMultipartUpload", "DELETE uploadId", "s3:AbortMultipartUpload", abortMultipartUpload, {
    headers: [...COMMON, "x-amz-if-match-initiated-time"],
  }),
];
