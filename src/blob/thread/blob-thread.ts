/**
 * The blob thread keeps this node's blobs: it stores what gateways and peers send, fetches what is missing, deletes
 * what nothing refers to, and looks for damage. The thread is the only writer of the blob store, and the only one that
 * talks to peers about blobs.
 */
import type {
  BlobFailure,
  BlobStatus,
  BlobToGateway,
  ConsensusToBlob,
  ControlToBlob,
  CopyState,
  GatewayToBlob,
  StoreToBlob,
} from "../../messages/blobs.ts";
import { hexOf } from "../../platform/bytes.ts";
import type { Channel } from "../../threads/channel.ts";
import { OffloadGate } from "./offload-gate.ts";
import type { BlobThreadOptions } from "./options.ts";
import { type BlobParts, blobParts } from "./parts.ts";

const CLOSED = "this node is shutting down";

type Gateway = Channel<GatewayToBlob, BlobToGateway>;
type Store = Extract<GatewayToBlob, { readonly kind: "store" }>;
type Fetch = Extract<GatewayToBlob, { readonly kind: "fetch" }>;
type Check = Extract<ControlToBlob, { readonly kind: "check" }>;

/** Values for metrics. */
export interface BlobGauges {
  readonly blobs: number;
  readonly bytes: number;
  /** NaN before the first walk has ended. */
  readonly missing: number;
  readonly pins: number;
  readonly damaged: number;
}

export class BlobThread {
  readonly #options: BlobThreadOptions;
  readonly #parts: BlobParts;
  readonly #gate: OffloadGate;
  /** Raft ids of the other members. */
  #others: readonly number[] = [];
  #serving = false;
  #stopped = false;

