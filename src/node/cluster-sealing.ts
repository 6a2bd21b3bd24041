/**
 * How every member of a cluster comes to have the one sealing key, and nothing else does (decision 064). Whoever is first makes
 * it. A member writes its public key into the keyspace; any other one that has the key puts it there in a box that only the
 * new one opens.
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

/** Between two looks of a member that waits for its box, and of a leader for members that wait. */
const POLL_MS = 500;
/** The others look less often: theirs is a question to the leader, who has the key itself as a rule. */
const FOLLOWER_TURNS = 10;
/** Commit timestamps may be a little ahead of this node's clock. */
const SETTLE_MARGIN_MS = 10_000;

export interface ClusterSealingOptions {
  readonly kv: Pick<KvGroup, "snapshot" | "transact">;
  readonly key: NodeKey;
  readonly self: () => BoxOwner;
  /** As applied here; a snapshot of `kv` that was taken before is not newer. */
  readonly membership: () => Membership | undefined;
  readonly leading: () => boolean;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: () => number;
  /** Old versions of a row are kept this long. */
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

  /** This node has asked for the key, and has to wait until another one hands it over. */
  get waits(): boolean {
    return this.#waits;
  }

  /**
   * The cluster's sealing key; from then on this node hands it to others too. Waits as long as nobody who has it runs.
   * @throws KvError CLOSED; StartError when this node's key is not the one that it showed before
   */
  async obtain(): Promise<SealingKey> {
    for (;;) {
      try {
        this.#sealing ??= await this.#look();
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

  /** One step on the way to the key; undefined: there is none yet. */
  async #look(): Promise<SealingKey | undefined> {
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

  /** @returns undefined when another node was first: its key counts. */
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
    const { kv, membership, leading, random } = this.#options;
    const sealing = this.#sealing;
    if (sealing === undefined || this.#tending) return;
    this.#tending = true;
    try {
      const rows = await readSealingRows(kv);
      // After the rows: whoever wrote one was a member then, and if it is none now, it has been removed.
      const members = membership()?.members ?? [];
      const instances = new Map(members.map(({ instance, name }) => [instance, name]));
      for (const [instance, row] of rows.members) {
        if (instances.get(instance) === row.name) await this.#hand(sealing, rows, instance, row);
        else if (!instances.has(instance) && leading()) await this.#forget(rows, instance, row);
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

  /** What it has opened it keeps: see decision 064 for what to change after a removal. */
  async #forget(rows: SealingRows, instance: string, row: MemberRow): Promise<void> {
    const mutations: TxnMutation[] = [{ kind: "delete", key: memberKey(instance) }];
    if (rows.boxes.has(instance)) mutations.push({ kind: "delete", key: boxKey(instance) });
    if (await this.#write([is(memberKey(instance), row.commitTs)], mutations)) {
      this.#options.log.info("a removed member's box was deleted", { member: row.name });
    }
  }

  /** The row that was in the clear has an old version still: see REPLACED_KEY. */
  async #settleReplaced({ replacedTs }: SealingRows): Promise<void> {
    const { leading, nowMs, retentionMs } = this.#options;
    if (replacedTs === undefined || !leading()) return;
    if (timestampFromMs(nowMs()) < replacedTs + timestampFromMs(retentionMs + SETTLE_MARGIN_MS)) return;
    await this.#write([is(REPLACED_KEY, replacedTs)], [{ kind: "delete", key: REPLACED_KEY }]);
  }

  /** @returns false when somebody else changed a row first. */
  async #write(conditions: readonly Condition[], mutations: readonly TxnMutation[]): Promise<boolean> {
    return (await this.#options.kv.transact({ conditions, mutations })).ok;
  }
}

function isStale(box: BoxRow, { publicKey }: MemberRow, { keyId }: SealingRows): boolean {
  return box.keyId !== keyId || box.publicKey !== base64(publicKey);
}

const absent = (key: Uint8Array): Condition => ({ kind: "must-not-exist", key });
const is = (key: Uint8Array, commitTs: Timestamp): Condition => ({ kind: "version-equals", key, commitTs });
