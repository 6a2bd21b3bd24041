/**
 * Temporary credentials. The token that a client sends has all of a session in it, sealed with the cluster's sealing
 * key: no row is written, and every node that has the key knows every session. A session ends by the clock of the node
 * that checks it, and is valid only while the access key that made it is valid.
 */
import { generateRootCredentials } from "../config/root-credentials.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { OpenError } from "../secrets/hpke.ts";
import { parseRecord, recordBytes, SecretRecordError, textOf } from "../secrets/records.ts";
import type { SealingKey } from "../secrets/sealing-key.ts";
import type { AttachedPolicy, UserId } from "./types.ts";
import type { KnownKey, UserView } from "./user-view.ts";

const SEALED_NAME = "iam session";
/** AWS begins the access keys of temporary credentials so. */
const PREFIX = "ASIA";
/** Above what a session with the longest policy needs. */
const TOKEN_LENGTH_MAX = 8_192;
/** A session whose policy is as long as may be takes some 200 KB once the policy is compiled. */
const CACHED_MAX = 512;

export interface Session extends KnownKey {
  /** The access key that made the session. */
  readonly parent: string;
  readonly expiresMs: number;
  readonly name: string;
  /** Narrows what the user may do. The same object for every request of the session. */
  readonly policy: AttachedPolicy | undefined;
}

export interface WantedSession {
  readonly name: string;
  readonly durationMs: number;
  readonly policyText: string | undefined;
}

export interface SessionsOptions {
  readonly view: Pick<UserView, "find">;
  readonly sealing: () => SealingKey | "lost" | undefined;
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
}

export class Sessions {
  readonly #options: SessionsOptions;
  /** By token; only what was opened, so that nobody without a session fills it. */
  readonly #opened = new Map<string, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** undefined: this node has no sealing key. */
  issue(
    parent: Pick<KnownKey, "userId" | "accessKey">,
    { name, durationMs, policyText }: WantedSession,
  ): { readonly session: Session; readonly token: string } | undefined {
    const { clock, random } = this.#options;
    const sealing = this.#options.sealing();
    if (sealing === undefined || sealing === "lost") return undefined;
    const made = generateRootCredentials(random);
    const session: Session = {
      userId: parent.userId,
      accessKey: PREFIX + made.accessKey.slice(PREFIX.length),
      secretKey: made.secretKey.reveal(),
      parent: parent.accessKey,
      expiresMs: clock.nowMs() + durationMs,
      name,
      policy: policyOf(policyText),
    };
    const { policy: _, ...facts } = session;
    const record = recordBytes({ v: 1, ...facts, ...(policyText === undefined ? {} : { policyText }) });
    const token = Buffer.from(sealing.seal(SEALED_NAME, record, random)).toString("base64url");
    return { session, token };
  }

  /**
   * The session of a token; undefined: there is none, or the key that made it is no longer valid. `later`: this node
   * cannot open the token yet.
   */
  find(token: string): Session | "expired" | "later" | undefined {
    const { clock, view } = this.#options;
    const session = this.#opened.get(token) ?? this.#open(token);
    if (session === undefined || session === "later") return session;
    if (clock.nowMs() >= session.expiresMs) return "expired";
    const parent = view.find(session.parent);
    if (parent === undefined || parent === "later") return parent;
    return parent.userId === session.userId ? session : undefined;
  }

  #open(token: string): Session | "later" | undefined {
    if (token.length > TOKEN_LENGTH_MAX) return undefined;
    const sealing = this.#options.sealing();
    if (sealing === undefined) return "later";
    if (sealing === "lost") return undefined;
    let session: Session;
    try {
      session = sessionOf(sealing.open(SEALED_NAME, Buffer.from(token, "base64url")));
    } catch (error) {
      if (!(error instanceof OpenError || error instanceof SecretRecordError)) throw error;
      return undefined;
    }
    if (this.#opened.size >= CACHED_MAX) this.#opened.clear();
    this.#opened.set(token, session);
    return session;
  }
}

/** @throws SecretRecordError */
function sessionOf(bytes: Uint8Array): Session {
  const record = parseRecord(bytes, "a session");
  const { v, expiresMs, policyText } = record;
  if (v !== 1 || typeof expiresMs !== "number" || !["string", "undefined"].includes(typeof policyText)) {
    throw new SecretRecordError("a session of a newer release");
  }
  const [accessKey, secretKey] = [textOf(record, "accessKey"), textOf(record, "secretKey")];
  const userId: UserId = textOf(record, "userId");
  return {
    userId,
    accessKey,
    secretKey,
    parent: textOf(record, "parent"),
    expiresMs,
    name: textOf(record, "name"),
    policy: policyOf(policyText as string | undefined),
  };
}

function policyOf(text: string | undefined): AttachedPolicy | undefined {
  return text === undefined ? undefined : { name: "session", text };
}
