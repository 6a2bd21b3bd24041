import { S3Error } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import { BUCKET_CHECKS, HEADER_ROWS, type HeaderRow } from "./rows.ts";
import { aclNotSupported, bucketAclWithOwnership, notImplementedHeader } from "./values.ts";

/** What an operation's row says about headers. */
export interface HeaderRules {
  /** Names and families (`x-amz-meta-*`) that the API reference gives the operation. */
  readonly known: ReadonlySet<string>;
  /** If-Match and If-None-Match of a write are decided; on any other write they are refused. */
  readonly decidesEtags: boolean;
  /** ACLs are those of a bucket that is made: S3 refuses them in other words. */
  readonly makesBucket: boolean;
}

/** What the headers ask for beside what their own handlers read. */
export interface HeaderFacts {
  /** S3 refuses it when the bucket has no lock configuration, so after the bucket was found. */
  readonly asksForLock: boolean;
}

export const NO_HEADERS: HeaderFacts = { asksForLock: false };
const LOCK: HeaderFacts = { asksForLock: true };
const LOCK_PREFIX = "x-amz-object-lock-";
const FAMILIES: readonly string[] = Object.keys(HEADER_ROWS).filter((name) => name.endsWith("*"));

/** The name under which the tables have a header: its own, or its family's. Undefined: nobody knows it. @internal */
export function tableName(lowerName: string): string | undefined {
  if (Object.hasOwn(HEADER_ROWS, lowerName)) return lowerName;
  return FAMILIES.find((family) => lowerName.startsWith(family.slice(0, -1)));
}

/**
 * One pass over the headers: values that are none of those the reference allows, what asks for something that is not
 * here, and on a request that writes every `x-amz-*` header that its operation does not know. Ignoring one of those
 * may lose a condition, or store in the clear what was to be encrypted. Reads ignore what they do not know, as S3 does.
 * @throws S3Error
 */
export function checkHeaders(request: S3Request, rules: HeaderRules): HeaderFacts {
  const { rawHeaders } = request.edge;
  const writes = request.method !== "GET" && request.method !== "HEAD";
  const { known } = rules;
  let facts = NO_HEADERS;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] as string;
    const first = header.charCodeAt(0) | 0x20;
    // "x" and "i": everything else costs no more than this.
    if (first !== 0x78 && first !== 0x69) continue;
    const lower = header.toLowerCase();
    if (!lower.startsWith("x-amz-")) {
      if (writes && (lower === "if-match" || lower === "if-none-match") && !rules.decidesEtags) {
        throw notImplementedHeader(header);
      }
      continue;
    }
    const name = tableName(lower);
    const row = name === undefined ? undefined : HEADER_ROWS[name];
    if (name === undefined || row === undefined) {
      if (writes) throw notImplementedHeader(lower);
    } else if (known.has(name)) {
      checkValue(rules, name, lower, rawHeaders[i + 1] as string, row, writes);
      if (writes && lower.startsWith(LOCK_PREFIX)) facts = LOCK;
    } else if (writes && row.harmlessElsewhere !== true) {
      throw strange(lower, row);
    }
  }
  if (facts === LOCK) checkRetention(request);
  return facts;
}

function checkValue(
  { makesBucket }: HeaderRules,
  name: string,
  lower: string,
  value: string,
  row: HeaderRow,
  writes: boolean,
): void {
  if (name === "x-amz-grant-*") {
    throw makesBucket ? bucketAclWithOwnership() : aclNotSupported();
  }
  // A read with a customer's key is answered by what it reads (refuseCustomerKeys).
  if (!writes && row.treatment === "refused") return;
  const check = makesBucket ? (BUCKET_CHECKS[name] ?? row.check) : row.check;
  const error = check?.(value, lower);
  if (error !== undefined) throw error;
}

/**
 * A header that another operation knows. As recorded: s3tools/s3cmd#276 (encryption), versity/versitygw,
 * s3err/invalid-argument.go (copy source). A condition is not decided: that is not implemented.
 */
function strange(name: string, row: HeaderRow): S3Error {
  const ofCopy = name.startsWith("x-amz-copy-source");
  if (row.treatment === "honoured" && !ofCopy) return notImplementedHeader(name);
  return new S3Error("InvalidArgument", {
    message: ofCopy
      ? "You can only specify a copy source header for copy requests."
      : `${name} header is not supported for this operation.`,
    extra: [["ArgumentName", name]],
  });
}

/** API reference, PutObject; the words are AWS's (versity/versitygw, s3err/invalid-argument.go). @throws S3Error */
function checkRetention(request: S3Request): void {
  const mode = request.header("x-amz-object-lock-mode");
  const until = request.header("x-amz-object-lock-retain-until-date");
  if ((mode === undefined) === (until === undefined)) return;
  throw new S3Error("InvalidArgument", {
    message: "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied.",
    extra: [
      ["ArgumentName", mode === undefined ? "x-amz-object-lock-mode" : "x-amz-object-lock-retain-until-date"],
    ],
  });
}

/** @throws S3Error for a request that asks for a lock, once its bucket was found (versity/versitygw#1751) */
export function refuseLock(facts: HeaderFacts): void {
  if (facts.asksForLock) {
    throw new S3Error("InvalidRequest", { message: "Bucket is missing ObjectLockConfiguration" });
  }
}
