/**
 * Users, access keys and policies, as one gateway consults them for every request: all in memory. A secret is opened
 * once, with the first request that its key signs.
 */
import type { RootCredentials } from "../config/root-credentials.ts";
import type { Clock } from "../platform/clock.ts";
import { OpenError } from "../secrets/hpke.ts";
import { SecretRecordError } from "../secrets/records.ts";
import type { SealingKey } from "../secrets/sealing-key.ts";
import { accountIdOf } from "./account-id.ts";
import { CANNED_POLICIES, UNREADABLE_POLICY } from "./canned-policies.ts";
import type { ReplicatedRows } from "./replicated-rows.ts";
import { userIdOf } from "./rows.ts";
import type { AttachedPolicy, IamView, User, UserId } from "./types.ts";
import { type AccessKeyRow, sealedNameOf } from "./user-rows.ts";

/** An access key that may sign requests. */
export interface KnownKey {
  readonly userId: UserId;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface UserViewOptions {
  readonly rows: Pick<ReplicatedRows, "rootId" | "table">;
  /** The configured keys of root, or those that the cluster made. */
  readonly root: RootCredentials;
  /** undefined: this node does not have the cluster's sealing key yet. `lost`: it never will. */
  readonly sealing: () => SealingKey | "lost" | undefined;
  readonly clock: Pick<Clock, "nowMs">;
  /** Receives the error of a secret that does not open; its key counts as unknown. */
  readonly onUnreadable: (error: unknown) => void;
}

const NO_POLICIES: readonly AttachedPolicy[] = [];

interface OpenedKey {
  readonly row: AccessKeyRow;
  readonly known: KnownKey | undefined;
}

export class UserView implements IamView {
  readonly #options: UserViewOptions;
  /** The id that requests of root got before the row was known. */
  readonly #firstId: UserId;
  #root: User;
  readonly #opened = new Map<string, OpenedKey>();
  #openedAt = -1;
  readonly #policies = new Map<UserId, readonly AttachedPolicy[]>();
  #policiesAt = -1;

  constructor(options: UserViewOptions) {
    const { rows, root } = options;
    this.#options = options;
    this.#firstId = rows.rootId ?? userIdOf(root.accessKey);
    this.#root = rootUser(this.#firstId);
  }

  get root(): User {
    const { rootId } = this.#options.rows;
    if (rootId !== undefined && rootId !== this.#root.id) {
      this.#root = rootUser(rootId);
    }
    return this.#root;
  }

  user(id: UserId): User | undefined {
    const { root } = this;
    // A request may have been authenticated before the row was applied.
    if (id === root.id || id === this.#firstId) return root;
    return this.#options.rows.table.usersById.get(id);
  }

  policiesOf(id: UserId): readonly AttachedPolicy[] {
    const { table } = this.#options.rows;
    if (this.#policiesAt !== table.changes) {
      this.#policies.clear();
      this.#policiesAt = table.changes;
    }
    let found = this.#policies.get(id);
    if (found === undefined) {
      found = this.#collect(id);
      this.#policies.set(id, found);
    }
    return found;
  }

  /**
   * The key that signs a request; undefined: there is none, or it is disabled or has expired. `later`: this node
   * cannot open its secret yet.
   */
  find(accessKey: string): KnownKey | "later" | undefined {
    const { clock, root, rows } = this.#options;
    const row = rows.table.keys.get(accessKey);
    const configured = accessKey === root.accessKey;
    if (row === undefined) {
      // A row that cannot be read may say that the key is disabled.
      if (!configured || rows.table.unreadableKeys.has(accessKey)) return undefined;
      return { userId: this.root.id, accessKey, secretKey: root.secretKey.reveal() };
    }
    if (!row.enabled || (row.expiresMs !== null && clock.nowMs() >= row.expiresMs)) return undefined;
    if (row.userId !== this.root.id && rows.table.usersById.get(row.userId)?.disabled !== false) {
      return undefined;
    }
    if (row.sealed !== null) return this.#open(row, row.sealed);
    if (!configured || row.userId !== this.root.id) return undefined;
    return { userId: row.userId, accessKey, secretKey: root.secretKey.reveal() };
  }

  #open(row: AccessKeyRow, sealed: Uint8Array): KnownKey | "later" | undefined {
    const opened = this.#opened.get(row.accessKey);
    if (opened?.row === row) return opened.known;
    const sealing = this.#options.sealing();
    if (sealing === undefined) return "later";
    if (sealing === "lost") return undefined;
    this.#forgetOld();
    const known = this.#openWith(sealing, row, sealed);
    this.#opened.set(row.accessKey, { row, known });
    return known;
  }

  #openWith(sealing: SealingKey, row: AccessKeyRow, sealed: Uint8Array): KnownKey | undefined {
    try {
      const secretKey = Buffer.from(sealing.open(sealedNameOf(row), sealed)).toString("utf8");
      return { userId: row.userId, accessKey: row.accessKey, secretKey };
    } catch (error) {
      if (!(error instanceof OpenError || error instanceof SecretRecordError)) throw error;
      this.#options.onUnreadable(error);
      return undefined;
    }
  }

  /** Secrets of keys that are gone do not stay in memory. */
  #forgetOld(): void {
    const { changes, keys } = this.#options.rows.table;
    if (this.#openedAt === changes) return;
    this.#openedAt = changes;
    for (const [accessKey, { row }] of this.#opened) {
      if (keys.get(accessKey) !== row) this.#opened.delete(accessKey);
    }
  }

  #collect(id: UserId): readonly AttachedPolicy[] {
    const { table } = this.#options.rows;
    const user = table.usersById.get(id);
    if (user === undefined) return NO_POLICIES;
    const names = new Set(user.policies);
    for (const group of table.groups.values()) {
      if (group.members.includes(id)) for (const name of group.policies) names.add(name);
    }
    const found = [...names].map(
      (name) => CANNED_POLICIES.get(name) ?? table.policies.get(name) ?? UNREADABLE_POLICY,
    );
    return table.unreadableGroups.size === 0 ? found : [...found, UNREADABLE_POLICY];
  }
}

/** The display name is no access key: lists of a public bucket show it to everybody. */
function rootUser(id: UserId): User {
  return { id, name: "root", accountId: accountIdOf(id), displayName: "root" };
}
