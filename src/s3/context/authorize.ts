/** The questions of a request to the authorizer. */
import type { AuthorizationRequest } from "../auth/authorizer.ts";
import { actionsOf, actionsOfKey } from "../auth/permissions.ts";
import { RequestContext } from "../auth/request-context.ts";
import type { Principal } from "../auth/types.ts";
import { S3Error } from "../protocol/errors.ts";
import type { Exchange } from "./exchange.ts";

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

/** May the request run its operation on its own bucket or object? @throws S3Error AccessDenied */
export function authorizeRequest(exchange: Exchange): void {
  const { auth, operation, request, services } = exchange;
  const { permissions } = operation;
  if (permissions.ofKeys !== undefined && auth.principal.kind === "anonymous") {
    // The keys are in the body, and the server reads no body of an anonymous request: no bucket is public.
    throw new S3Error("AccessDenied");
  }
  const { bucket, key } = request;
  for (const action of actionsOf(permissions, request)) {
    services.authorizer(new Question(exchange, action, bucket, key, request.query.get("versionId")));
  }
}

/** May the request read the source object of its copy? @throws S3Error AccessDenied */
export function authorizeSource(exchange: Exchange, source: ObjectName): void {
  ask(exchange, source, exchange.operation.permissions.ofSource);
}

/** May the request run its operation on one key of the list in its body? @throws S3Error AccessDenied */
export function authorizeKey(exchange: Exchange, object: ObjectName): void {
  ask(exchange, object, exchange.operation.permissions.ofKeys);
}

/** May the request also do `action` with this object? @throws S3Error AccessDenied */
export function authorizeAlso(
  exchange: Exchange,
  { bucket, key, versionId }: ObjectName,
  action: string,
): void {
  exchange.services.authorizer(new Question(exchange, action, bucket, key, versionId));
}

/** As `authorizeAlso`, for an answer that tells more to those who may know it. */
export function mayAlso(exchange: Exchange, object: ObjectName, action: string): boolean {
  try {
    authorizeAlso(exchange, object, action);
    return true;
  } catch (error) {
    if (error instanceof S3Error && error.code === "AccessDenied") return false;
    throw error;
  }
}

function ask(
  exchange: Exchange,
  { bucket, key, versionId }: ObjectName,
  permissions: Parameters<typeof actionsOfKey>[0] | undefined,
): void {
  if (permissions === undefined) throw new Error(`${exchange.operation.name} names no permission for this`);
  for (const action of actionsOfKey(permissions, versionId, exchange.request)) {
    exchange.services.authorizer(new Question(exchange, action, bucket, key, versionId));
  }
}

class Question implements AuthorizationRequest {
  readonly principal: Principal;
  readonly action: string;
  readonly #exchange: Exchange;
  readonly #bucket: string | undefined;
  readonly #key: string | undefined;
  readonly #versionId: string | undefined;

  constructor(
    exchange: Exchange,
    action: string,
    bucket: string | undefined,
    key: string | undefined,
    versionId: string | undefined,
  ) {
    this.principal = exchange.auth.principal;
    this.action = action;
    this.#exchange = exchange;
    this.#bucket = bucket;
    this.#key = key;
    this.#versionId = versionId;
  }

  get resource(): string {
    const bucket = this.#bucket ?? "*";
    return `arn:aws:s3:::${this.#key === undefined ? bucket : `${bucket}/${this.#key}`}`;
  }

  get context(): RequestContext {
    const { auth, request, services } = this.#exchange;
    return new RequestContext({ auth, request, clock: services.clock }, this.#versionId);
  }
}
