/** Signature Version 4 for S3: Authorization header, presigned URL, or an anonymous request. */
import { invalidArgument, S3Error, type S3ErrorOptions } from "../protocol/errors.ts";
import { isRegion } from "../protocol/region.ts";
import type { S3Request } from "../protocol/request.ts";
import { formatAmzDate, formatIsoDate, parseAmzDate, parseDateHeader } from "./amz-date.ts";
import { ALGORITHM, malformed, parseAuthorizationHeader } from "./authorization-header.ts";
import { type CredentialScope, scopeProblem } from "./credential-scope.ts";
import { badField, formScope, isSigned, verifyForm } from "./form-signature.ts";
import { payloadMode } from "./payload-mode.ts";
import { badParameters, looksPresigned, parsePresigned } from "./presigned.ts";
import { SigningKeys } from "./signing-keys.ts";
import type {
  AuthenticatorOptions,
  AuthResult,
  Credential,
  PayloadMode,
  SessionCredential,
  SignedForm,
  UserPrincipal,
} from "./types.ts";
import { type SignedClaim, verifySignature } from "./verify-signature.ts";

const DEFAULT_MAX_SKEW_MS = 15 * 60 * 1000;
const CONTENT_SHA256 = "x-amz-content-sha256";
const TOKEN = "x-amz-security-token";
const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";
const NONE: readonly string[] = [];
const ONLY_CONTENT_SHA256: readonly string[] = [CONTENT_SHA256];

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #maxSkewMs: number;
  readonly #keys = new SigningKeys();
  readonly #accepts: (region: string) => boolean;
  /** The region that the error names to a client whose region is refused. Undefined: any region is accepted. */
  readonly #region: string | undefined;
  /**
   * Error fields for a wrong region: clients sign again for the region that the element or, on HEAD, the header
   * names.
   */
  readonly #rightRegion: Pick<S3ErrorOptions, "extra" | "headers">;

  constructor(options: AuthenticatorOptions) {
    const { region } = options;
    this.#region = region;
    this.#accepts = region === undefined ? isRegion : (signed) => signed === region;
    this.#options = options;
    this.#maxSkewMs = options.maxSkewMs ?? DEFAULT_MAX_SKEW_MS;
    this.#rightRegion =
      region === undefined ? {} : { extra: [["Region", region]], headers: [["x-amz-bucket-region", region]] };
  }

  /**
   * Returns who signed the request. An unsigned request is anonymous; the caller decides whether an anonymous request
   * is allowed. Reads no body.
   * @throws S3Error AccessDenied, AuthorizationHeaderMalformed, AuthorizationQueryParametersError,
   *   InvalidAccessKeyId, InvalidArgument, InvalidRequest (SigV2), InvalidToken, MissingSecurityHeader,
   *   RequestTimeTooSkewed, SignatureDoesNotMatch, SlowDown, UnsupportedSignature.
   */
  authenticate(request: S3Request): AuthResult {
    const authorization = request.header("authorization");
    const presigned = request.query.size > 0 && looksPresigned(request.query);
    if (presigned) {
      if (authorization !== undefined) throw onlyOneMechanism(authorization);
      return this.#presigned(request);
    }
    if (authorization === undefined) return anonymous(request);
    if (!authorization.startsWith(`${ALGORITHM} `)) throw unsupportedAuthorization(authorization);
    return this.#header(request, authorization);
  }

  /**
   * Checks again that the key of an authenticated request is valid: this node may have applied a change of the key
   * since. @throws S3Error InvalidAccessKeyId, InvalidToken (the key that made the session), SlowDown
   */
  confirm({ principal }: AuthResult): void {
    if (principal.kind === "anonymous") return;
    const { accessKey, temporary } = principal;
    if (temporary === undefined) this.#find(accessKey);
    else if (this.#options.credentials.find(temporary.parent) === undefined)
      throw new S3Error("InvalidToken");
  }

  /**
   * Checks a request to STS: it is signed for another service, and its body is signed although no header has the hash.
   * @throws S3Error as `authenticate`
   */
  authenticateSts(request: S3Request, body: Uint8Array): UserPrincipal {
    const parsed = parseAuthorizationHeader(request.header("authorization") ?? "");
    const { signedAtMs, timestamp } = requestDate(request, parsed.signedHeaders);
    const problem = scopeProblem(parsed.scope, this.#accepts, this.#region, timestamp, "sts");
    if (problem !== undefined) throw malformed(problem.message);
    const credential = this.#credential(parsed.scope, request.header(TOKEN));
    this.#checkSkew(timestamp, signedAtMs);
    const payloadHash = new Bun.CryptoHasher("sha256").update(body).digest("hex");
    const key = this.#keys.get(credential, parsed.scope.day, parsed.scope.region, "sts");
    verifySignature(request, { ...parsed, timestamp, payloadHash, mayBeUnsigned: ONLY_CONTENT_SHA256 }, key);
    return principalOf(credential);
  }

  #header(request: S3Request, authorization: string): AuthResult {
    const parsed = parseAuthorizationHeader(authorization);
    const { signedAtMs, timestamp } = requestDate(request, parsed.signedHeaders);
    const problem = scopeProblem(parsed.scope, this.#accepts, this.#region, timestamp);
    if (problem !== undefined) throw malformed(problem.message, problem.wrongRegion ? this.#rightRegion : {});
    const credential = this.#credential(parsed.scope, request.header(TOKEN));
    this.#checkSkew(timestamp, signedAtMs);
    const payloadHash = request.header(CONTENT_SHA256);
    if (payloadHash === undefined) {
      throw new S3Error("MissingSecurityHeader", {
        message: `Your request was missing a required header: ${CONTENT_SHA256}`,
        extra: [["MissingHeaderName", CONTENT_SHA256]],
      });
    }
    return this.#verified(
      request,
      credential,
      { ...parsed, timestamp, payloadHash, mayBeUnsigned: NONE },
      payloadHash,
      "header",
    );
  }

  #presigned(request: S3Request): AuthResult {
    const parsed = parsePresigned(request.query);
    const problem = scopeProblem(parsed.scope, this.#accepts, this.#region, parsed.timestamp);
    if (problem !== undefined) {
      const message = `Error parsing the X-Amz-Credential parameter; ${problem.message}.`;
      throw badParameters(message, problem.wrongRegion ? this.#rightRegion : {});
    }
    const credential = this.#credential(parsed.scope, parsed.securityToken);
    this.#checkLifetime(parsed.signedAtMs, parsed.expiresS);
    const header = request.header(CONTENT_SHA256);
    const signedHeader = `;${parsed.signedHeaders};`.includes(`;${CONTENT_SHA256};`) ? header : undefined;
    const payloadHash = parsed.contentSha256 ?? signedHeader ?? UNSIGNED_PAYLOAD;
    // A client that streams sends the header even when the URL was signed without the header.
    const streams = header?.startsWith("STREAMING-") === true && payloadHash === UNSIGNED_PAYLOAD;
    const claim = {
      scope: parsed.scope,
      signedHeaders: parsed.signedHeaders,
      signature: parsed.signature,
      timestamp: parsed.timestamp,
      payloadHash,
      mayBeUnsigned: ONLY_CONTENT_SHA256,
    };
    return this.#verified(request, credential, claim, streams ? header : payloadHash, "presigned");
  }

  /**
   * Returns who signed the policy of a browser's form; anonymous when the form has no signature.
   * @throws S3Error AccessDenied, InvalidAccessKeyId, InvalidArgument, InvalidToken, SignatureDoesNotMatch
   */
  authenticateForm(form: SignedForm): AuthResult {
    if (!isSigned(form)) return ANONYMOUS_UNSIGNED;
    const scope = formScope(form);
    const problem = scopeProblem(scope, this.#accepts, this.#region, form.date);
    if (problem !== undefined) {
      throw badField(
        "X-Amz-Credential",
        form.credential,
        problem.message,
        problem.wrongRegion ? this.#rightRegion : {},
      );
    }
    const credential = this.#credential(scope, form.securityToken === "" ? undefined : form.securityToken);
    verifyForm(form, this.#keys.get(credential, scope.day, scope.region), scope.accessKey);
    return {
      principal: principalOf(credential),
      payload: { kind: "unsigned" },
      method: "form",
      region: scope.region,
    };
  }

  #verified(
    request: S3Request,
    credential: Credential,
    claim: SignedClaim,
    mode: string,
    method: "header" | "presigned",
  ): AuthResult {
    const key = this.#keys.get(credential, claim.scope.day, claim.scope.region);
    verifySignature(request, claim, key);
    const payload: PayloadMode = payloadMode(mode, {
      key,
      timestamp: claim.timestamp,
      scope: claim.scope.text,
      seedSignature: claim.signature,
    });
    return {
      principal: principalOf(credential),
      payload,
      method,
      region: claim.scope.region,
    };
  }

  #credential({ accessKey }: CredentialScope, token: string | undefined): Credential | SessionCredential {
    if (token === undefined) return this.#find(accessKey);
    const session = this.#options.credentials.session?.(token);
    if (session === "later") throw checkedLater();
    if (session === "expired") throw new S3Error("ExpiredToken");
    if (session?.accessKey !== accessKey) throw new S3Error("InvalidToken");
    return session;
  }

  #find(accessKey: string): Credential {
    const credential = this.#options.credentials.find(accessKey);
    if (credential === "later") throw checkedLater();
    if (credential !== undefined) return credential;
    throw new S3Error("InvalidAccessKeyId", { extra: [["AWSAccessKeyId", accessKey]] });
  }

  #checkSkew(timestamp: string, signedAtMs: number): void {
    const nowMs = this.#options.clock.nowMs();
    if (Math.abs(nowMs - signedAtMs) <= this.#maxSkewMs) return;
    throw new S3Error("RequestTimeTooSkewed", {
      extra: [
        ["RequestTime", timestamp],
        ["ServerTime", formatIsoDate(nowMs)],
        ["MaxAllowedSkewMilliseconds", String(this.#maxSkewMs)],
      ],
    });
  }

  #checkLifetime(signedAtMs: number, expiresS: number): void {
    const nowMs = this.#options.clock.nowMs();
    const endMs = signedAtMs + expiresS * 1000;
    if (signedAtMs - nowMs > this.#maxSkewMs) {
      throw new S3Error("AccessDenied", {
        message: "Request is not valid yet",
        extra: [
          ["NotBefore", formatIsoDate(signedAtMs)],
          ["ServerTime", formatIsoDate(nowMs)],
        ],
      });
    }
    if (nowMs <= endMs) return;
    throw new S3Error("AccessDenied", {
      message: "Request has expired",
      extra: [
        ["X-Amz-Expires", String(expiresS)],
        ["Expires", formatIsoDate(endMs)],
        ["ServerTime", formatIsoDate(nowMs)],
      ],
    });
  }
}

const ANONYMOUS_UNSIGNED: AuthResult = {
  principal: { kind: "anonymous" },
  payload: { kind: "unsigned" },
  method: "anonymous",
};

function anonymous(request: S3Request): AuthResult {
  const { query } = request;
  if (query.has("Signature") && query.has("AWSAccessKeyId")) throw signatureVersion2();
  const declared = request.header(CONTENT_SHA256);
  if (declared === undefined) return ANONYMOUS_UNSIGNED;
  return { ...ANONYMOUS_UNSIGNED, payload: payloadMode(declared, undefined) };
}

/** The time of a header-signed request: `x-amz-date`, else a signed `Date`. */
function requestDate(request: S3Request, signedHeaders: string): { timestamp: string; signedAtMs: number } {
  const amzDate = request.header("x-amz-date");
  if (amzDate !== undefined) {
    const signedAtMs = parseAmzDate(amzDate);
    if (signedAtMs !== undefined) return { timestamp: amzDate, signedAtMs };
  } else if (`;${signedHeaders};`.includes(";date;")) {
    const signedAtMs = parseDateHeader(request.header("date") ?? "");
    if (signedAtMs !== undefined) return { timestamp: formatAmzDate(signedAtMs), signedAtMs };
  }
  throw new S3Error("AccessDenied", {
    message: "AWS authentication requires a valid, signed Date or x-amz-date header",
  });
}

function checkedLater(): S3Error {
  return new S3Error("SlowDown", {
    message: "This node cannot check this access key yet. Please try again.",
  });
}

function principalOf(credential: Credential | SessionCredential): UserPrincipal {
  const { userId, accessKey } = credential;
  if (!("parent" in credential)) return { kind: "user", id: userId, accessKey };
  const { parent, name, policy } = credential;
  const temporary = { parent, name };
  return {
    kind: "user",
    id: userId,
    accessKey,
    temporary,
    ...(policy === undefined ? {} : { session: [policy] }),
  };
}

function onlyOneMechanism(authorization: string): S3Error {
  return invalidArgument(
    "Authorization",
    authorization,
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
  );
}

function unsupportedAuthorization(authorization: string): S3Error {
  if (authorization.startsWith("AWS ")) return signatureVersion2();
  if (authorization.startsWith("AWS4-")) {
    return new S3Error("UnsupportedSignature", {
      message: `Of the AWS4 algorithms only ${ALGORITHM} is supported.`,
    });
  }
  return invalidArgument("Authorization", authorization, "Unsupported Authorization Type");
}

function signatureVersion2(): S3Error {
  return new S3Error("InvalidRequest", {
    message: `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
  });
}
