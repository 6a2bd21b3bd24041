/**
 * The questions of a request to the authorizer. A decision about an existing bucket needs the bucket's row, so the
 * request opens its bucket first, and is authorised after that wait: still before any byte of the body is read.
 */
import type { CompiledPolicy } from "../../iam/policy/compiled-policy.ts";
import { namesOf } from "../../iam/policy/principals.ts";
import type { AuthorizationRequest, BucketFacts } from "../auth/authorizer.ts";
import { actionsOf, actionsOfKey } from "../auth/permissions.ts";
import { RequestContext } from "../auth/request-context.ts";
import type { Principal } from "../auth/types.ts";
import type { Written } from "../auth/written.ts";
import { S3Error } from "../protocol/errors.ts";
import type { TagSet } from "../protocol/tags.ts";
import { madeAnew, type OpenedBucket } from "../records/bucket-directory.ts";
import { type Exchange, openedBucket } from "./exchange.ts";
import { tagsForPolicies } from "./object-tags.ts";
import { ownerIdOf } from "./owners.ts";

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
  /** Tags of the object, when a policy asks for them (object-tags.ts). */
  readonly tags?: TagSet | undefined;
}

/** False: the request is authorised at once, because no bucket that exists has a say. */
export function needsBucket({ level, operation }: Exchange): boolean {
  return level === "object" || (level === "bucket" && !operation.headers.makesBucket);
}

/**
 * Opens the bucket of the request. Everybody learns that a bucket does not exist, as from S3.
 * @throws S3Error NoSuchBucket; KvError
 */
export async function openBucket(exchange: Exchange): Promise<void> {
  exchange.opened = await exchange.services.buckets.open(exchange.request.bucket ?? "");
}

/**
 * Opens the same bucket again, for another attempt at a decision; its policy and the object's tags may be others now. @throws S3Error
 * NoSuchBucket, AccessDenied, ServiceUnavailable (the bucket was made anew, and may be another user's); KvError
 */
export async function reopenBucket(exchange: Exchange): Promise<void> {
  const { bucket } = openedBucket(exchange);
  const opened = await exchange.services.buckets.open(bucket.bucket);
  if (opened.bucket.generation !== bucket.generation) throw madeAnew();
  exchange.opened = opened;
  await authorizeOpened(exchange);
}

/** Authorises the request on the bucket that it has opened. @throws S3Error AccessDenied; KvError */
export async function authorizeOpened(exchange: Exchange): Promise<void> {
  if (exchange.level === "object") {
    const versionId = exchange.request.query.get("versionId");
    const tags = tagsForPolicies(exchange, openedBucket(exchange), exchange.key, versionId);
    exchange.objectTags = tags === undefined ? undefined : await tags;
  }
  authorizeRequest(exchange);
}

/** May the request run its operation on its own bucket or object? @throws S3Error AccessDenied */
export function authorizeRequest(exchange: Exchange): void {
  const { auth, opened, operation, request, services } = exchange;
  const { permissions } = operation;
  if (permissions.ofKeys !== undefined && auth.principal.kind === "anonymous") {
    // The keys are in the body, and the server reads no body for nothing: only a policy lets somebody in unsigned.
    if (opened?.policy === undefined) throw new S3Error("AccessDenied");
  }
  const { bucket, key } = request;
  const facts = opened === undefined ? undefined : factsOf(exchange, opened);
  const pending = exchange.written === undefined ? permissions.keysInBody : undefined;
  const versionId = request.query.get("versionId");
  for (const action of actionsOf(permissions, request)) {
    const { objectTags } = exchange;
    services.authorizer(new Question(exchange, action, facts, bucket, key, versionId, objectTags, pending));
  }
}

/**
 * May the request write this? Asked again, before anything is written, because conditions may be about what only the
 * body or the source of a copy says. @throws S3Error AccessDenied
 */
export function authorizeWritten(exchange: Exchange, written: Written): void {
  exchange.written = written;
  authorizeRequest(exchange);
}

/**
 * May the request read the source object of its copy?
 * @param opened the bucket of the source. @throws S3Error AccessDenied
 */
export function authorizeSource(exchange: Exchange, source: ObjectName, opened: OpenedBucket): void {
  ask(exchange, source, opened, exchange.operation.permissions.ofSource);
}

/** Would this policy of the request's bucket deny the sender the action on the bucket? */
export function requestDenied(exchange: Exchange, policy: CompiledPolicy, action: string): boolean {
  const { auth, request, services } = exchange;
  const facts = factsOf(exchange, openedBucket(exchange));
  const { context, resource } = new Question(exchange, action, facts, request.bucket, undefined, undefined);
  const user = auth.principal.kind === "user" ? services.iam.user(auth.principal.id) : undefined;
  const isRoot = user !== undefined && user.id === services.iam.root.id;
  // Root can always change the policy.
  if (isRoot) return false;
  const names = namesOf(user === undefined ? undefined : { ...user, isRoot });
  return policy.decide({ names, action, resource, context })?.effect === "Deny";
}

