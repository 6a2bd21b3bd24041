/** GetObjectLockConfiguration and PutObjectLockConfiguration (docs/decisions/171-object-lock.md). */
import type { Handler } from "../context/exchange.ts";
import { readDocument } from "../objects/document.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { readConfiguration, writeConfiguration } from "../records/bucket-configuration.ts";
import { configurationKey } from "../records/keys.ts";
import { type DefaultRetention, decodeDefaultRetention, encodeDefaultRetention } from "../records/lock.ts";
import { document, element, tag } from "../xml/builder.ts";
import type { XmlElement } from "../xml/reader.ts";
import { checkVersionsKnown } from "./lifecycle.ts";
import { changeBucket } from "./versioning.ts";

const UNITS = { Days: "days", Years: "years" } as const;
const COUNT_MAX = { days: 36_500, years: 100 } as const;

export const getObjectLockConfiguration: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const view = await services.kv.group(exchange.bucket).snapshot();
  const bucket = await services.buckets.inView(view, exchange.bucket);
  if (!bucket.objectLock) {
    throw new S3Error("ObjectLockConfigurationNotFoundError", { extra: [["BucketName", exchange.bucket]] });
  }
  const row = await readConfiguration(view, bucket, "object-lock");
  const rule = row === undefined ? "" : ruleElement(decodeDefaultRetention(row));
  return xmlReply(document("ObjectLockConfiguration", tag("ObjectLockEnabled", "Enabled") + rule));
};

function ruleElement({ count, mode, unit }: DefaultRetention): string {
  const period = unit === "days" ? tag("Days", count) : tag("Years", count);
  return element("Rule", element("DefaultRetention", tag("Mode", mode) + period));
}

/** Enables locks too, on a bucket with versioning; they stay enabled. Without a rule there is no default retention. */
export const putObjectLockConfiguration: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const name = exchange.bucket;
  const before = await services.buckets.now(name);
  if (before.versioning !== "enabled") throw notVersioned();
  const retention = defaultRetention(await readDocument(exchange, "ObjectLockConfiguration"));
  checkVersionsKnown(services);
  const value = retention === undefined ? undefined : encodeDefaultRetention(retention);
  if (before.objectLock) {
    await writeConfiguration(services, before, "object-lock", value);
    return emptyReply(200);
  }
  await changeBucket(
    services,
    name,
    ({ versioning }) => {
      if (versioning !== "enabled") throw notVersioned();
      return { versioning, objectLock: true };
    },
    (bucket) => {
      const key = configurationKey(bucket, "object-lock");
      return [value === undefined ? { kind: "delete", key } : { kind: "put", key, value }];
    },
  );
  return emptyReply(200);
};

function notVersioned(): S3Error {
  return new S3Error("InvalidBucketState", {
    message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
  });
}

/** @throws S3Error MalformedXML, InvalidArgument */
function defaultRetention(root: XmlElement): DefaultRetention | undefined {
  const malformed = (): S3Error => new S3Error("MalformedXML");
  if (root.childText("ObjectLockEnabled")?.trim() !== "Enabled") throw malformed();
  if (root.names.some((name) => name !== "ObjectLockEnabled" && name !== "Rule")) throw malformed();
  const rule = root.child("Rule");
  if (rule === undefined) return undefined;
  const retention = rule.child("DefaultRetention");
  const mode = retention?.childText("Mode")?.trim();
  if (retention === undefined || (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")) throw malformed();
  const [name, second] = retention.names.filter((one) => one !== "Mode");
  // Exactly one of Days and Years.
  if ((name !== "Days" && name !== "Years") || second !== undefined) throw malformed();
  const unit = UNITS[name];
  const text = retention.childText(name)?.trim() ?? "";
  if (!/^-?\d{1,15}$/.test(text)) throw malformed();
  const count = Number(text);
  if (count < 1) {
    throw invalidArgument(name, text, "Default retention period must be a positive integer value.");
  }
  if (count > COUNT_MAX[unit]) throw invalidArgument(name, text, "Default retention period is too large.");
  return { mode, unit, count };
}
