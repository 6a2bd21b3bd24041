/** Access keys of users and of root: create, disable, rotate, delete. */
import type { AccessKeys } from "../../admin/user-types.ts";
import { type CreatedKey, type CreateKey, IamError, type KeyList, type KeyShown } from "../../api/users.ts";
import { generateRootCredentials } from "../../config/root-credentials.ts";
import type { UserId } from "../../iam/types.ts";
import { type AccessKeyRow, accessKeyBytes, iamKey, sealedNameOf } from "../../iam/user-rows.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { SealingKey } from "../../secrets/sealing-key.ts";
import type { TxnMutation } from "../../txn/types.ts";
import type { Decision, IamState, IamTransactions } from "./iam-transactions.ts";
import { idOf } from "./lookups.ts";
import { keyShown, keysShown, type ShownAt } from "./shown.ts";

/** Access keys of one user, disabled and expired ones included. @internal */
export const KEYS_PER_USER_MAX = 16;

export interface KeysOptions {
  readonly transactions: IamTransactions;
  /** @throws IamError UNAVAILABLE while this node does not have the cluster's sealing key */
  readonly sealing: () => Promise<SealingKey>;
  readonly shownAt: () => ShownAt;
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
}

type Given = Omit<CreateKey, "user">;

/** A pair before it is known whose it will be. */
export interface DrawnKey {
  readonly accessKey: string;
  readonly secretKey: string;
  /** The answer shows the secret. */
  readonly generated: boolean;
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly description: string;
  readonly sealing: SealingKey;
}

interface MadeKey {
  readonly mutations: readonly TxnMutation[];
  readonly fresh: NonNullable<Decision<unknown>["fresh"]>;
  readonly shown: KeyShown;
  readonly result: CreatedKey;
}

export class UserKeys implements AccessKeys {
  readonly #options: KeysOptions;

  constructor(options: KeysOptions) {
    this.#options = options;
  }

  async list(user?: string): Promise<KeyList> {
    const { transactions, shownAt } = this.#options;
    const state = await transactions.read();
    const at = shownAt();
    if (user !== undefined) return { keys: keysShown(state, idOf(state, user), at) };
    const ids = [state.rootId, ...[...state.table.users.values()].map(({ id }) => id)];
    return { keys: ids.flatMap((id) => keysShown(state, id, at)) };
  }

  async create({ user, ...given }: CreateKey): Promise<CreatedKey> {
    const drawn = await this.draw(given);
    return this.#options.transactions.change((state) => this.decide(state, idOf(state, user), drawn));
  }

  async enable(accessKey: string, enabled: boolean): Promise<void> {
    await this.#options.transactions.change((state) => {
      const row = { ...this.#rowOf(state, accessKey), enabled };
      return { mutations: [put(row)], result: undefined };
    });
  }

  /** Makes another key for the same user; the old one stays valid for `keepMs`. */
  async rotate(accessKey: string, keepMs: number): Promise<CreatedKey> {
    const { transactions, clock } = this.#options;
    const drawn = await this.draw({});
    return transactions.change((state) => {
      const old = this.#rowOf(state, accessKey);
      const endMs = clock.nowMs() + keepMs;
      const expiresMs = old.expiresMs === null ? endMs : Math.min(old.expiresMs, endMs);
      const made = this.decide(state, old.userId, { ...drawn, description: old.description });
      return { ...made, mutations: [put({ ...old, expiresMs }), ...made.mutations] };
    });
  }

  async delete(accessKey: string): Promise<void> {
    await this.#options.transactions.change((state) => {
      const { sealed } = this.#rowOf(state, accessKey);
      if (sealed === null || accessKey === this.#options.shownAt().rootAccessKey) {
        // Without a row the configured key would be valid again.
        throw new IamError(
          "IN_USE",
          `${accessKey} is root's configured key: disable it, or give the nodes another one and restart them`,
        );
      }
      return { mutations: [{ kind: "delete", key: iamKey("key", accessKey) }], result: undefined };
    });
  }

  /** Takes the given pair, or makes what was not given. @throws IamError INVALID, UNAVAILABLE */
  async draw({ accessKey, secretKey, expiresInMs = null, description = "" }: Given): Promise<DrawnKey> {
    const { clock, random, sealing } = this.#options;
    if (secretKey !== undefined && accessKey === undefined) {
      throw new IamError("INVALID", "a given secret key needs its access key");
    }
    const made = generateRootCredentials(random);
    const createdMs = clock.nowMs();
    return {
      accessKey: accessKey ?? made.accessKey,
      secretKey: secretKey ?? made.secretKey.reveal(),
      generated: secretKey === undefined,
      createdMs,
      expiresMs: expiresInMs === null ? null : createdMs + expiresInMs,
      description,
      sealing: await sealing(),
    };
  }

  /** @throws IamError TOO_MANY, EXISTS */
  decide(state: IamState, userId: UserId, drawn: DrawnKey): MadeKey {
    const { accessKey, secretKey, generated, createdMs, expiresMs, description, sealing } = drawn;
    const count = [...state.table.keys.values()].filter((row) => row.userId === userId).length;
    if (count >= KEYS_PER_USER_MAX) {
      throw new IamError(
        "TOO_MANY",
        `a user has at most ${KEYS_PER_USER_MAX} access keys: delete some first`,
      );
    }
    if (accessKey === this.#options.shownAt().rootAccessKey) {
      throw new IamError("EXISTS", `there is an access key ${accessKey} already`);
    }
    const secret = Buffer.from(secretKey, "utf8");
    const sealed = sealing.seal(sealedNameOf({ accessKey, userId }), secret, this.#options.random);
    const row: AccessKeyRow = { accessKey, userId, enabled: true, createdMs, expiresMs, description, sealed };
    return {
      mutations: [put(row)],
      fresh: [{ key: iamKey("key", accessKey), name: `an access key ${accessKey}` }],
      shown: keyShown(state, row, this.#options.shownAt()),
      result: { accessKey, secretKey: generated ? secretKey : null, expiresMs },
    };
  }

  /** Root's configured key has a row only after it was changed. @throws IamError UNKNOWN_KEY */
  #rowOf({ table, rootId }: IamState, accessKey: string): AccessKeyRow {
    const row = table.keys.get(accessKey);
    if (row !== undefined) return row;
    if (accessKey !== this.#options.shownAt().rootAccessKey) {
      throw new IamError("UNKNOWN_KEY", `there is no access key ${accessKey}`);
    }
    return {
      accessKey,
      userId: rootId,
      enabled: true,
      createdMs: this.#options.clock.nowMs(),
      expiresMs: null,
      description: "",
      sealed: null,
    };
  }
}

function put(row: AccessKeyRow): TxnMutation {
  return { kind: "put", key: iamKey("key", row.accessKey), value: accessKeyBytes(row) };
}
