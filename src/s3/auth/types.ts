/**
 * Who signed the request, and how the payload is protected. `authenticator.ts` exports
 *
 *   class Authenticator { constructor(options: AuthenticatorOptions); authenticate(request: S3Request): AuthResult }
 *
 * `authenticate` is synchronous, reads no body, and throws S3Error.
 */
import type { AttachedPolicy, UserId } from "../../iam/types.ts";
import type { Clock } from "../../platform/clock.ts";

export interface Credential {
  /** The user that owns the access key. */
  readonly userId: UserId;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What a request that is signed with temporary credentials has beside its user. */
interface TemporaryFacts {
  /** The access key that made the session. */
  readonly parent: string;
  /** Name of the session. */
  readonly name: string;
}

/** Temporary credentials. */
export interface SessionCredential extends Credential, TemporaryFacts {
  /** Narrows what the user may do; undefined: the session may do what the user may do. */
  readonly policy: AttachedPolicy | undefined;
}

/**
 * Synchronous, because every request looks up a credential: a source that keeps users elsewhere needs a local cache.
 */
interface CredentialSource {
  /**
   * undefined: no such key may sign requests, because it is unknown, disabled or expired: AWS tells no difference.
   * `later`: the key is known, and this node cannot check its signatures yet.
   */
  find(accessKey: string): Credential | "later" | undefined;
  /** The session of a token. Absent: no temporary credentials are issued, so no token is valid. */
  session?(token: string): SessionCredential | "expired" | "later" | undefined;
}

export interface AuthenticatorOptions {
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** The region that clients must sign for. Undefined: any region. */
  readonly region?: string | undefined;
  /** The largest accepted difference between a client's clock and the server's clock. Default 15 minutes, as S3. */
  readonly maxSkewMs?: number;
}

/** The fields of a browser's form that sign its policy; "" = not sent. */
export interface SignedForm {
  /** In base64, as sent: the text that is signed. */
  readonly policy: string;
  readonly algorithm: string;
  readonly credential: string;
  readonly date: string;
  readonly signature: string;
  readonly securityToken: string;
}

export interface UserPrincipal {
  readonly kind: "user";
  readonly id: UserId;
  /** The access key of the user that signed the request. */
  readonly accessKey: string;
  /** Only of temporary credentials. */
  readonly temporary?: TemporaryFacts;
  /** The policies of temporary credentials, which only narrow what the user may do. */
  readonly session?: readonly AttachedPolicy[];
}

export type Principal = { readonly kind: "anonymous" } | UserPrincipal;

/** How the body arrives on the wire (x-amz-content-sha256). */
export type PayloadMode =
  /** UNSIGNED-PAYLOAD, anonymous, or presigned without a hash. */
  | { readonly kind: "unsigned" }
  /** The hash of the whole body was signed (hex). */
  | { readonly kind: "signed"; readonly sha256: string }
  /** aws-chunked. `signing` present: each chunk (and the trailer) carries a signature. */
  | {
      readonly kind: "chunked";
      readonly trailer: boolean;
      readonly signing: ChunkSigning | undefined;
    };

export interface ChunkSigning {
  /** Derived SigV4 key of the credential scope. */
  readonly key: Uint8Array;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  /** `YYYYMMDD/region/s3/aws4_request`. */
  readonly scope: string;
  /** Hex signature of the request: the first link of the chain. */
  readonly seedSignature: string;
}

export interface AuthResult {
  readonly principal: Principal;
  readonly payload: PayloadMode;
  readonly method: "anonymous" | "header" | "presigned" | "form";
  /** The region that a signed request was signed for. */
  readonly region?: string;
}
