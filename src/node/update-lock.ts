/**
 * The lock of whoever updates the cluster: one row (docs/format/keyspace.md), with the owner. The time when it was taken
 * is the row's commit timestamp, which the leader stamps. Only conditions on a key and plain writes are used, so a
 * node of an earlier release applies them with the same result.
 */
import {
  isLockOwner,
  LOCK_OWNER_RULE,
  type UpdateLock,
  type UpdateLockChange,
  UpdateLockError,
} from "../api/operations.ts";
import type { Clock } from "../platform/clock.ts";
import { parseRecord, recordBytes, SecretRecordError, textOf } from "../secrets/records.ts";
import type { Timestamp } from "../store/types.ts";
import { physicalMs } from "../txn/hlc.ts";
import { settingKey } from "../txn/keys.ts";
import { KvError, type KvGroup } from "../txn/types.ts";

const UPDATE_LOCK_KEY: Uint8Array = settingKey("update-lock");
/** Attempts against others that change the lock at the same time. */
const ATTEMPTS = 8;

interface Held {
  /** undefined: the row is of a later release. */
  readonly owner: string | undefined;
  readonly commitTs: Timestamp;
}

export interface UpdateLocksOptions {
  /** undefined: the keyspace is not open. */
  readonly kv: () => Pick<KvGroup, "snapshot" | "transact"> | undefined;
  readonly clock: Pick<Clock, "nowMs">;
}

export class UpdateLocks {
  readonly #options: UpdateLocksOptions;

  constructor(options: UpdateLocksOptions) {
    this.#options = options;
  }

  /** @throws UpdateLockError */
  show(): Promise<UpdateLock> {
    return this.#asked(async (kv) => this.#shown(await read(kv)));
  }

  /** The same owner gets the lock again, and keeps the first time. @throws UpdateLockError HELD naming the owner */
  async acquire(owner: string): Promise<UpdateLockChange> {
    checkOwner(owner);
    return this.#asked(async (kv) => {
      const held = await read(kv);
      if (held?.owner === owner) return { ...this.#shown(held), changed: false };
      if (held !== undefined) throw new UpdateLockError("HELD", this.#heldBy(held));
      const outcome = await kv.transact({
        conditions: [{ kind: "must-not-exist", key: UPDATE_LOCK_KEY }],
        mutations: [{ kind: "put", key: UPDATE_LOCK_KEY, value: recordBytes({ v: 1, owner }) }],
      });
      if (!outcome.ok) return undefined;
      return { ...this.#shown({ owner, commitTs: outcome.commitTs }), changed: true };
    });
  }

  /** @param force also a lock of another owner. @throws UpdateLockError HELD naming the owner */
  async release(owner: string, force: boolean): Promise<UpdateLockChange> {
    checkOwner(owner);
    return this.#asked(async (kv) => {
      const held = await read(kv);
      if (held === undefined) return { lock: null, changed: false };
      if (held.owner !== owner && !force) throw new UpdateLockError("HELD", this.#heldBy(held));
      const { commitTs } = held;
      const outcome = await kv.transact({
        conditions: [{ kind: "version-equals", key: UPDATE_LOCK_KEY, commitTs }],
        mutations: [{ kind: "delete", key: UPDATE_LOCK_KEY }],
      });
      return outcome.ok ? { lock: null, changed: true } : undefined;
    });
  }

  /** @param attempt undefined: somebody else changed the lock in between, and the attempt is repeated */
  async #asked<T>(
    attempt: (kv: Pick<KvGroup, "snapshot" | "transact">) => Promise<T | undefined>,
  ): Promise<T> {
    const kv = this.#options.kv();
    if (kv === undefined)
      throw new UpdateLockError("UNAVAILABLE", "this node has not opened its keyspace yet");
    try {
      for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
        const answer = await attempt(kv);
        if (answer !== undefined) return answer;
      }
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      const code = error.code === "TIMEOUT" ? "TIMEOUT" : "UNAVAILABLE";
      throw new UpdateLockError(code, error.message, { cause: error });
    }
    throw new UpdateLockError("UNAVAILABLE", "others change the lock all the time: try again");
  }

  #shown(held: Held | undefined): UpdateLock {
    if (held === undefined) return { lock: null };
    const takenMs = physicalMs(held.commitTs);
    return { lock: { owner: held.owner ?? null, takenMs, ageSeconds: this.#age(takenMs) } };
  }

  /** The leader's clock may be ahead of this one. */
  #age(takenMs: number): number {
    return Math.max(0, Math.floor((this.#options.clock.nowMs() - takenMs) / 1000));
  }

  #heldBy({ owner, commitTs }: Held): string {
    const takenMs = physicalMs(commitTs);
    const who = owner === undefined ? "an owner that this release cannot read" : JSON.stringify(owner);
    return `${who} has the update lock since ${new Date(takenMs).toISOString()} (${this.#age(takenMs)} s ago)`;
  }
}

async function read(kv: Pick<KvGroup, "snapshot">): Promise<Held | undefined> {
  const row = await (await kv.snapshot()).get(UPDATE_LOCK_KEY);
  if (row === undefined) return undefined;
  const { commitTs } = row;
  try {
    return { owner: textOf(parseRecord(row.value, "the update lock"), "owner"), commitTs };
  } catch (error) {
    if (!(error instanceof SecretRecordError)) throw error;
    return { owner: undefined, commitTs };
  }
}

function checkOwner(owner: string): void {
  if (isLockOwner(owner)) return;
  throw new UpdateLockError("INVALID", `the owner ${JSON.stringify(owner)} is none: ${LOCK_OWNER_RULE}`);
}
