/**
 * Gives the sealing key to every member of a cluster and to no other node (decision 064). The first member makes
 * the key. A member writes its public key into the keyspace. Any member with the sealing key then writes the
 * sealing key in a box that only the new member can open.
 */

import type { Membership } from "../cluster/registry/membership.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Random } from "../platform/random.ts";
import { lasting } from "../platform/start-error.ts";
import type { Timers } from "../platform/timers.ts";
import { OpenError } from "../secrets/hpke.ts";
import type { NodeKey } from "../secrets/node-key.ts";
import { base64, SecretRecordError } from "../secrets/records.ts";
import { type BoxOwner, SealingKey } from "../secrets/sealing-key.ts";
import type { Timestamp } from "../store/types.ts";
import { timestampFromMs } from "../txn/hlc.ts";
import type { Condition, KvGroup, TxnMutation } from "../txn/types.ts";
import { KvError } from "../txn/types.ts";
import { whatToDo } from "./local-keys.ts";
import { sealClearRow } from "./root-agreement.ts";
import {
  type BoxRow,
  boxKey,
  type MemberRow,
  memberKey,
  memberRowBytes,
  REPLACED_KEY,
  readSealingRows,
  SEALING_KEY,
  type SealingRows,
  sealingRow,
} from "./sealing-rows.ts";

/** Interval at which a member looks for its box, and a leader looks for members without a box. */
const POLL_MS = 500;
/**
 * Followers look less often: a follower's look is a request to the leader, and the leader usually has the key
 * itself.
 */
const FOLLOWER_TURNS = 10;
/** Margin, because commit timestamps may be ahead of this node's clock. */
const SETTLE_MARGIN_MS = 10_000;

export interface ClusterSealingOptions {
  readonly kv: Pick<KvGroup, "snapshot" | "transact">;
  readonly key: NodeKey;
  readonly self: () => BoxOwner;
  /** The membership as applied on this node. An earlier snapshot of `kv` is not newer. */
  readonly membership: () => Membership | undefined;
  readonly leading: () => boolean;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: () => number;
  /** Time for which old versions of a row are kept. */
  readonly retentionMs: number;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
}

export class ClusterSealing {
  readonly #options: ClusterSealingOptions;
  #sealing: SealingKey | undefined;
  #waits = false;
  #tending = false;
  #turn = 0;
  #cancel = (): void => {};

  constructor(options: ClusterSealingOptions) {
    this.#options = options;
  }

  /** This node has asked for the key and waits until another member gives it the key. */
  get waits(): boolean {
    return this.#waits;
  }

