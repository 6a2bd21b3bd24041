/**
 * The S3 application: the edge passes a request, and the application returns a reply that is counted and logged. The
 * raw target decides the operation. An Elysia application (dispatch.ts) decides the order of the steps.
 */
import type { EdgeApplication, EdgeReply, EdgeRequest, RequestFacts } from "../http/types.ts";
import { withHoistedHeaders } from "./auth/hoisted-headers.ts";
import { authorizeRequest } from "./context/authorize.ts";
import type { S3Deps } from "./context/deps.ts";
import type { Exchange, S3Services } from "./context/exchange.ts";
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
import { withCharge } from "./requester-pays.ts";
import { detectOperation, UNSUPPORTED } from "./routing/detect.ts";
import { KeyTurns } from "./versions/turns.ts";

/** The name under which preflight requests are counted. */
const PREFLIGHT = "OptionsObject";

const UNAUTHENTICATED: Exchange["auth"] = {
  principal: { kind: "anonymous" },
  payload: { kind: "unsigned" },
  method: "anonymous",
};

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
    return finish(
      services,
      edge,
      name,
      await withCors(exchange, await withCharge(exchange, reply)),
      startedMs,
      exchange,
    );
  };
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
    reply: undefined,
  };
}

/** Authenticates and authorises the request, before the application reads any byte of the body. @throws S3Error */
function admit(exchange: Exchange): void {
  const { services, request } = exchange;
  if (exchange.level === "bucket" && exchange.operation.signedIn === "form") return;
  exchange.auth = services.authenticator.authenticate(exchange.signed);
  authorizeRequest(exchange);
  checkOwner(request, services.iam.root, "x-amz-expected-bucket-owner");
  if (exchange.level !== "refused") exchange.headers = checkHeaders(request, exchange.operation.headers);
}

async function answer(exchange: Exchange): Promise<EdgeReply> {
  if (!exchange.services.hold.isOpen && exchange.level !== "refused") await hold(exchange);
  return run(exchange);
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
async function hold({ services, request }: Exchange): Promise<void> {
  const { edge } = request;
  const ms = edge.method === "HEAD" ? HOLD_HEAD_MS : HOLD_MS;
  const outcome = await services.hold.enter(ms, edge.signal);
  if (outcome === "open") return;
  if (outcome === "gone") throw new S3Error("IncompleteBody", { close: true });
  throw new S3Error("SlowDown", { message: "The cluster has no leader at the moment. Please try again." });
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
