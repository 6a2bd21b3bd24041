/** Join tokens of the cluster, and the answers to nodes that come with one (docs/format/peer.md, "Joining"). */
import { timingSafeEqual } from "node:crypto";
import type { ChangeReply } from "../../admin/types.ts";
import { type JoinTokenAnswer, JoinTokenRefused, type JoinTokenRequest } from "../../api/join.ts";
import type { NodeRegistry } from "../../cluster/registry/node-registry.ts";
import { formatMembers } from "../../config/members.ts";
import type { MemberChange } from "../../messages/cluster.ts";
import type { Logger } from "../../monitoring/log.ts";
import {
  type CertificateAuthority,
  CertificateError,
  fingerprint,
  issue,
  requestKeyDigest,
} from "../../pki/certificates.ts";
import {
  decodeJoinRequest,
  encodeAnswer,
  type JoinAccepted,
  JoinExchangeError,
  type JoinRefusal,
  type JoinRefusalCode,
  type JoinRequest,
} from "../../pki/join-exchange.ts";
import { formatJoinToken, makeJoinToken, secretDigest } from "../../pki/join-token.ts";
import type { Clock } from "../../platform/clock.ts";
import { hostOf } from "../../platform/network/host-of.ts";
import type { Random } from "../../platform/random.ts";
import { SecretRecordError } from "../../secrets/records.ts";
import { physicalMs } from "../../txn/hlc.ts";
import { KvError, type KvGroup, type TxnMutation } from "../../txn/types.ts";
import {
  absent,
  newcomerBytes,
  newcomerKey,
  readNewcomers,
  readToken,
  readTokens,
  type TokenRow,
  tokenBytes,
  tokenKey,
  unchanged,
  type Versioned,
} from "./rows.ts";

/** Tokens that are valid or were valid a moment ago. */
const MAX_TOKENS = 100;
/** Time for which the row of an expired token is kept, so that a late node is told the right reason. */
const KEEP_EXPIRED_MS = 60 * 60 * 1_000;
const SECOND_MS = 1_000;
const LOGGED_MS = 60_000;
const LOGGED_HOSTS = 16;
/** Attempts at a row that other nodes change at the same time. */
const ATTEMPTS = 5;

export interface JoinServiceOptions {
  readonly kv: Pick<KvGroup, "snapshot" | "transact">;
  /** undefined until the CA has been obtained. */
  readonly authority: () => CertificateAuthority | undefined;
  readonly registry: () => NodeRegistry | undefined;
  readonly change: (change: MemberChange) => Promise<ChangeReply>;
  /** Name of this node, whose address comes first in tokens. */
  readonly self: string;
  /** Secrets of the cluster, 32 bytes each; they go to nodes with a valid token. */
  readonly secrets: readonly Uint8Array[];
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
  readonly log: Logger;
}

type Join = Extract<JoinRequest, { ask: "join" }>;

/** A request to join is refused, with the line that the operator of the new node sees. */
class Refused extends Error {
  readonly code: JoinRefusalCode;
  constructor(code: JoinRefusalCode, message: string) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

export class JoinService {
  readonly #options: JoinServiceOptions;
  /** Addresses whose refusal was logged since `#loggedMs`. */
  readonly #logged = new Set<string>();
  #loggedMs = 0;

  constructor(options: JoinServiceOptions) {
    this.#options = options;
  }

  /** @throws JoinTokenRefused */
  async makeToken(request: JoinTokenRequest): Promise<JoinTokenAnswer> {
    try {
      return await this.#makeToken(request);
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      throw new JoinTokenRefused("UNAVAILABLE", error.message, { cause: error });
    }
  }

  async #makeToken({ expiresSeconds, name, replaces }: JoinTokenRequest): Promise<JoinTokenAnswer> {
    const { kv, clock, random, log, self, authority, registry } = this.#options;
    const ca = authority();
    const members = registry()?.members ?? [];
    if (ca === undefined || members.length === 0) {
      throw new JoinTokenRefused("UNAVAILABLE", `${self} has not obtained the cluster's CA yet: try again`);
    }
    if (replaces !== undefined && !members.some((member) => member.name === replaces)) {
      throw new JoinTokenRefused("UNKNOWN_MEMBER", `${replaces} is no member: see elastickv cluster status`);
    }
    const view = await kv.snapshot();
    const tokens = await readTokens(view);
    const nowMs = clock.nowMs();
    const old = [...tokens].filter(([, { row }]) => row.expiresMs + KEEP_EXPIRED_MS < nowMs);
    if (tokens.size - old.length >= MAX_TOKENS) {
      throw new JoinTokenRefused(
        "TOO_MANY",
        `${MAX_TOKENS} join tokens have not expired: wait until some have`,
      );
    }
    const objection = name === undefined ? undefined : this.#objection(name, "");
    if (objection !== undefined) throw new JoinTokenRefused("NAME_TAKEN", objection);
    const addresses = [
      ...members.filter((member) => member.name === self),
      ...members.filter((member) => member.name !== self),
    ].map(({ address }) => address);
    const token = makeJoinToken(await fingerprint(ca.certificate), addresses, random);
    const expiresMs = nowMs + expiresSeconds * SECOND_MS;
    const row: TokenRow = {
      digest: secretDigest(token.secret),
      expiresMs,
      ...(name === undefined ? {} : { name }),
      ...(replaces === undefined ? {} : { replaces }),
    };
    const key = tokenKey(token.id);
    const mutations: TxnMutation[] = old.map(([id]) => ({ kind: "delete", key: tokenKey(id) }));
    const { ok } = await kv.transact({
      conditions: [absent(key)],
      mutations: [...mutations, { kind: "put", key, value: tokenBytes(row) }],
    });
    if (!ok) throw new JoinTokenRefused("UNAVAILABLE", "the token's id was taken: try again");
    log.info("a join token was made", {
      token: token.id,
      expires: new Date(expiresMs).toISOString(),
      name,
      replaces,
    });
    return { token: formatJoinToken(token), expiresMs };
  }

