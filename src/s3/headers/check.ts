import { S3Error } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import { BUCKET_CHECKS, HEADER_ROWS, type HeaderRow } from "./rows.ts";
import { aclNotSupported, bucketAclWithOwnership, notImplementedHeader } from "./values.ts";

/** The rules of an operation's row about headers. */
export interface HeaderRules {
  /** Names and families (`x-amz-meta-*`) that the API reference gives the operation. */
  readonly known: ReadonlySet<string>;
  /** The operation decides If-Match and If-None-Match of a write; other writes refuse the two headers. */
  readonly decidesEtags: boolean;
  /** The operation creates a bucket: S3 refuses the ACLs of a new bucket with another error. */
  readonly makesBucket: boolean;
}

/** Requests of the headers that no handler reads itself. */
export interface HeaderFacts {
  /**
   * The request asks for a lock. S3 refuses the lock when the bucket has no lock configuration, so after S3 has found
   * the bucket.
   */
  readonly asksForLock: boolean;
}

export const NO_HEADERS: HeaderFacts = { asksForLock: false };
const LOCK: HeaderFacts = { asksForLock: true };
const LOCK_PREFIX = "x-amz-object-lock-";
const FAMILIES: readonly string[] = Object.keys(HEADER_ROWS).filter((name) => name.endsWith("*"));

/**
 * The name of a header in the tables: its own name, or the name of its family. Undefined: an unknown header.
 * @internal
 */
export function tableName(lowerName: string): string | undefined {
  if (Object.hasOwn(HEADER_ROWS, lowerName)) return lowerName;
  return FAMILIES.find((family) => lowerName.startsWith(family.slice(0, -1)));
}

/**
 * Checks all headers in one pass. Refuses values that the reference does not allow, requests for missing functions,
 * and, on a request that writes, every `x-amz-*` header that its operation does not know. Ignoring such a header may
 * lose a condition, or store data without the requested encryption. Reads ignore unknown headers, as S3 does.
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
    // Only "x" and "i" matter: every other header costs no more than this comparison.
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
  // The handler of a read refuses a customer's key (refuseCustomerKeys).
  if (!writes && row.treatment === "refused") return;
  const check = makesBucket ? (BUCKET_CHECKS[name] ?? row.check) : row.check;
  const error = check?.(value, lower);
  if (error !== undefined) throw error;
}

/**
 * The error for a header that only another operation knows. As recorded: s3tools/s3cmd#276 (encryption),
 * versity/versitygw, s3err/invalid-argument.go (copy source). A condition that the operation does not decide is
 * NotImplemented.
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

/**
 * API reference, PutObject; AWS uses the same message (versity/versitygw, s3err/invalid-argument.go). @throws S3Error
 */
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
