/**
 * The S3 application: the edge passes a request, and the application returns a reply that is counted and logged. The
 * raw target decides the operation. An Elysia application (dispatch.ts) decides the order of the steps.
 */
import type { EdgeApplication, EdgeReply, EdgeRequest, RequestFacts } from "../http/types.ts";
import { withHoistedHeaders } from "./auth/hoisted-headers.ts";
import { authorizeOpened, authorizeRequest, needsBucket, openBucket } from "./context/authorize.ts";
import type { S3Deps } from "./context/deps.ts";
import type { Exchange, S3Services } from "./context/exchange.ts";
import { askerOf, ownerOfBucket } from "./context/owners.ts";
import { HOLD_HEAD_MS, HOLD_MS } from "./context/request-hold.ts";
import { preflight, withCors } from "./cors.ts";
import { dispatcher } from "./dispatch.ts";
import { checkHeaders, NO_HEADERS } from "./headers/check.ts";
import { checkOwner } from "./headers/owner.ts";
import { renderErrorXml, retryHeaders, S3Error, toS3Error } from "./protocol/errors.ts";
import { refuseRepeatedHeaders } from "./protocol/header-values.ts";
import { emptyReply, xmlReply } from "./protocol/replies.ts";
import { parseS3Request, resourceOfTarget } from "./protocol/request.ts";
import { BucketDirectory } from "./records/bucket-directory.ts";
import { NewRows } from "./records/new-rows.ts";
import { countReply } from "./reply-metrics.ts";
import { PAYER_HEADER, withCharge } from "./requester-pays.ts";
import { detectOperation, UNSUPPORTED } from "./routing/detect.ts";
import { stsRequestOf } from "./sts/request.ts";
import { answerSts } from "./sts/sts.ts";
import { KeyTurns } from "./versions/turns.ts";

/** The name under which preflight requests are counted. */
const PREFLIGHT = "OptionsObject";

const UNAUTHENTICATED: Exchange["auth"] = {
  principal: { kind: "anonymous" },
  payload: { kind: "unsigned" },
  method: "anonymous",
};

const NO_LEADER = "The cluster has no leader at the moment. Please try again.";

export function createS3Application(deps: S3Deps): EdgeApplication {
  const services: S3Services = {
    ...deps,
    buckets: new BucketDirectory(deps.kv),
    turns: new KeyTurns(deps.timers),
    newRows: new NewRows(deps.kv, deps.versioningOpen),
  };
  const dispatch = dispatcher({ admit, answer, fail });

  return async (edge) => {
    const startedMs = deps.clock.monotonicMs();
    let exchange: Exchange;
    try {
      const { sts } = services;
      const form = sts === undefined ? undefined : stsRequestOf(edge, services.domains);
      if (sts !== undefined && form !== undefined) {
        const { operation, reply } = await answerSts({ ...services, sts }, form);
        return finish(services, edge, operation, reply, startedMs);
      }
      exchange = open(services, edge);
    } catch (error) {
      const reply = errorReply(services, edge, resourceOfTarget(edge.rawTarget), UNSUPPORTED, error);
      return finish(services, edge, UNSUPPORTED, reply, startedMs);
    }
    if (edge.method === "OPTIONS")
      return finish(services, edge, PREFLIGHT, await options(exchange), startedMs);
    await dispatch(exchange);
    const { name } = exchange.operation;
    const reply =
      exchange.reply ??
      errorReply(services, edge, exchange.request.resource, name, new Error(`${name} gave no reply`));
    return finish(services, edge, name, await completed(exchange, reply), startedMs, exchange);
  };
}

/** Adds what two rare headers of the request ask for: no other request waits for it. */
function completed(exchange: Exchange, reply: EdgeReply): EdgeReply | Promise<EdgeReply> {
  const { request } = exchange;
  const charged = request.header(PAYER_HEADER) === undefined ? reply : withCharge(exchange, reply);
  if (request.header("origin") === undefined) return charged;
  return Promise.resolve(charged).then((complete) => withCors(exchange, complete));
}

function open(services: S3Services, edge: EdgeRequest): Exchange {
  const signed = parseS3Request(edge, { domains: services.domains });
  const request = withHoistedHeaders(signed);
  refuseRepeatedHeaders(request.edge.rawHeaders);
  return {
    ...detectOperation(request),
    request,
    signed,
    services,
    auth: UNAUTHENTICATED,
    headers: NO_HEADERS,
    opened: undefined,
    reply: undefined,
  };
}

/** Authenticates the request, and authorises one that is refused anyway. Does not wait. @throws S3Error */
function admit(exchange: Exchange): void {
  if (isForm(exchange)) return;
  exchange.auth = authenticate(exchange);
  // What is refused for everybody waits for nothing.
  if (exchange.level === "refused") authorizeBySender(exchange);
  // Nobody learns from a header's error what the header asks for; an anonymous request is authorised first all the same.
  if (exchange.auth.method !== "anonymous") readHeaders(exchange);
}

/**
 * Without a leader this node may not know the newest access keys, so an unknown one is no reason to tell a client that
 * its key is wrong. @throws S3Error
 */
function authenticate({ services, signed }: Exchange): Exchange["auth"] {
  try {
    return services.authenticator.authenticate(signed);
  } catch (error) {
    const mayBeNew = error instanceof S3Error && error.code === "InvalidAccessKeyId" && !services.hold.isOpen;
    if (!mayBeNew) throw error;
    throw new S3Error("SlowDown", { message: NO_LEADER });
  }
}