  /**
   * Answers one line of a node without a certificate. @param host where it comes from. @returns one line; never rejects
   */
  async answer(line: string, host: string): Promise<string> {
    const { log } = this.#options;
    let refusal: JoinRefusal;
    try {
      const request = decodeJoinRequest(line);
      const ca = this.#options.authority();
      if (ca === undefined) throw new Refused("NOT_READY", "this member has just started: try again");
      if (request.ask === "authority") return encodeAnswer({ ok: true, authority: ca.certificate });
      return encodeAnswer(await this.#join(request, ca, host));
    } catch (error) {
      refusal = refusalOf(error);
      if (!(error instanceof Refused || error instanceof JoinExchangeError || error instanceof KvError)) {
        log.error("a request to join failed", { from: host, error });
      }
    }
    if (this.#isNews(host)) {
      log.warn("a node was not let in", { from: host, code: refusal.code, reason: refusal.message });
    }
    return encodeAnswer(refusal);
  }

  /** A stranger may ask all day: one line for an address in LOGGED_MS, and a few addresses. */
  #isNews(host: string): boolean {
    const nowMs = this.#options.clock.nowMs();
    if (Math.abs(nowMs - this.#loggedMs) >= LOGGED_MS) this.#logged.clear();
    if (this.#logged.has(host) || this.#logged.size >= LOGGED_HOSTS) return false;
    if (this.#logged.size === 0) this.#loggedMs = nowMs;
    this.#logged.add(host);
    return true;
  }

  async #join(request: Join, ca: CertificateAuthority, host: string): Promise<JoinAccepted> {
    const { secrets, random, clock, log, registry } = this.#options;
    const { name, replaces } = await this.#redeem(request);
    await this.#addLearner(name, request.address, replaces);
    const certificate = await issue(ca, request.request, name, clock.nowMs(), random);
    log.info("a node was let in", {
      member: name,
      address: request.address,
      from: host,
      token: request.token,
    });
    const others = (registry()?.members ?? []).filter((member) => member.name !== name);
    return {
      ok: true,
      name,
      certificate,
      authority: ca.certificate,
      members: formatMembers(others.filter(({ address }) => address !== "")),
      secrets: secrets.map((secret) => Buffer.from(secret).toString("hex")),
    };
  }

  /**
   * Uses the token for this key, in one transaction: of two nodes, one gets it. The same key may come again, because the
   * answer may have been lost. Whether the token had expired is decided by the commit timestamp of its use, which the
   * leader gives and every replica has.
   */
  async #redeem(request: Join): Promise<{ name: string; replaces: string | undefined }> {
    const { kv } = this.#options;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const view = await kv.snapshot();
      const found = await readToken(view, request.token);
      if (found === undefined || !isSame(secretDigest(request.secret), found.row.digest)) {
        throw new Refused("TOKEN_UNKNOWN", "the cluster does not know this join token: make a new one");
      }
      const { row } = found;
      // After the secret: a stranger costs this node no signature.
      const usedBy = await requestKeyDigest(request.request);
      if (row.usedBy !== undefined) return used(found, request, usedBy);
      const wanted = row.name ?? request.name;
      const name = wanted ?? (await this.#freeName());
      if (request.name !== undefined && request.name !== name) {
        throw new Refused("NAME_TAKEN", `this join token is for a node named ${name}, not ${request.name}`);
      }
      const objection = this.#objection(name, request.address);
      if (objection !== undefined) throw new Refused("NAME_TAKEN", objection);
      this.#checkAddress(name, request.address);
      const key = tokenKey(request.token);
      const newcomer = newcomerKey(name);
      // Two nodes may come at one moment, each with a token of its own: a chosen name is taken in the same transaction.
      const chosen = wanted === undefined;
      const outcome = await kv.transact({
        conditions: [unchanged(key, found.commitTs), ...(chosen ? [absent(newcomer)] : [])],
        mutations: [
          { kind: "put", key, value: tokenBytes({ ...row, name, usedBy }) },
          ...(chosen ? [{ kind: "put" as const, key: newcomer, value: newcomerBytes({}) }] : []),
        ],
      });
      if (!outcome.ok) continue;
      if (physicalMs(outcome.commitTs) > row.expiresMs) {
        if (chosen) await kv.transact({ conditions: [], mutations: [{ kind: "delete", key: newcomer }] });
        throw expired();
      }
      return { name, replaces: row.replaces };
    }
    throw new Refused("NOT_READY", "other nodes use the same join token at this moment: try again");
  }

  async #addLearner(name: string, address: string, replaces: string | undefined): Promise<void> {
    const { kv, change, registry } = this.#options;
    const known = registry()?.members.find((member) => member.name === name);
    // Before the node is a member, so that its vote does not depend on this process.
    if (known === undefined) {
      const value = newcomerBytes(replaces === undefined ? {} : { replaces });
      await kv.transact({ conditions: [], mutations: [{ kind: "put", key: newcomerKey(name), value }] });
    }
    const reply = await change({ kind: "add-learner", name, address });
    if (reply.kind !== "refused") return;
    const lasting = ["ALREADY_MEMBER", "REMOVED_MEMBER", "INVALID"].includes(reply.code);
    throw new Refused(lasting ? "NAME_TAKEN" : "NOT_READY", `${reply.code}: ${reply.message}`);
  }

  /** The smallest n1, n2, ... that no node has, had, or is promised. @throws KvError */
  async #freeName(): Promise<string> {
    const view = await this.#options.kv.snapshot();
    const promised = new Set((await readNewcomers(view)).keys());
    for (const { row } of (await readTokens(view)).values())
      if (row.name !== undefined) promised.add(row.name);
    for (let number = 1; ; number++) {
      const name = `n${number}`;
      if (!promised.has(name) && this.#objection(name, "") === undefined) return name;
    }
  }

  /**
   * Why a new node cannot have this name. A certificate counts for the node with its name, and for the node at the host
   * with its name (peer/certificate.ts): a name must not be the host of another member.
   */
  #objection(name: string, address: string): string | undefined {
    const { members = [], removed = [] } = this.#options.registry() ?? {};
    const same = (one: string): boolean => one.toLowerCase() === name.toLowerCase();
    if (removed.some((member) => same(member.name)))
      return `a node named ${name} was removed: choose another name`;
    if (members.some((member) => same(member.name)))
      return `a node named ${name} is a member: choose another name`;
    if (members.some((member) => same(hostOf(member.address)) && member.address !== address)) {
      return `${name} is the host of another member: choose another name`;
    }
    return undefined;
  }

