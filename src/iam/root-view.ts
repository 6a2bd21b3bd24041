/** The view of a cluster that has one user. */

import { accountIdOf } from "./account-id.ts";
import type { ReplicatedRows } from "./replicated-rows.ts";
import { userIdOf } from "./rows.ts";
import type { AttachedPolicy, IamView, User, UserId } from "./types.ts";

const NO_POLICIES: readonly AttachedPolicy[] = [];

export class RootView implements IamView {
  readonly #rows: Pick<ReplicatedRows, "rootId">;
  /** The id that requests got before the row was known. */
  readonly #firstId: UserId;
  #root: User;

  /** @param accessKey the current access key of root */
  constructor(rows: Pick<ReplicatedRows, "rootId">, accessKey: string) {
    this.#rows = rows;
    this.#firstId = rows.rootId ?? userIdOf(accessKey);
    this.#root = rootUser(this.#firstId, accessKey);
  }

  get root(): User {
    const { rootId } = this.#rows;
    if (rootId !== undefined && rootId !== this.#root.id)
      this.#root = rootUser(rootId, this.#root.displayName);
    return this.#root;
  }

  user(id: UserId): User | undefined {
    const { root } = this;
    // A request may have been authenticated before the row was applied.
    return id === root.id || id === this.#firstId ? root : undefined;
  }

  policiesOf(): readonly AttachedPolicy[] {
    return NO_POLICIES;
  }
}

function rootUser(id: UserId, displayName: string): User {
  return { id, name: "root", accountId: accountIdOf(id), displayName };
}
