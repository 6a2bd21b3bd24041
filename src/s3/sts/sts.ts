/**
 * STS on the S3 listener: AssumeRole and GetCallerIdentity, as the API reference of STS documents them. There are no
 * roles: a session is its user's, with the rights of the user, narrowed by the policy of the session (decision 162).
 */
import type { EdgeReply, EdgeRequest } from "../../http/types.ts";
import { parsePolicy } from "../../iam/policy/parse.ts";
import { PolicyError } from "../../iam/policy/policy-error.ts";
import type { User } from "../../iam/types.ts";
import type { UserPrincipal } from "../auth/types.ts";
import type { S3Deps } from "../context/deps.ts";
import { isoTime } from "../protocol/iso-time.ts";
import { xmlReply } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import { element, tag, XML_DECLARATION } from "../xml/builder.ts";
import { StsError, toStsError } from "./errors.ts";
import { readForm } from "./request.ts";

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const DURATION_MIN_S = 900;
const DURATION_MAX_S = 43_200;
const DURATION_DEFAULT_S = 3_600;
const POLICY_LENGTH_MAX = 2_048;
/** Parameters that would narrow a session, or prove something, in a way that is not there: ignoring them is no answer. */
const REFUSED = [
  "PolicyArns.",
  "Tags.",
  "TransitiveTagKeys.",
  "SerialNumber",
  "TokenCode",
  "ProvidedContexts.",
];

type Sts = NonNullable<S3Deps["sts"]>;
type Deps = Pick<S3Deps, "iam" | "onInternalError"> & { readonly sts: Sts };

export interface StsAnswer {
  readonly operation: string;
  readonly reply: EdgeReply;
}

/** Never rejects: every error is an answer. */
export async function answerSts(deps: Deps, request: S3Request): Promise<StsAnswer> {
  const { edge } = request;
  let operation = "Sts";
  try {
    if (request.header("authorization") === undefined) {
      throw new StsError("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
    }
    const body = await readForm(edge);
    const principal = deps.sts.authenticate(request, body);
    const form = new URLSearchParams(Buffer.from(body).toString("utf8"));
    const caller = callerOf(deps, principal);
    const action = form.get("Action") ?? "";
    switch (action) {
      case "AssumeRole":
        operation = action;
        return { operation, reply: documentReply(action, assumeRole(deps, caller, form), edge) };
      case "GetCallerIdentity":
        operation = action;
        return { operation, reply: documentReply(action, callerIdentity(caller), edge) };
      default:
        throw new StsError(
          "InvalidAction",
          400,
          `Could not find operation ${action.slice(0, 100)} for version 2011-06-15`,
        );
    }
  } catch (cause) {
    const error = toStsError(cause);
    if (error.code === "InternalFailure") deps.onInternalError(cause, edge.requestId);
    return { operation, reply: errorReply(error, edge) };
  }
}

interface Caller {
  readonly principal: UserPrincipal;
  readonly user: User;
  readonly isRoot: boolean;
}

function callerOf({ iam }: Deps, principal: UserPrincipal): Caller {
  const user = iam.user(principal.id);
  if (user === undefined)
    throw new StsError("InvalidClientTokenId", 403, "The user of this access key is no more.");
  return { principal, user, isRoot: user.id === iam.root.id };
}

function assumeRole({ sts }: Deps, { principal, user, isRoot }: Caller, form: URLSearchParams): string {
  if (isRoot) throw new StsError("AccessDenied", 403, "Roles may not be assumed by root accounts.");
  if (principal.temporary !== undefined) {
    throw new StsError("AccessDenied", 403, "Temporary credentials make no further ones here.");
  }
  for (const name of form.keys()) {
    if (REFUSED.some((refused) => name.startsWith(refused))) {
      throw invalid(`${name.slice(0, 100)} is not supported`);
    }
  }
  if ((form.get("RoleArn") ?? "") === "") throw invalid("RoleArn is missing");
  const name = form.get("RoleSessionName") ?? "";
  if (!SESSION_NAME.test(name)) throw invalid("RoleSessionName must match [\\w+=,.@-]{2,64}");
  const durationMs = durationOf(form.get("DurationSeconds")) * 1000;
  const policyText = policyOf(form.get("Policy"));
  const issued = sts.issue(
    { userId: user.id, accessKey: principal.accessKey },
    { name, durationMs, policyText },
  );
  if (issued === undefined) {
    throw new StsError(
      "ServiceUnavailable",
      503,
      "This node cannot issue credentials yet. Please try again.",
    );
  }
  const { session, token } = issued;
  return (
    element(
      "AssumedRoleUser",
      tag("AssumedRoleId", `${user.id}:${name}`) + tag("Arn", sessionArn(user, name)),
    ) +
    element(
      "Credentials",
      tag("AccessKeyId", session.accessKey) +
        tag("SecretAccessKey", session.secretKey) +
        tag("SessionToken", token) +
        tag("Expiration", isoTime(session.expiresMs)),
    ) +
    tag(
      "PackedPolicySize",
      policyText === undefined ? undefined : Math.ceil((100 * policyText.length) / POLICY_LENGTH_MAX),
    )
  );
}

function callerIdentity({ principal, user, isRoot }: Caller): string {
  const { temporary } = principal;
  const account = `arn:aws:iam::${user.accountId}`;
  const own = isRoot ? `${account}:root` : `${account}:user/${user.name}`;
  return (
    tag("Arn", temporary === undefined ? own : sessionArn(user, temporary.name)) +
    tag("UserId", temporary === undefined ? user.id : `${user.id}:${temporary.name}`) +
    tag("Account", user.accountId)
  );
}

function sessionArn({ accountId, name }: User, session: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${name}/${session}`;
}

/** Seconds. @throws StsError */
function durationOf(text: string | null): number {
  if (text === null) return DURATION_DEFAULT_S;
  const seconds = Number(text);
  if (/^\d{1,6}$/.test(text) && seconds >= DURATION_MIN_S && seconds <= DURATION_MAX_S) return seconds;
  throw invalid(`DurationSeconds must be an integer from ${DURATION_MIN_S} to ${DURATION_MAX_S}`);
}

/** @throws StsError */
function policyOf(text: string | null): string | undefined {
  if (text === null || text === "") return undefined;
  if (text.length > POLICY_LENGTH_MAX) {
    throw new StsError(
      "PackedPolicyTooLarge",
      400,
      `The session policy has more than ${POLICY_LENGTH_MAX} characters.`,
    );
  }
  try {
    parsePolicy(text, { kind: "session" });
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new StsError("MalformedPolicyDocument", 400, error.message);
  }
  return text;
}

function invalid(what: string): StsError {
  return new StsError("ValidationError", 400, `${what}.`);
}

function documentReply(action: string, result: string, { requestId }: EdgeRequest): EdgeReply {
  const inner = element(`${action}Result`, result) + element("ResponseMetadata", tag("RequestId", requestId));
  const root = `<${action}Response xmlns="${NAMESPACE}">${inner}</${action}Response>`;
  return xmlReply(XML_DECLARATION + root, [["Cache-Control", "no-store"]]);
}

function errorReply({ code, status, message }: StsError, { requestId }: EdgeRequest): EdgeReply {
  const type = status >= 500 ? "Receiver" : "Sender";
  const error = element("Error", tag("Type", type) + tag("Code", code) + tag("Message", message));
  const root = `<ErrorResponse xmlns="${NAMESPACE}">${error}${tag("RequestId", requestId)}</ErrorResponse>`;
  return { ...xmlReply(XML_DECLARATION + root, [], status), facts: { errorCode: code } };
}
