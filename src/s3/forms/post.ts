/**
 * POST Object: the upload of a browser's form. The fields before the file say who uploads what; the file is read as the
 * body of a PUT is. Source: S3 API, "POST Object" and "Browser-based uploads using POST".
 */
import type { BodyReader, EdgeReply } from "../../http/types.ts";
import { checkPostPolicy, type LengthRange, parsePostPolicy } from "../auth/post-policy.ts";
import { boundaryOf } from "../body/form-headers.ts";
import { readForm } from "../body/form-reader.ts";
import type { PayloadResult } from "../body/types.ts";
import { authorizeRequest } from "../context/authorize.ts";
import { type BucketExchange, type Handler, type ObjectExchange, openedBucket } from "../context/exchange.ts";
import { tagsForPolicies } from "../context/object-tags.ts";
import { ownerOfBucket } from "../context/owners.ts";
import { checkHeaders } from "../headers/check.ts";
import { OBJECT, SENT_CHECKSUM } from "../headers/groups.ts";
import { checkOwner } from "../headers/owner.ts";
import { openPayload } from "../objects/payload.ts";
import { objectFactsOf, storedHeaders, storeObject } from "../objects/store-object.ts";
import { S3Error } from "../protocol/errors.ts";
import { FORM_FIELDS_BYTES_MAX, REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { type FormFields, formFields, requestOfForm } from "./form-request.ts";
import { postReply } from "./post-reply.ts";

/** The headers that fields may stand for. */
const RULES = { known: new Set([...OBJECT, ...SENT_CHECKSUM]), decidesEtags: false, makesBucket: false };
const ANY_LENGTH: LengthRange = { min: 0, max: REQUEST_BYTES_MAX };

export const postObject: Handler<"bucket"> = async (exchange) => {
  const { request } = exchange;
  const form = await readForm(bodyOf(exchange), boundary(request.header("content-type") ?? ""));
  const fields = formFields(form, exchange.bucket);
  const range = authenticate(exchange, fields);
  const file = new BoundedFile(form.file, range);
  const upload = objectExchange(exchange, fields, file);
  upload.objectTags = await tagsForPolicies(upload, openedBucket(upload), fields.key, undefined);
  authorizeRequest(upload);
  checkOwner(request, () => ownerOfBucket(exchange), "x-amz-expected-bucket-owner");
  checkHeaders(request, exchange.operation.headers);
  upload.headers = checkHeaders(upload.request, RULES);
  const about = await store(upload, file);
  return { ...postReply(request, fields, about), facts: { key: fields.key } };
};

/** @throws S3Error MissingContentLength, EntityTooLarge */
function bodyOf({ request }: BucketExchange): BodyReader & { readonly declaredLength: number } {
  const { body } = request.edge;
  const { declaredLength } = body;
  if (declaredLength === undefined) throw new S3Error("MissingContentLength");
  if (declaredLength > REQUEST_BYTES_MAX + 2 * FORM_FIELDS_BYTES_MAX)
    throw tooLarge(declaredLength, REQUEST_BYTES_MAX);
  return body as BodyReader & { readonly declaredLength: number };
}

/**
 * As recorded on 2026-09-23 (brekkylab/backlot, tests): a POST that is no form gets an error that no client repeats.
 * @throws S3Error PreconditionFailed, MalformedPOSTRequest
 */
function boundary(contentType: string): string {
  if (!/^multipart\/form-data\s*(?:;|$)/i.test(contentType.trim())) {
    throw new S3Error("PreconditionFailed", {
      message: "At least one of the pre-conditions you specified did not hold",
      extra: [["Condition", "Bucket POST must be of the enclosure-type multipart/form-data"]],
    });
  }
  const found = boundaryOf(contentType);
  if (found === undefined) throw new S3Error("MalformedPOSTRequest");
  return found;
}

/** Who has signed the form, and what length its policy allows. @throws S3Error */
function authenticate(exchange: BucketExchange, { facts, signed }: FormFields): LengthRange {
  const { services } = exchange;
  exchange.auth = services.authenticator.authenticateForm(signed);
  if (exchange.auth.principal.kind === "anonymous") return ANY_LENGTH;
  const policy = parsePostPolicy(signed.policy);
  checkPostPolicy(policy, facts, services.clock.nowMs());
  const { min, max } = policy.range ?? ANY_LENGTH;
  return { min, max: Math.min(max, REQUEST_BYTES_MAX) };
}

function objectExchange(
  { auth, bucket, headers, opened, operation, reply, services, request }: BucketExchange,
  fields: FormFields,
  file: BodyReader,
): ObjectExchange {
  const asPut = requestOfForm({ request }, fields, file);
  return {
    level: "object",
    bucket,
    key: fields.key,
    request: asPut,
    signed: asPut,
    services,
    auth,
    headers,
    opened,
    reply,
    // The handler of the operation is the caller.
    operation: {
      ...operation,
      handler: () => Promise.reject(new Error("a form is stored by its own handler")),
    },
  };
}

/** The file, which is refused as soon as it is longer than allowed. */
class BoundedFile implements BodyReader {
  readonly #file: BodyReader & { readonly declaredLength: number };
  readonly #range: LengthRange;

  constructor(file: BodyReader & { readonly declaredLength: number }, range: LengthRange) {
    this.#file = file;
    this.#range = range;
  }

  get declaredLength(): number {
    return this.#file.declaredLength;
  }

  get received(): number {
    return this.#file.received;
  }

  async read(): Promise<Uint8Array | undefined> {
    const piece = await this.#file.read();
    this.#checkMax();
    return piece;
  }

  async readInto(target: Uint8Array): Promise<number> {
    const filled = await this.#file.readInto(target);
    this.#checkMax();
    return filled;
  }

  /** Call after the last byte. @throws S3Error EntityTooSmall */
  checkMin(): void {
    const { min } = this.#range;
    if (this.received >= min) return;
    throw new S3Error("EntityTooSmall", {
      message: "Your proposed upload is smaller than the minimum allowed size",
      extra: [
        ["ProposedSize", String(this.received)],
        ["MinSizeAllowed", String(min)],
      ],
    });
  }

  #checkMax(): void {
    const { max } = this.#range;
    // A line end usually follows the last boundary.
    if (this.received > max) throw tooLarge(Math.max(this.received, this.declaredLength - 2), max);
  }
}

function tooLarge(size: number, max: number): S3Error {
  return new S3Error("EntityTooLarge", {
    message: "Your proposed upload exceeds the maximum allowed size",
    extra: [
      ["ProposedSize", String(size)],
      ["MaxSizeAllowed", String(max)],
    ],
    close: true,
  });
}

/** Stores the file as PutObject stores its body. @returns headers of the answer about the object */
async function store(exchange: ObjectExchange, file: BoundedFile): Promise<EdgeReply["headers"]> {
  const { request, services } = exchange;
  const facts = objectFactsOf(request);
  const body = openPayload(exchange, {
    hashes: services.hashes,
    digests: ["md5"],
    mayEndEarly: true,
    maxLength: Number.MAX_SAFE_INTEGER,
  });
  const finish = async (): Promise<PayloadResult> => {
    const received = await body.finish();
    file.checkMin();
    return received;
  };
  try {
    const source = { body, finish, condition: undefined, invocation: undefined };
    return storedHeaders(await storeObject(exchange, facts, source));
  } finally {
    body.abort();
  }
}
