/** The policy of a bucket. API reference: PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy, GetBucketPolicyStatus. */
import { CompiledPolicy } from "../../iam/policy/compiled-policy.ts";
import type { PolicyDocument } from "../../iam/policy/document.ts";
import { parsePolicy } from "../../iam/policy/parse.ts";
import { PolicyError } from "../../iam/policy/policy-error.ts";
import { isPublic } from "../../iam/policy/public.ts";
import { openBody } from "../body/open-body.ts";
import { requestDenied } from "../context/authorize.ts";
import { type BucketExchange, type Handler, openedBucket } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { CONFIGURATION_BYTES_MAX } from "../protocol/limits.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { readConfiguration, writeConfiguration } from "../records/bucket-configuration.ts";
import { decodePublicAccessBlock } from "../records/bucket-policy.ts";
import type { Guard } from "../records/guarded.ts";
import { configurationKey } from "../records/keys.ts";
import { document, tag } from "../xml/builder.ts";

export const putBucketPolicy: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const bytes = await bodyOf(exchange);
  const policy = parsed(bytes, exchange.bucket);
  const confirmed = exchange.request.header("x-amz-confirm-remove-self-bucket-access");
  if (confirmed?.toLowerCase() !== "true") refuseLockOut(exchange, policy);
  const { bucket } = openedBucket(exchange);
  await writeConfiguration(services, bucket, "policy", bytes, async () =>
    isPublic(policy) ? [await publicIsAllowed(exchange)] : [],
  );
  return emptyReply(204);
};

/** The text as it was put. */
export const getBucketPolicy: Handler<"bucket"> = async (exchange) => {
  const { bucket, view } = openedBucket(exchange);
  const bytes = await readConfiguration(view, bucket, "policy");
  if (bytes === undefined) throw noPolicy(exchange);
  return { status: 200, headers: [["Content-Type", "application/json"]], body: { kind: "bytes", bytes } };
};

export const deleteBucketPolicy: Handler<"bucket"> = async (exchange) => {
  await writeConfiguration(exchange.services, openedBucket(exchange).bucket, "policy", undefined);
  return emptyReply(204);
};

export const getBucketPolicyStatus: Handler<"bucket"> = async (exchange) => {
  const { policy } = openedBucket(exchange);
  if (policy === undefined) throw noPolicy(exchange);
  return xmlReply(document("PolicyStatus", tag("IsPublic", policy.isPublic)));
};

function noPolicy({ bucket }: BucketExchange): S3Error {
  return new S3Error("NoSuchBucketPolicy", { extra: [["BucketName", bucket]] });
}

async function bodyOf({ auth, request, services }: BucketExchange): Promise<Uint8Array> {
  const body = openBody(request, auth, { hashes: services.hashes, maxLength: CONFIGURATION_BYTES_MAX });
  try {
    return await body.readAll(CONFIGURATION_BYTES_MAX);
  } finally {
    body.abort();
  }
}

/** @throws S3Error MalformedPolicy */
function parsed(bytes: Uint8Array, bucket: string): PolicyDocument {
  try {
    return parsePolicy(textOf(bytes), { kind: "bucket", bucket });
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const { detail, message } = error;
    throw new S3Error("MalformedPolicy", {
      message,
      ...(detail === undefined ? {} : { extra: [["Detail", detail.slice(0, 500)]] }),
    });
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    // A byte order mark stays, and the text then does not begin with "{".
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PolicyError("This policy contains invalid Json", "", "not UTF-8");
  }
}

/** Nobody shuts itself out by mistake. @throws S3Error AccessDenied */
function refuseLockOut(exchange: BucketExchange, policy: PolicyDocument): void {
  if (!requestDenied(exchange, new CompiledPolicy(policy), "s3:PutBucketPolicy")) return;
  throw new S3Error("AccessDenied", {
    message:
      "The policy would deny you to change it again: send x-amz-confirm-remove-self-bucket-access: true to put it all the same.",
  });
}

/**
 * BlockPublicPolicy is off, and the guard is that it stays as it is until the write. @throws S3Error AccessDenied
 */
async function publicIsAllowed({ bucket: name, services }: BucketExchange): Promise<Guard> {
  // Not in the view of the request: a lost race must see what has won it.
  const { bucket, view } = await services.buckets.open(name);
  const key = configurationKey(bucket, "public-access-block");
  const row = await view.getMeta(key);
  if (row === undefined) return { condition: { kind: "must-not-exist", key }, onFail: "retry" };
  if (decodePublicAccessBlock(row.value).blockPublicPolicy) {
    throw new S3Error("AccessDenied", {
      message:
        "Access Denied: BlockPublicPolicy of the bucket's public access block refuses public policies.",
    });
  }
  return { condition: { kind: "version-equals", key, commitTs: row.commitTs }, onFail: "retry" };
}
