/**
 * What a joining node and a member say to each other on the peer port (docs/format/peer.md, "Joining"): one line of JSON
 * each. The member reads lines of strangers, so that every field is checked here.
 */
import { formatAddress } from "../config/address.ts";
import { NODE_NAME, parsePeerAddress } from "../config/members.ts";

const VERSION = 1;

/** `authority`: which CA certificate does the cluster have? Its fingerprint is compared with the token. */
export type JoinRequest =
  | { readonly ask: "authority" }
  | {
      readonly ask: "join";
      /** Id of the token, 16 hex digits. */
      readonly token: string;
      readonly secret: Uint8Array;
      /** PEM (PKCS #10). */
      readonly request: string;
      /** undefined: the cluster chooses a name. */
      readonly name: string | undefined;
      /** host:port at which peers will reach the node. */
      readonly address: string;
    };

export type JoinRefusalCode =
  /** The cluster does not know the token, or its secret is another one. */
  | "TOKEN_UNKNOWN"
  | "TOKEN_USED"
  | "TOKEN_EXPIRED"
  | "NAME_TAKEN"
  | "ADDRESS_TAKEN"
  /** The member cannot answer now; the same request may succeed later. */
  | "NOT_READY"
  | "INVALID"
  /** The member speaks another version of this exchange. */
  | "VERSION";

export interface JoinRefusal {
  readonly ok: false;
  readonly code: JoinRefusalCode;
  readonly message: string;
}

export interface JoinAccepted {
  readonly ok: true;
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM of the CA. */
  readonly authority: string;
  /** `n1=host:port,...`, for --join. */
  readonly members: string;
  /** Secrets of the cluster, 64 hex digits each; empty: certificates alone prove membership. */
  readonly secrets: readonly string[];
}

export type AuthorityAnswer = { readonly ok: true; readonly authority: string } | JoinRefusal;
export type JoinAnswer = JoinAccepted | JoinRefusal;

/** A line is not what this exchange allows. The message names the field and never its value. */
export class JoinExchangeError extends Error {
  readonly code: JoinRefusalCode;
  constructor(code: "INVALID" | "VERSION", message: string) {
    super(message);
    this.name = "JoinExchangeError";
    this.code = code;
  }
}

const HEX_ID = /^[0-9a-f]{16}$/;
const HEX_SECRET = /^[0-9a-f]{64}$/;
const CODES: ReadonlySet<string> = new Set<JoinRefusalCode>([
  "TOKEN_UNKNOWN",
  "TOKEN_USED",
  "TOKEN_EXPIRED",
  "NAME_TAKEN",
  "ADDRESS_TAKEN",
  "NOT_READY",
  "INVALID",
  "VERSION",
]);

export function encodeJoinRequest(request: JoinRequest): string {
  if (request.ask === "authority") return JSON.stringify({ v: VERSION, ask: request.ask });
  const secret = Buffer.from(request.secret).toString("hex");
  return JSON.stringify({ v: VERSION, ...request, secret });
}

/** @throws JoinExchangeError */
export function decodeJoinRequest(line: string): JoinRequest {
  const record = recordOf(line);
  const { ask, name } = record;
  if (ask === "authority") return { ask };
  if (ask !== "join") throw invalid("ask");
  const secret = text(record, "secret");
  const token = text(record, "token");
  if (!HEX_SECRET.test(secret)) throw invalid("secret");
  if (!HEX_ID.test(token)) throw invalid("token");
  if (name !== undefined && (typeof name !== "string" || !NODE_NAME.test(name))) throw invalid("name");
  let address: string;
  try {
    address = formatAddress(parsePeerAddress(text(record, "address")));
  } catch {
    throw invalid("address");
  }
  return {
    ask,
    token,
    secret: new Uint8Array(Buffer.from(secret, "hex")),
    request: text(record, "request"),
    name,
    address,
  };
}

export function encodeAnswer(answer: AuthorityAnswer | JoinAnswer): string {
  return JSON.stringify({ v: VERSION, ...answer });
}

/** @throws JoinExchangeError */
export function decodeAuthorityAnswer(line: string): AuthorityAnswer {
  const record = recordOf(line);
  return record["ok"] === true ? { ok: true, authority: text(record, "authority") } : refusalOf(record);
}

/** @throws JoinExchangeError */
export function decodeJoinAnswer(line: string): JoinAnswer {
  const record = recordOf(line);
  if (record["ok"] !== true) return refusalOf(record);
  const { secrets } = record;
  const name = text(record, "name");
  if (!NODE_NAME.test(name)) throw invalid("name");
  if (!Array.isArray(secrets) || !secrets.every((one) => typeof one === "string" && HEX_SECRET.test(one))) {
    throw invalid("secrets");
  }
  return {
    ok: true,
    name,
    certificate: text(record, "certificate"),
    authority: text(record, "authority"),
    members: text(record, "members"),
    secrets: secrets as string[],
  };
}

function refusalOf(record: Readonly<Record<string, unknown>>): JoinRefusal {
  const code = text(record, "code");
  if (!CODES.has(code)) throw invalid("code");
  return { ok: false, code: code as JoinRefusalCode, message: text(record, "message") };
}

function recordOf(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new JoinExchangeError("INVALID", "a line of the join exchange is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new JoinExchangeError("INVALID", "a line of the join exchange is no JSON object");
  }
  const record = value as Readonly<Record<string, unknown>>;
  if (record["v"] !== VERSION) {
    throw new JoinExchangeError(
      "VERSION",
      `the other end does not speak version ${VERSION} of the join exchange`,
    );
  }
  return record;
}

function text(record: Readonly<Record<string, unknown>>, field: string): string {
  const value = record[field];
  if (typeof value !== "string") throw invalid(field);
  return value;
}

function invalid(field: string): JoinExchangeError {
  return new JoinExchangeError(
    "INVALID",
    `the field "${field}" of the join exchange is missing or not valid`,
  );
}