async function answer(exchange: Exchange): Promise<EdgeReply> {
  if (!exchange.services.hold.isOpen && exchange.level !== "refused") await hold(exchange);
  if (needsBucket(exchange)) await authorizeOnBucket(exchange);
  else if (exchange.level !== "refused") await confirmSender(exchange);
  if (exchange.auth.method === "anonymous" && !isForm(exchange)) readHeaders(exchange);
  return run(exchange);
}

/** A form says in its fields who has signed it; its handler authorises it. */
function isForm(exchange: Exchange): boolean {
  return exchange.level === "bucket" && exchange.operation.signedIn === "form";
}

/**
 * A request that opens no bucket waits for the fence too: its key, or a policy, may have been changed at another node.
 * @throws S3Error InvalidAccessKeyId, AccessDenied; KvError
 */
async function confirmSender(exchange: Exchange): Promise<void> {
  const { authenticator, kv } = exchange.services;
  await kv.system.snapshot();
  authenticator.confirm(exchange.auth);
  authorizeBySender(exchange);
}

function authorizeBySender(exchange: Exchange): void {
  authorizeRequest(exchange);
  checkOwner(exchange.request, () => askerOf(exchange), "x-amz-expected-bucket-owner");
}

/** Before the application reads any byte of the body. @throws S3Error NoSuchBucket, AccessDenied; KvError */
async function authorizeOnBucket(exchange: Exchange): Promise<void> {
  await openBucket(exchange);
  if (isForm(exchange)) return;
  exchange.services.authenticator.confirm(exchange.auth);
  await authorizeOpened(exchange);
  checkOwner(exchange.request, () => ownerOfBucket(exchange), "x-amz-expected-bucket-owner");
}

/** @throws S3Error */
function readHeaders(exchange: Exchange): void {
  if (exchange.level === "refused") return;
  exchange.headers = checkHeaders(exchange.request, exchange.operation.headers);
}

/** A preflight request is answered without a look at its signature: browsers sign none. */
async function options(exchange: Exchange): Promise<EdgeReply> {
  const { services, request } = exchange;
  try {
    if (!services.hold.isOpen) await hold(exchange);
    return await preflight(exchange);
  } catch (error) {
    return errorReply(services, request.edge, request.resource, PREFLIGHT, error);
  }
}

function fail({ services, request, operation }: Exchange, error: unknown): EdgeReply {
  return errorReply(services, request.edge, request.resource, operation.name, error);
}

function run(exchange: Exchange): Promise<EdgeReply> {
  switch (exchange.level) {
    case "service":
      return exchange.operation.handler(exchange);
    case "bucket":
      return exchange.operation.handler(exchange);
    case "object":
      return exchange.operation.handler(exchange);
    case "refused":
      return Promise.reject(exchange.refusal);
  }
}

/** Waits until there is a leader, before the application reads any byte of the body. @throws S3Error */
async function hold({ auth, services, request }: Exchange): Promise<void> {
  const { edge } = request;
  const ms = edge.method === "HEAD" ? HOLD_HEAD_MS : HOLD_MS;
  const outcome = await services.hold.enter(ms, edge.signal, auth.method !== "anonymous");
  if (outcome === "open") return;
  if (outcome === "gone") throw new S3Error("IncompleteBody", { close: true });
  throw new S3Error("SlowDown", { message: NO_LEADER });
}

function errorReply(
  services: S3Services,
  edge: EdgeRequest,
  resource: string,
  operation: string,
  cause: unknown,
): EdgeReply {
  const error = toS3Error(cause);
  if (error.code === "InternalError" || error.reported) services.onInternalError(cause, edge.requestId);
  if (error.status !== 304) services.metrics.requestFailed(operation, error.code);
  const headers =
    error.status === 503 && error.headers.length === 0 ? retryHeaders(services.random) : error.headers;
  if (edge.method === "HEAD" || error.status === 304) {
    return closing(emptyReply(error.status, headers), error);
  }
  const xml = renderErrorXml(error, { requestId: edge.requestId, resource, hostId: services.hostId });
  return closing(xmlReply(xml, headers, error.status), error);
}

function closing(reply: EdgeReply, error: S3Error): EdgeReply {
  return { ...reply, close: error.close, facts: { errorCode: error.code } };
}

/** The facts for the access log. A reply that may still fail already has its own facts object. */
function factsOf(operation: string, reply: EdgeReply, exchange: Exchange | undefined): RequestFacts {
  const facts = reply.facts ?? {};
  facts.operation = operation;
  if (exchange === undefined) return facts;
  const { request, auth } = exchange;
  facts.bucket = request.bucket;
  // A form names its key in its body: the reply says it.
  facts.key ??= request.key;
  if (auth.principal.kind === "user") facts.accessKey = auth.principal.accessKey;
  return facts;
}

function finish(
  services: S3Services,
  edge: EdgeRequest,
  operation: string,
  reply: EdgeReply,
  startedMs: number,
  exchange?: Exchange,
): EdgeReply {
  const identified: EdgeReply = {
    ...reply,
    facts: factsOf(operation, reply, exchange),
    headers: [
      ["x-amz-request-id", edge.requestId],
      ["x-amz-id-2", services.hostId],
      ["Server", "elastickv"],
      ...reply.headers,
    ],
  };
  return countReply(services, edge, operation, identified, startedMs);
}
