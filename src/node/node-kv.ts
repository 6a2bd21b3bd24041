/** The kv side of a node: its control and its gateways. */

import type { Membership } from "../cluster/registry/membership.ts";
import { GatewayKv, type GatewayKvOptions } from "../gateway/gateway-kv.ts";
import type { ReplicatedRows } from "../iam/replicated-rows.ts";
import type { Leadership } from "../kv/proposer.ts";
import type { DiskSpace } from "../threads/shared-state.ts";
import type { KvClient } from "../txn/types.ts";
import type { BlobControl } from "./blob-control.ts";
import type { ClusterControl } from "./cluster-control.ts";
import { NodeControl, type NodeControlOptions } from "./node-control.ts";

export interface NodeKvOptions {
  readonly control: Omit<NodeControlOptions, "group">;
  /** At least one. */
  readonly gateways: readonly [GatewayKvOptions, ...GatewayKvOptions[]];
}

export class NodeKv {
  readonly gateways: readonly [GatewayKv, ...GatewayKv[]];
  readonly #control: NodeControl;

  constructor({ control, gateways }: NodeKvOptions) {
    const [first, ...others] = gateways;
    this.gateways = [new GatewayKv(first), ...others.map((options) => new GatewayKv(options))];
    this.#control = new NodeControl({ ...control, group: this.gateways[0].kv.system });
  }

  /** Client of the first gateway. */
  get kv(): KvClient {
    return this.gateways[0].kv;
  }

  /** User rows of the first gateway. */
  get users(): ReplicatedRows {
    return this.gateways[0].users;
  }

  /** The blob thread; undefined on a node without one. */
  get blobs(): BlobControl | undefined {
    return this.#control.blobs;
  }

  get cluster(): ClusterControl {
    return this.#control.cluster;
  }

  get leadership(): Leadership {
    return this.#control.leadership;
  }

  /** `none`: committed entries wait for space; `reserve`: only deletes are accepted. */
  get diskSpace(): DiskSpace {
    return this.#control.diskSpace;
  }

  /** Looks at the disk now, not only once in a while. */
  checkDisk(): void {
    this.#control.checkDisk();
  }

  /** The membership that this node has applied; undefined while the keyspace is empty. */
  membership(): Membership | undefined {
    return this.gateways[0].membership();
  }

  /** True when this node's own copy has a live row at `key`. @throws KvError while the keyspace is not open. */
  hasLocally(key: Uint8Array): boolean {
    return this.gateways[0].hasLocally(key);
  }

  /** True when GatewayKv.readable is true for every gateway. */
  get readable(): boolean {
    return this.gateways.every((gateway) => gateway.readable);
  }

  /** Old versions stay readable, for at most an hour after the last call with true. */
  keepVersions(keep: boolean): void {
    this.#control.keepVersions(keep);
  }

  /** The files with this node's certificate have changed: later connections to peers use them. */
  reloadCertificate(): void {
    this.#control.reloadCertificate();
  }

  start(): void {
    for (const gateway of this.gateways) gateway.start();
    this.#control.start();
  }

  keyspaceOpen(): void {
    for (const gateway of this.gateways) gateway.keyspaceOpen();
  }

  async whenReadable(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.whenReadable()));
  }

  /** Stops the background work, then consensus and store; resolves when both have ended (or after `graceMs`). */
  async stop(graceMs: number): Promise<void> {
    this.#control.stopWork();
    for (const gateway of this.gateways) gateway.close();
    await this.#control.stopThreads(graceMs);
    for (const gateway of this.gateways) gateway.closeReader();
  }
}
