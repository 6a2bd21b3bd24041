/** The root keys of this node, from the settings until the cluster's keys are known. */
import type { Config } from "../config/config.ts";
import {
  configuredRootCredentials,
  generateRootCredentials,
  type RootCredentials,
} from "../config/root-credentials.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { type Timers, within } from "../platform/timers.ts";
import type { SealingKey } from "../secrets/sealing-key.ts";
import { type KeyAtHand, readStoredCredentials, storeCredentials } from "../secrets/stored-credentials.ts";
import { ClusterSealing } from "./cluster-sealing.ts";
import type { NodeIdentity } from "./data-directory.ts";
import type { NodeKv } from "./node-kv.ts";
import { settleRootCredentials } from "./root-agreement.ts";

/** Time after bootstrap at which a member with keys opens its S3 listener at the latest. */
const FIRST_READ_MS = 10_000;

export interface RootKeysOptions {
  readonly config: Config;
  readonly atHand: KeyAtHand | undefined;
  readonly identity: () => NodeIdentity;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
}

export class RootKeys {
  readonly #options: RootKeysOptions;
  #credentials: RootCredentials | undefined;
  #sealing: ClusterSealing | undefined;
  #opened: SealingKey | undefined;
  readonly #settled = Promise.withResolvers<RootCredentials>();
  readonly #sealingKey = Promise.withResolvers<SealingKey>();
  #late = false;
  #stopped = false;

  /** @throws ConfigError | StartError for invalid keys, before anything else is started */
  constructor(options: RootKeysOptions) {
    this.#options = options;
    const { config, atHand } = options;
    const configured = configuredRootCredentials(config);
    const stored = configured === undefined ? readStoredCredentials(config.dataDir, atHand) : undefined;
    const inTheClear = stored !== undefined && stored.source !== "sealed";
    this.#credentials = configured ?? (inTheClear && atHand?.outside === true ? this.#keep(stored) : stored);
  }

  /** The keys of the whole cluster, once they are known; pending for ever on a node that never learns them. */
  get settled(): Promise<RootCredentials> {
    return this.#settled.promise;
  }

  /** The cluster's sealing key, once this member has it; pending for ever on a node that never gets it. */
  get sealingKey(): Promise<SealingKey> {
    return this.#sealingKey.promise;
  }

  /** The same, without waiting. */
  get sealing(): SealingKey | undefined {
    return this.#opened;
  }

  get credentials(): RootCredentials | undefined {
    return this.#credentials;
  }

  /** The S3 listener waits for the cluster's sealing key. */
  get waitsForKey(): boolean {
    return this.#credentials === undefined && this.#sealing?.waits === true;
  }

  /** Makes a pair when there is none. Only for a node alone. */
  orMake(): void {
    this.#credentials ??= this.#keep(generateRootCredentials(this.#options.random));
  }

  /**
   * Waits for the keys of the whole cluster. A node that already has keys waits at most FIRST_READ_MS, so that
   * clients get a 503 instead of a refused connection.
   * @param readable the first read of the keyspace. @param onFailure called after the wait: the node cannot
   * continue
   */
  async agree(front: NodeKv, readable: Promise<void>, onFailure: (error: unknown) => void): Promise<void> {
    const { timers } = this.#options;
    const agreed = readable.then(() => this.#settle(front));
    if (this.#credentials === undefined) return agreed;
    await within(agreed, timers, FIRST_READ_MS);
    this.#late = true;
    // After the wait has ended, no other code handles the rejection.
    agreed.catch((error: unknown) => {
      if (!this.#stopped) onFailure(error);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#sealing?.stop();
  }

  async #settle(front: NodeKv): Promise<void> {
    const { config, atHand, identity, clock, timers, random, log } = this.#options;
    if (atHand === undefined) throw new Error("a member has a node key");
    this.#sealing = new ClusterSealing({
      kv: front.kv.system,
      key: atHand.key,
      self: () => {
        const { clusterId, nodeId, instance } = identity();
        return { clusterId, name: nodeId, instance };
      },
      membership: () => front.membership(),
      leading: () => front.leadership.leading,
      nowMs: () => clock.nowMs(),
      retentionMs: config.mvccRetentionMs,
      timers,
      random,
      log,
    });
    const sealing = await this.#sealing.obtain();
    this.#opened = sealing;
    this.#sealingKey.resolve(sealing);
    const mine = this.#credentials;
    const keep = (credentials: RootCredentials) => this.#keep(credentials);
    const credentials = await settleRootCredentials(front.kv.system, mine, sealing, random, keep);
    this.#settled.resolve(credentials);
    if (!this.#late) this.#credentials = credentials;
    else if (credentials.accessKey !== mine?.accessKey) {
      log.warn(
        "the root keys in the data directory were not the cluster's: the next start uses the cluster's",
      );
    }
  }

  #keep(credentials: RootCredentials): RootCredentials {
    const { config, atHand, random } = this.#options;
    return storeCredentials(config.dataDir, credentials, atHand, random);
  }
}
