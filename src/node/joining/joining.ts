/**
 * What a node does with the cluster's own CA, in one place: it obtains the CA, lets nodes in, gives them their votes, and
 * renews its own certificate.
 */
import { type JoinTokenAnswer, JoinTokenRefused, type JoinTokenRequest } from "../../api/join.ts";
import type { Logger } from "../../monitoring/log.ts";
import { type CertificateAuthority, factsOf } from "../../pki/certificates.ts";
import { encodeAnswer } from "../../pki/join-exchange.ts";
import { readPeerCertificate } from "../../pki/peer-files.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import type { NodeKey } from "../../secrets/node-key.ts";
import type { SealingKey } from "../../secrets/sealing-key.ts";
import { KvError } from "../../txn/types.ts";
import type { ClusterStatusSource } from "../cluster-status.ts";
import type { NodeKv } from "../node-kv.ts";
import { obtainAuthority } from "./authority.ts";
import { Newcomers } from "./newcomers.ts";
import { renewIfDue } from "./renewal.ts";
import { JoinService } from "./service.ts";

/** Interval at which a node looks whether its certificate is due. */
const RENEWAL_INTERVAL_MS = 60 * 60 * 1_000;
const MS_PER_SECOND = 1_000;

export interface JoiningOptions {
  readonly dataDir: string;
  readonly nodeId: string;
  readonly key: NodeKey;
  readonly secrets: readonly Uint8Array[];
  readonly front: () => NodeKv | undefined;
  readonly status: ClusterStatusSource;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  /** The node cannot continue. */
  readonly onFailure: (error: unknown) => void;
}

export class Joining {
  readonly #options: JoiningOptions;
  #authority: CertificateAuthority | undefined;
  #service: JoinService | undefined;
  #newcomers: Newcomers | undefined;
  #endSeconds = 0;
  #cancel = (): void => {};
  #stopped = false;

  constructor(options: JoiningOptions) {
    this.#options = options;
  }

  /** End of this node's certificate, Unix seconds; 0 before `renewBeforeStart`. */
  get certificateEndSeconds(): number {
    return this.#endSeconds;
  }

  /** Before the threads read the certificate: a node that was off for months has no other moment. */
  async renewBeforeStart(): Promise<void> {
    await renewIfDue(this.#renewal);
    this.#noteEnd();
  }

  start(sealing: Promise<SealingKey>): void {
    const { timers, onFailure } = this.#options;
    const renew = (): void => void this.#renew();
    this.#cancel = timers.every(renew, RENEWAL_INTERVAL_MS);
    sealing
      .then((key) => this.#run(key))
      .catch((error: unknown) => {
        if (this.#stopped || (error instanceof KvError && error.code === "CLOSED")) return;
        onFailure(error);
      });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#newcomers?.stop();
  }

  /** @throws JoinTokenRefused */
  async makeToken(request: JoinTokenRequest): Promise<JoinTokenAnswer> {
    if (this.#service !== undefined) return this.#service.makeToken(request);
    throw new JoinTokenRefused("UNAVAILABLE", "this node has not obtained the cluster's CA yet: try again");
  }

  /** @returns one line; never rejects */
  async answer(request: string, host: string): Promise<string> {
    if (this.#service !== undefined) return this.#service.answer(request, host);
    return encodeAnswer({ ok: false, code: "NOT_READY", message: "this member has just started: try again" });
  }

  async #run(sealing: SealingKey): Promise<void> {
    const { dataDir, nodeId, key, secrets, front, status, clock, timers, random, log } = this.#options;
    const running = front();
    if (running === undefined || this.#stopped) return;
    const kv = running.kv.system;
    this.#authority = await obtainAuthority(sealing, { dataDir, key, kv, timers, random, log });
    if (this.#stopped) return;
    const shared = {
      kv,
      registry: () => running.membership(),
      // The cluster decides on its newest configuration: nobody has looked at another one.
      change: (change: Parameters<ClusterStatusSource["change"]>[0]) => status.change(change, null),
      log,
    };
    this.#service = new JoinService({
      ...shared,
      authority: () => this.#authority,
      self: nodeId,
      secrets,
      clock,
      random,
    });
    this.#newcomers = new Newcomers({
      ...shared,
      leading: () => running.leadership.leading,
      status: () => status.status(),
      timers,
    });
    // The copy of the CA's key may just have been made: the certificate may have waited for it.
    await this.#renew();
  }

  async #renew(): Promise<void> {
    try {
      if (!(await renewIfDue(this.#renewal))) return;
      this.#noteEnd();
      this.#options.front()?.reloadCertificate();
    } catch (error) {
      this.#options.log.error("this node's certificate cannot be renewed, it will be tried again", { error });
    }
  }

  #noteEnd(): void {
    this.#endSeconds = factsOf(readPeerCertificate(this.#options.dataDir)).notAfterMs / MS_PER_SECOND;
  }

  get #renewal() {
    const { dataDir, nodeId, key, clock, random, log } = this.#options;
    return { dataDir, key, name: nodeId, clock, random, log };
  }
}