  /** Begins to listen for peers. */
  constructor(options: BlobThreadOptions) {
    this.#options = options;
    this.#parts = blobParts({
      ...options,
      fatal: (message, cause) => {
        this.#stopped = true;
        options.fatal(message, cause);
      },
    });
    this.#gate = new OffloadGate({
      enabled: options.settings.offload,
      timers: options.timers,
      tell: (open) => {
        for (const gateway of options.gateways) gateway.send({ kind: "offload", open });
      },
    });
  }

  get gauges(): BlobGauges {
    const { pins, damaged, missing } = this.#parts;
    const { blobs, bytes } = this.#options.store.totals;
    return { blobs, bytes, missing: missing() ?? Number.NaN, pins: pins.size, damaged: damaged.size };
  }

  start(): void {
    const { gateways, consensus, state, control } = this.#options;
    for (const gateway of gateways) {
      gateway.onBatch((messages) => this.#each(messages, (message) => this.#onGateway(gateway, message)));
    }
    consensus.onBatch((messages) => this.#each(messages, (message) => this.#onConsensus(message)));
    state.onBatch((messages) => this.#each(messages, (message) => this.#onState(message)));
    control.onBatch((messages) => this.#each(messages, (message) => this.#onControl(message)));
    this.#gate.start();
    this.#parts.start();
  }

  /** An error that nobody expects ends the node: this node's copies may not be what the cluster counts on. */
  #each<T extends { readonly kind: string }>(messages: readonly T[], handle: (message: T) => void): void {
    for (const message of messages) {
      try {
        handle(message);
      } catch (error) {
        this.#fail(message.kind, error);
        return;
      }
    }
  }

  #fail(what: string, error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#options.fatal(`${what}: ${String(error)}`, error);
  }

  // ---- gateways -----------------------------------------------------------------------------------------------------

  #onGateway(gateway: Gateway, message: GatewayToBlob): void {
    if (this.#stopped) {
      fail(gateway, message.id, "CLOSED", CLOSED);
      return;
    }
    const work = message.kind === "store" ? this.#store(gateway, message) : this.#fetch(gateway, message);
    work.catch((error: unknown) => this.#fail(message.kind, error));
  }

  async #store(gateway: Gateway, { id, sha256, bytes, pinUntilMs }: Store): Promise<void> {
    const result = await this.#parts.replicator.store(sha256, bytes, pinUntilMs);
    if (result.kind === "stored") gateway.send({ kind: "stored", id, copies: result.copies });
    else fail(gateway, id, result.failure, result.message);
  }

  /** The gateway's reader may be behind the index, so this node's own copy is looked at first. */
  async #fetch(gateway: Gateway, { id, sha256, size, source, damaged }: Fetch): Promise<void> {
    const { own, queue } = this.#parts;
    // A gateway that met damage may know more than the checksum at rest: the SHA-256 decides.
    const usable = !damaged || own.state(sha256, true) === "present";
    const found = (usable ? own.read(sha256) : undefined) ?? (await queue.read({ sha256, size, source }));
    if (typeof found !== "string") {
      gateway.send({ kind: "fetched", id, bytes: found });
      return;
    }
    const name = hexOf(sha256);
    if (found === "closed") fail(gateway, id, "CLOSED", CLOSED);
    else if (found === "unreachable") {
      fail(gateway, id, "UNREACHABLE", `blob ${name}: some members could not be asked, and no other has it`);
    } else {
      this.#unrecoverable(sha256, name);
      fail(gateway, id, "NOT_FOUND", `blob ${name}: no member has it`);
    }
  }

  /** Every member was asked. A blob that was swept meanwhile is no loss. */
  #unrecoverable(sha256: Uint8Array, name: string): void {
    const { counts } = this.#parts;
    if (this.#stopped || !counts.isOpen || !counts.isReachable(sha256)) return;
    this.#options.metrics.unrecoverable();
    this.#options.log.error("no member has a blob that an object needs", { sha256: name });
  }

  // ---- the other threads ----------------------------------------------------------------------------------------------

  #onConsensus({ clusterId, members }: ConsensusToBlob): void {
    if (this.#stopped) return;
    const { peers, replicator, sources } = this.#parts;
    this.#others = members.map(({ id }) => id).filter((id) => id !== this.#options.ownId);
    peers.setMembers(clusterId, members);
    sources.setOthers(this.#others);
    replicator.setMembers(members);
    this.#gate.setMembers(members);
  }

  #onState(message: StoreToBlob): void {
    if (this.#stopped) return;
    const { counts, backfill, changes } = this.#parts;
    if (message.kind === "applied") {
      counts.open();
      changes.add(message);
      return;
    }
    counts.reopen();
    if (this.#serving) backfill.restart();
    // Before the others learn that this node has caught up: nothing is known of the new keyspace's blobs yet.
    this.#options.publishMissing(undefined);
    this.#options.state.send({ kind: "reader-reopened" });
  }

  #onControl(message: ControlToBlob): void {
    const { control } = this.#options;
    switch (message.kind) {
      case "serving":
        this.#onServing();
        break;
      case "check":
        this.#check(message).catch((error: unknown) => this.#fail("check", error));
        break;
      case "status":
        control.send({ kind: "status", id: message.id, status: this.#status() });
        break;
      case "certificate-renewed":
        this.#options.reloadCertificate?.();
        break;
      case "stop":
        this.#stop();
        break;
    }
  }

  #onServing(): void {
    if (this.#serving || this.#stopped) return;
    this.#serving = true;
    const { counts, pins, backfill } = this.#parts;
    counts.open();
    pins.serving();
    backfill.restart();
  }

  #status(): BlobStatus {
    const { blobs, bytes } = this.#options.store.totals;
    return { blobs, bytes, missing: this.#parts.missing(), offload: this.#gate.open };
  }

  async #check({ id, blobs, deep }: Check): Promise<void> {
    const { ownId, control } = this.#options;
    const { peers } = this.#parts;
    const copies = await Promise.all([
      this.#ownStates(blobs, deep).then((states) => ({ node: ownId, states })),
      ...this.#others.map(async (node) => ({ node, states: await peers.ask(node, blobs, deep) })),
    ]);
    control.send({ kind: "checked", id, copies });
  }

  /** One copy is read in a turn: pushes go on meanwhile. */
  async #ownStates(blobs: readonly Uint8Array[], deep: boolean): Promise<CopyState[]> {
    const { timers } = this.#options;
    const states: CopyState[] = [];
    for (const sha256 of blobs) {
      if (deep) await new Promise<void>((resolve) => timers.soon(resolve));
      states.push(this.#stopped ? "unknown" : this.#parts.own.state(sha256, deep));
    }
    return states;
  }

  #stop(): void {
    const { control } = this.#options;
    // After a failure nothing more is written.
    if (!this.#stopped) {
      this.#stopped = true;
      this.#gate.stop();
      try {
        this.#parts.stop();
      } catch (error) {
        // What waited for the disk may not be there.
        this.#options.fatal(`stop: ${String(error)}`, error);
        return;
      }
    }
    control.send({ kind: "stopped" });
    control.flush();
  }
}

function fail(gateway: Gateway, id: number, failure: BlobFailure, message: string): void {
  gateway.send({ kind: "failed", id, failure, message });
}
