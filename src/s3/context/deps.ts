/** Everything that the S3 application receives. */

import type { HashService } from "../../hash/types.ts";
import type { Session, WantedSession } from "../../iam/sessions.ts";
import type { IamView, UserId } from "../../iam/types.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import type { KvClient } from "../../txn/types.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { AuthResult, SignedForm, UserPrincipal } from "../auth/types.ts";
import type { PutAdmission } from "../content/admission.ts";
import type { Contents } from "../content/contents.ts";
import type { S3Request } from "../protocol/request.ts";
import type { S3Metrics } from "./metrics.ts";
import type { RequestHold } from "./request-hold.ts";

export interface S3Deps {
  readonly kv: KvClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Pick<Timers, "later">;
  readonly hashes: HashService;
  readonly authenticator: {
    authenticate(request: S3Request): AuthResult;
    /** After a fenced read: the key may have been disabled at another node. @throws S3Error */
    confirm(auth: AuthResult): void;
    authenticateForm(form: SignedForm): AuthResult;
  };
  readonly iam: IamView;
  /** Temporary credentials. Absent: none are issued. */
  readonly sts?: {
    /** @throws S3Error */
    authenticate(request: S3Request, body: Uint8Array): UserPrincipal;
    /** undefined: this node cannot seal a token. */
    issue(
      parent: { readonly userId: UserId; readonly accessKey: string },
      wanted: WantedSession,
    ): { readonly session: Session; readonly token: string } | undefined;
  };
  readonly authorizer: Authorizer;
  readonly admission: PutAdmission;
  /** The paths that carry content. */
  readonly content: Contents;
  /** Every member of the cluster knows versions: a bucket may get them. */
  readonly versioningOpen: () => boolean;
  /** Requests wait here while there is no leader. */
  readonly hold: RequestHold;
  readonly metrics: S3Metrics;
  /**
   * The only region, when a region is configured. Undefined: each client's own region is accepted and named
   * (buckets/region.ts).
   */
  readonly region: string | undefined;
  /** Domains whose subdomains are buckets, lower case. */
  readonly domains: readonly string[];
  /** Value of `<HostId>` and `x-amz-id-2`: only an operator can find the node from the value. */
  readonly hostId: string;
  /** A completion or copy that takes longer begins its answer, and sends white space to keep the connection alive. */
  readonly keepAliveAfterMs: number;
  /** Reports an internal error to the log: the client only receives InternalError. */
  readonly onInternalError: (error: unknown, requestId: string) => void;
}

/**
 * aws-sdk-cpp, and therefore pyarrow, cancels a request after 3 s with less than a byte a second (`requestTimeoutMs`,
 * `lowSpeedLimit`).
 */
export const DEFAULT_KEEP_ALIVE_AFTER_MS = 2_000;
