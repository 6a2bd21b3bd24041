/** The tokens of the admin API: rows of the replicated keyspace, checked against this node's clock. */
import type { AdminTokens, CheckOptions, TokenCheck } from "../admin/types.ts";
import { AdminTokenError, type CreatedToken, type CreateToken, type TokenList } from "../api/admin-tokens.ts";
import {
  ADMIN_TOKENS_PREFIX,
  type AdminToken,
  adminTokenHash,
  adminTokenId,
  adminTokenIdOf,
  adminTokenKey,
  adminTokenOf,
  adminTokenRow,
  isTokenOf,
  newAdminToken,
} from "../iam/admin-tokens.ts";
import type { ReplicatedRows } from "../iam/replicated-rows.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import { readable } from "../secrets/records.ts";
import { prefixEnd } from "../store/key-encoding.ts";
import type { KvError, KvGroup } from "../txn/types.ts";
import { inLeaderTime } from "./leader-time.ts";

/** Number of tokens that a cluster keeps, expired ones included. @internal */
export const TOKENS_MAX = 1_000;
/** Expired tokens stay in the list for this time, and are deleted when the next token is made. */
const KEEP_EXPIRED_MS = 7 * 86_400_000;

export interface AdminTokensOptions {
  /** undefined: this node cannot read the newest state of its keyspace yet. */
  readonly keyspace: () =>
    | {
        readonly group: Pick<KvGroup, "snapshot" | "transact">;
        readonly rows: Pick<ReplicatedRows, "adminToken">;
      }
    | undefined;
  readonly clock: Pick<Clock, "nowMs">;
  readonly timers: Pick<Timers, "later">;
  readonly random: Random;
}

export class ReplicatedAdminTokens implements AdminTokens {
  readonly #options: AdminTokensOptions;

  constructor(options: AdminTokensOptions) {
    this.#options = options;
  }

  async check(token: string, { freshly, mayAsk }: CheckOptions): Promise<TokenCheck> {
    const id = adminTokenId(token);
    if (id === undefined) return { kind: "refused" };
    const keyspace = this.#options.keyspace();
    if (keyspace === undefined) return { kind: "unavailable" };
    const known = keyspace.rows.adminToken(id);
    if (known !== undefined && !isTokenOf(known, token)) return { kind: "refused" };
    if (known === undefined && !mayAsk) return { kind: "refused" };
    // A token that this node has not applied yet may have been made at another node a moment ago.
    if (known !== undefined && !freshly) return this.#valid(known);
    try {
      const row = await this.#inTime(this.#newest(id));
      return row !== undefined && isTokenOf(row, token) ? this.#valid(row) : { kind: "refused" };
    } catch (error) {
      if (!(error instanceof AdminTokenError)) throw error;
      return { kind: "unavailable" };
    }
  }

  async create({ role, expiresInMs, note = "" }: CreateToken, createdBy: string): Promise<CreatedToken> {
    const createdMs = this.#options.clock.nowMs();
    const rows = await this.#inTime(this.#all());
    const old = rows.filter(({ expiresMs }) => expiresMs !== null && expiresMs + KEEP_EXPIRED_MS < createdMs);
    if (rows.length - old.length >= TOKENS_MAX) {
      throw new AdminTokenError("TOO_MANY_TOKENS", `there are ${TOKENS_MAX} tokens: revoke some first`);
    }
    const { id, token } = newAdminToken(this.#options.random);
    const expiresMs = expiresInMs === null ? null : createdMs + expiresInMs;
    const sha256 = adminTokenHash(token);
    const key = adminTokenKey(id);
    const value = adminTokenRow({ id, sha256, role, note, createdMs, createdBy, expiresMs });
    const deletes = old.map((row) => ({ kind: "delete" as const, key: adminTokenKey(row.id) }));
    const { ok } = await this.#inTime(
      this.#group().transact({
        conditions: [{ kind: "must-not-exist", key }],
        mutations: [{ kind: "put", key, value }, ...deletes],
      }),
    );
    if (!ok) throw new AdminTokenError("UNAVAILABLE", "the random id is in use; ask again");
    return { id, token, role, expiresMs };
  }

  async list(): Promise<TokenList> {
    const nowMs = this.#options.clock.nowMs();
    const rows = await this.#inTime(this.#all());
    const tokens = rows.map(({ sha256: _, ...row }) => ({ ...row, expired: isExpired(row, nowMs) }));
    return { tokens: tokens.toSorted((a, b) => a.createdMs - b.createdMs || a.id.localeCompare(b.id)) };
  }

  async revoke(id: string): Promise<void> {
    const key = adminTokenKey(id);
    const { ok } = await this.#inTime(
      this.#group().transact({
        conditions: [{ kind: "must-exist", key }],
        mutations: [{ kind: "delete", key }],
      }),
    );
    if (!ok) throw new AdminTokenError("UNKNOWN_TOKEN", `there is no token ${id}`);
  }

  #valid(row: AdminToken): TokenCheck {
    if (isExpired(row, this.#options.clock.nowMs())) return { kind: "refused" };
    return { kind: "valid", id: row.id, role: row.role };
  }

  async #newest(id: string): Promise<AdminToken | undefined> {
    const row = await (await this.#group().snapshot()).get(adminTokenKey(id));
    return row === undefined ? undefined : readable(() => adminTokenOf(id, row.value));
  }

  async #all(): Promise<readonly AdminToken[]> {
    const view = await this.#group().snapshot();
    const limit = 2 * TOKENS_MAX;
    const items = await view.scan(ADMIN_TOKENS_PREFIX, prefixEnd(ADMIN_TOKENS_PREFIX), { limit });
    return items.flatMap(({ key, value }) => {
      const id = adminTokenIdOf(key);
      return (id === undefined ? undefined : readable(() => adminTokenOf(id, value))) ?? [];
    });
  }

  #group(): Pick<KvGroup, "snapshot" | "transact"> {
    const keyspace = this.#options.keyspace();
    if (keyspace !== undefined) return keyspace.group;
    throw new AdminTokenError("UNAVAILABLE", "this node cannot read its keyspace yet");
  }

  /** @throws AdminTokenError UNAVAILABLE when no leader answers in time */
  #inTime<T>(work: Promise<T>): Promise<T> {
    const unavailable = (message: string, cause?: KvError): AdminTokenError =>
      new AdminTokenError("UNAVAILABLE", message, { cause });
    return inLeaderTime(work, this.#options.timers, unavailable);
  }
}

function isExpired({ expiresMs }: Pick<AdminToken, "expiresMs">, nowMs: number): boolean {
  return expiresMs !== null && nowMs >= expiresMs;
}
