/**
 * The sealing key of a node alone. Such a node has no node key and no sealing key until it seals its first secret, the
 * secret of a user's access key (decision 161). When others join the node later, they get this sealing key.
 */
import type { Logger } from "../monitoring/log.ts";
import type { Random } from "../platform/random.ts";
import { StartError } from "../platform/start-error.ts";
import type { Timers } from "../platform/timers.ts";
import type { NodeKey } from "../secrets/node-key.ts";
import { SecretRecordError } from "../secrets/records.ts";
import type { BoxOwner, SealingKey } from "../secrets/sealing-key.ts";
import { KvError, type KvGroup } from "../txn/types.ts";
import { ClusterSealing } from "./cluster-sealing.ts";
import { readSealingRows } from "./sealing-rows.ts";

export interface AloneSealingOptions {
  readonly kv: Pick<KvGroup, "snapshot" | "transact">;
  /** The node key that is there already. */
  readonly key: NodeKey | undefined;
  /** Makes a node key, durable in the data directory. @throws StartError */
  readonly makeKey: () => NodeKey;
  readonly self: () => BoxOwner;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
}

export class AloneSealing {
  readonly #options: AloneSealingOptions;
  #key: NodeKey | undefined;
  #sealing: SealingKey | "lost" | undefined;
  #making: Promise<SealingKey> | undefined;

  constructor(options: AloneSealingOptions) {
    this.#options = options;
    this.#key = options.key;
  }

  /** undefined: no secret was sealed yet. `lost`: there are sealed secrets, and the key that opens them is lost. */
  get sealing(): SealingKey | "lost" | undefined {
    return this.#sealing;
  }

  /** Opens the key of an earlier start. A lost key is logged: root's requests, and all objects, do not need it. */
  async open(): Promise<void> {
    try {
      if ((await readSealingRows(this.#options.kv)).keyId === undefined) return;
      await this.#look();
    } catch (error) {
      if (error instanceof KvError && error.code === "CLOSED") return;
      this.#sealing = "lost";
      this.#options.log.error("the access keys of users cannot be opened, and count as unknown", { error });
    }
  }

  /** @throws KvError; StartError when the node key does not fit, or cannot be stored */
  orMake(): Promise<SealingKey> {
    if (this.#sealing !== undefined && this.#sealing !== "lost") return Promise.resolve(this.#sealing);
    // Two requests at once make one key.
    this.#making ??= this.#look().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #look(): Promise<SealingKey> {
    const { kv, makeKey, self, timers, random, log } = this.#options;
    this.#key ??= makeKey();
    const cluster = new ClusterSealing({
      kv,
      key: this.#key,
      self,
      // Nothing is handed on, and no row is forgotten, while the node is alone.
      membership: () => undefined,
      leading: () => false,
      nowMs: () => 0,
      retentionMs: 0,
      timers,
      random,
      log,
    });
    try {
      const sealing = await cluster.look();
      if (sealing === undefined) throw new StartError("no box of the sealing key is for this data directory");
      this.#sealing = sealing;
      return sealing;
    } catch (error) {
      if (!(error instanceof SecretRecordError)) throw error;
      throw new StartError(`the row of the sealing key: ${error.message}`, { cause: error });
    }
  }
}