  /**
   * Returns the cluster's sealing key; afterwards this node also gives the key to others. Waits while no member
   * with the key runs.
   * @throws KvError CLOSED; StartError when this node's key is not the key that it published before
   */
  async obtain(): Promise<SealingKey> {
    for (;;) {
      try {
        this.#sealing ??= await this.look();
      } catch (error) {
        if (error instanceof SecretRecordError)
          throw lasting(`the row of the cluster's sealing key: ${error.message}`);
        if (!(error instanceof KvError) || error.code === "CLOSED") throw error;
        this.#options.log.warn("the sealing key cannot be asked for yet", { reason: error.message });
      }
      this.#waits = this.#sealing === undefined;
      if (this.#sealing !== undefined) break;
      await new Promise<void>((resolve) => this.#options.timers.later(resolve, POLL_MS));
    }
    this.#cancel();
    this.#cancel = this.#options.timers.every(() => this.#turnOver(), POLL_MS);
    return this.#sealing;
  }

  stop(): void {
    this.#cancel();
  }

  /**
   * Takes one step to obtain the key; undefined: this node has no key yet.
   * @throws KvError; SecretRecordError; StartError when this node's key is not the key that it published before
   */
  async look(): Promise<SealingKey | undefined> {
    const { kv, key, self } = this.#options;
    const owner = self();
    const rows = await readSealingRows(kv);
    if (rows.keyId === undefined) return this.#makeOne(owner);
    const mine = rows.members.get(owner.instance);
    if (mine === undefined) {
      await this.#write([absent(memberKey(owner.instance))], [this.#introduction(owner)]);
      return undefined;
    }
    if (base64(mine.publicKey) !== base64(key.publicKey)) {
      throw lasting(
        `the cluster knows ${owner.name} by another node key than this one: ${whatToDo(owner.name)}`,
      );
    }
    const box = rows.boxes.get(owner.instance);
    if (box === undefined || isStale(box, mine, rows)) return undefined;
    try {
      return SealingKey.fromBox(box.bytes, key, owner);
    } catch (error) {
      if (!(error instanceof OpenError || error instanceof SecretRecordError)) throw error;
      throw lasting(
        `the cluster's sealing key, as it was handed to ${owner.name}, does not open: ${whatToDo(owner.name)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** @returns undefined when another node was first: the other node's key is used. */
  async #makeOne(owner: BoxOwner): Promise<SealingKey | undefined> {
    const { key, random, log } = this.#options;
    const made = SealingKey.make(random);
    const written = await this.#write(
      [absent(SEALING_KEY), absent(memberKey(owner.instance))],
      [
        { kind: "put", key: SEALING_KEY, value: sealingRow(made.id) },
        this.#introduction(owner),
        { kind: "put", key: boxKey(owner.instance), value: made.boxFor(key.publicKey, owner, random) },
      ],
    );
    if (!written) return undefined;
    log.info("the cluster has a sealing key now", { key: made.id });
    return made;
  }

  #introduction({ name, instance }: BoxOwner): TxnMutation {
    const value = memberRowBytes(name, this.#options.key.publicKey);
    return { kind: "put", key: memberKey(instance), value };
  }

  #turnOver(): void {
    this.#turn++;
    if (!this.#options.leading() && this.#turn % FOLLOWER_TURNS !== 0) return;
    this.tend().catch((error: unknown) => {
      if (error instanceof KvError && error.code === "CLOSED") return;
      this.#options.log.warn("the sealing key could not be handed on, it will be tried again", {
        reason: error instanceof Error ? error.message : String(error),
      });
    });
  }

  /** Looks once for members without a box and for boxes without a member. @throws KvError */
  async tend(): Promise<void> {
    const { kv, membership, leading, random, self } = this.#options;
    const sealing = this.#sealing;
    if (sealing === undefined || this.#tending) return;
    this.#tending = true;
    try {
      const rows = await readSealingRows(kv);
      // Read after the rows: the writer of a member row was a member then. A writer that is no member now has been
      // removed.
      const members = membership()?.members ?? [];
      const instances = new Map(members.map(({ instance, name }) => [instance, name]));
      for (const [instance, row] of rows.members) {
        if (instances.get(instance) === row.name) await this.#hand(sealing, rows, instance, row);
        // Its own row is from before this node was registered as a member.
        else if (!instances.has(instance) && instance !== self().instance && leading())
          await this.#forget(rows, instance, row);
      }
      await sealClearRow(kv, sealing, random);
      await this.#settleReplaced(rows);
    } finally {
      this.#tending = false;
    }
  }

  async #hand(sealing: SealingKey, rows: SealingRows, instance: string, row: MemberRow): Promise<void> {
    const { self, random, log } = this.#options;
    const old = rows.boxes.get(instance);
    if (rows.keyId !== sealing.id || (old !== undefined && !isStale(old, row, rows))) return;
    const owner: BoxOwner = { clusterId: self().clusterId, name: row.name, instance };
    let value: Uint8Array;
    try {
      value = sealing.boxFor(row.publicKey, owner, random);
    } catch (error) {
      if (!(error instanceof OpenError)) throw error;
      log.warn("a member's public key is none", { member: row.name });
      return;
    }
    const key = boxKey(instance);
    const conditions = [
      is(memberKey(instance), row.commitTs),
      old === undefined ? absent(key) : is(key, old.commitTs),
    ];
    if (await this.#write(conditions, [{ kind: "put", key, value }])) {
      log.info("the sealing key was handed on", { member: row.name });
    }
  }

  /** A removed member keeps what it has opened: decision 064 says what to change after a removal. */
  async #forget(rows: SealingRows, instance: string, row: MemberRow): Promise<void> {
    const mutations: TxnMutation[] = [{ kind: "delete", key: memberKey(instance) }];
    if (rows.boxes.has(instance)) mutations.push({ kind: "delete", key: boxKey(instance) });
    if (await this.#write([is(memberKey(instance), row.commitTs)], mutations)) {
      this.#options.log.info("a removed member's box was deleted", { member: row.name });
    }
  }

  /** The row without encryption still has an old version: see REPLACED_KEY. */
  async #settleReplaced({ replacedTs }: SealingRows): Promise<void> {
    const { leading, nowMs, retentionMs } = this.#options;
    if (replacedTs === undefined || !leading()) return;
    if (timestampFromMs(nowMs()) < replacedTs + timestampFromMs(retentionMs + SETTLE_MARGIN_MS)) return;
    await this.#write([is(REPLACED_KEY, replacedTs)], [{ kind: "delete", key: REPLACED_KEY }]);
  }

  /** @returns false when another node changed a row first. */
  async #write(conditions: readonly Condition[], mutations: readonly TxnMutation[]): Promise<boolean> {
    return (await this.#options.kv.transact({ conditions, mutations })).ok;
  }
}

function isStale(box: BoxRow, { publicKey }: MemberRow, { keyId }: SealingRows): boolean {
  return box.keyId !== keyId || box.publicKey !== base64(publicKey);
}

const absent = (key: Uint8Array): Condition => ({ kind: "must-not-exist", key });
const is = (key: Uint8Array, commitTs: Timestamp): Condition => ({ kind: "version-equals", key, commitTs });
