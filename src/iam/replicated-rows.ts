/**
 * The rows about users, as this node has applied them, in memory. The message about an applied batch names the
 * changed keys, and the gateway reads each changed row again from the node's own copy. So no request reads a row to
 * be authorised. A request that sees the effect of a write sees the users of that moment or of a later moment.
 */
import { type ChangedKeys, forEachChangedKey } from "../messages/changed-keys.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import type { MvccReader } from "../store/types.ts";
import { type AdminToken, adminTokenIdOf, adminTokenOf } from "./admin-tokens.ts";
import { IAM_PREFIX, ROOT_USER_KEY, rootUserOf } from "./rows.ts";
import type { UserId } from "./types.ts";
import { iamPathOf } from "./user-rows.ts";
import { UserTable } from "./user-table.ts";

/** Rows that one scan reads. */
const PAGE = 1_000;

type Reader = Pick<MvccReader, "getMetaAt" | "scanAt" | "appliedState">;

export class ReplicatedRows {
  readonly #onUnreadable: (error: unknown) => void;
  #rootId: UserId | undefined;
  readonly #adminTokens = new Map<string, AdminToken>();
  readonly table = new UserTable();

  /** @param onUnreadable receives the error of a row that cannot be read; such a row counts as absent */
  constructor(onUnreadable: (error: unknown) => void) {
    this.#onUnreadable = onUnreadable;
  }

  /** undefined: no row names the root user yet. */
  get rootId(): UserId | undefined {
    return this.#rootId;
  }

  /** The token of the admin API with this id, expired or not. */
  adminToken(id: string): AdminToken | undefined {
    return this.#adminTokens.get(id);
  }

  /** Reads all rows, after a keyspace was opened or replaced. */
  load(reader: Reader): void {
    this.#rootId = undefined;
    this.#adminTokens.clear();
    this.table.clear();
    const readTs = reader.appliedState().commitTs;
    const end = prefixEnd(IAM_PREFIX);
    for (let start = IAM_PREFIX; ; ) {
      const rows = reader.scanAt(start, end, { readTs, limit: PAGE });
      for (const { key, value } of rows) this.#set(key, value);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      start = keyAfter(last.key);
    }
  }

  /** @param changed undefined = anything may have changed */
  applied(reader: Reader, changed: ChangedKeys | undefined): void {
    if (changed === undefined) {
      this.load(reader);
      return;
    }
    forEachChangedKey(changed, (key) => {
      if (!startsWith(key, IAM_PREFIX)) return;
      // Not at the time of the message: the store may be far ahead, and may have dropped that version.
      this.#set(key, reader.getMetaAt(key, reader.appliedState().commitTs)?.value);
    });
  }

  #set(key: Uint8Array, value: Uint8Array | undefined): void {
    if (Buffer.compare(key, ROOT_USER_KEY) === 0) {
      this.#rootId = value === undefined ? undefined : this.#read(() => rootUserOf(value));
      return;
    }
    const path = iamPathOf(key);
    if (path !== undefined) {
      this.#read(() => this.table.set(path.table, path.name, value));
      return;
    }
    const id = adminTokenIdOf(key);
    if (id === undefined) return; // a row of a newer release
    const token = value === undefined ? undefined : this.#read(() => adminTokenOf(id, value));
    if (token === undefined) this.#adminTokens.delete(id);
    else this.#adminTokens.set(id, token);
  }

  #read<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#onUnreadable(error);
      return undefined;
    }
  }
}

/** A loop is fast enough: almost every key differs in the first byte, the tag of the table. */
function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.byteLength < prefix.byteLength) return false;
  for (let i = 0; i < prefix.byteLength; i++) if (key[i] !== prefix[i]) return false;
  return true;
}