/** Who may not do the action does not learn by the error that there is no such object. */
const ABSENCES: Readonly<Record<string, string>> = {
  NoSuchKey: "s3:ListBucket",
  NoSuchVersion: "s3:ListBucketVersions",
};

/**
 * Reads an object. Who may not list the bucket does not learn that an object is missing: the error is AccessDenied (API
 * reference, GetObject and HeadObject, "Permissions").
 */
export async function hidingAbsence<T>(
  exchange: Exchange,
  opened: OpenedBucket,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const action = error instanceof S3Error ? ABSENCES[error.code] : undefined;
    if (action === undefined) throw error;
    const facts = factsOf(exchange, opened);
    const { bucket } = opened.bucket;
    exchange.services.authorizer(new Question(exchange, action, facts, bucket, undefined, undefined));
    throw error;
  }
}

/** May the request run its operation on one key of the list in its body? @throws S3Error AccessDenied */
export function authorizeKey(exchange: Exchange, object: ObjectName): void {
  ask(exchange, object, openedBucket(exchange), exchange.operation.permissions.ofKeys);
}

/**
 * May the request also do `action` with this object?
 * @param opened the object's bucket. @throws S3Error AccessDenied
 */
export function authorizeAlso(
  exchange: Exchange,
  { bucket, key, versionId, tags }: ObjectName,
  opened: OpenedBucket,
  action: string,
): void {
  const facts = factsOf(exchange, opened);
  exchange.services.authorizer(new Question(exchange, action, facts, bucket, key, versionId, tags));
}

/** As `authorizeAlso`, for an answer that tells more to those who may know it. */
export function mayAlso(
  exchange: Exchange,
  object: ObjectName,
  opened: OpenedBucket,
  action: string,
): boolean {
  try {
    authorizeAlso(exchange, object, opened, action);
    return true;
  } catch (error) {
    if (error instanceof S3Error && error.code === "AccessDenied") return false;
    throw error;
  }
}

function ask(
  exchange: Exchange,
  { bucket, key, versionId, tags }: ObjectName,
  opened: OpenedBucket,
  permissions: Parameters<typeof actionsOfKey>[0] | undefined,
): void {
  if (permissions === undefined) throw new Error(`${exchange.operation.name} names no permission for this`);
  const facts = factsOf(exchange, opened);
  for (const action of actionsOfKey(permissions, versionId, exchange.request)) {
    exchange.services.authorizer(new Question(exchange, action, facts, bucket, key, versionId, tags));
  }
}

/** The actions of the Service Authorization Reference with the condition key `s3:ExistingObjectTag/...`. */
const OF_TAGGED =
  /^s3:(?:GetObject(?:Version)?(?:Acl|Attributes|Tagging)?|(?:Put|Delete)Object(?:Version)?Tagging|PutObject(?:Version)?Acl)$/;

function factsOf({ services }: Exchange, { bucket, policy }: OpenedBucket): BucketFacts {
  return {
    name: bucket.bucket,
    policy,
    get owner() {
      return ownerIdOf(services, bucket);
    },
  };
}

class Question implements AuthorizationRequest {
  readonly principal: Principal;
  readonly action: string;
  readonly bucket: BucketFacts | undefined;
  readonly #exchange: Exchange;
  readonly #bucketName: string | undefined;
  readonly #key: string | undefined;
  readonly #versionId: string | undefined;
  readonly #tags: TagSet | undefined;
  readonly #pending: readonly string[] | undefined;

  constructor(
    exchange: Exchange,
    action: string,
    facts: BucketFacts | undefined,
    bucket: string | undefined,
    key: string | undefined,
    versionId: string | undefined,
    tags?: TagSet,
    pending?: readonly string[],
  ) {
    this.principal = exchange.auth.principal;
    this.action = action;
    this.bucket = facts;
    this.#exchange = exchange;
    this.#bucketName = bucket;
    this.#key = key;
    this.#versionId = versionId;
    this.#tags = tags;
    this.#pending = pending;
  }

  get resource(): string {
    const bucket = this.#bucketName ?? "*";
    return `arn:aws:s3:::${this.#key === undefined ? bucket : `${bucket}/${this.#key}`}`;
  }

  get context(): RequestContext {
    const { auth, operation, request, services, written } = this.#exchange;
    const { clock, iam } = services;
    const user = auth.principal.kind === "user" ? iam.user(auth.principal.id) : undefined;
    const isRoot = user?.id === iam.root.id;
    // A bucket that does not exist yet counts as the asker's.
    const owner = this.bucket === undefined ? user?.id : this.bucket.owner;
    const objectTags = OF_TAGGED.test(this.action) ? this.#tags : undefined;
    const asker = { auth, user, isRoot, owner };
    const asked = { request, operation: operation.name, objectTags, written, pending: this.#pending };
    return new RequestContext({ ...asker, ...asked, clock }, this.#versionId);
  }
}