  #checkAddress(name: string, address: string): void {
    const { members = [] } = this.#options.registry() ?? {};
    const host = hostOf(address).toLowerCase();
    const taken = members.find((member) => member.address === address);
    const named = members.find((member) => member.name.toLowerCase() === host && member.name !== name);
    if (taken !== undefined) throw new Refused("ADDRESS_TAKEN", `${address} is the address of ${taken.name}`);
    if (named !== undefined) throw new Refused("ADDRESS_TAKEN", `${host} is the name of another member`);
  }
}

function used({ row, commitTs }: Versioned<TokenRow>, request: Join, usedBy: string) {
  if (row.usedBy !== usedBy) {
    throw new Refused("TOKEN_USED", "this join token was used by another node: make a new one for each node");
  }
  // The row was last changed by its use.
  if (physicalMs(commitTs) > row.expiresMs) throw expired();
  const { name = "", replaces } = row;
  if (request.name !== undefined && request.name !== name) {
    throw new Refused(
      "NAME_TAKEN",
      `this node was let in as ${name}: join again with that name, or with a new token`,
    );
  }
  return { name, replaces };
}

function expired(): Refused {
  return new Refused("TOKEN_EXPIRED", "this join token has expired: make a new one");
}

function refusalOf(error: unknown): JoinRefusal {
  if (error instanceof Refused || error instanceof JoinExchangeError) {
    return { ok: false, code: error.code, message: error.message };
  }
  if (error instanceof CertificateError) return { ok: false, code: "INVALID", message: error.message };
  if (error instanceof KvError) {
    return {
      ok: false,
      code: "NOT_READY",
      message: `the cluster cannot write now (${error.code}): try again`,
    };
  }
  const damaged = error instanceof SecretRecordError;
  return damaged
    ? { ok: false, code: "TOKEN_UNKNOWN", message: "the row of this join token is damaged: make a new one" }
    : { ok: false, code: "NOT_READY", message: "the member failed; its log says more" };
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
