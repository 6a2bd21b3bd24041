/** Blob threads' connections at hosts of a World, each with blobs in memory that behave as a test wants. */
import { createHash } from "node:crypto";
import { BlobConnections, type BlobConnectionsOptions } from "../../../../src/blob/replication/peers.ts";
import { BlobReplicator } from "../../../../src/blob/replication/replicator.ts";
import type { BlobServer, PushResult } from "../../../../src/blob/replication/types.ts";
import type { BlobMember, CopyState } from "../../../../src/messages/blobs.ts";
import { SECRET } from "../../../peer/support/node.ts";
import type { World } from "../../../peer/support/world.ts";
import { noLog } from "../../../support/no-log.ts";

export const CLUSTER = "c1";
const PORT = 9004;

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("sha256").update(bytes).digest());
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export function blob(seed: number, size = 1 << 20): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 31 + seed * 17 + (i >> 9) * (seed + 1);
  return bytes;
}

type Behave = (sha: Uint8Array, bytes: Uint8Array) => Promise<Exclude<PushResult, "lost">>;

/** A node's own blobs: it verifies what is pushed, as the blob thread does. */
export class MemoryBlobs implements BlobServer {
  readonly held = new Map<string, Uint8Array>();
  readonly pins: { from: number; pinUntilMs: number }[] = [];
  readonly damaged = new Set<string>();
  pushes = 0;
  asked = 0;
  behave: Behave | undefined;

  async onPush(from: number, sha: Uint8Array, bytes: Uint8Array, pinUntilMs: number) {
    this.pushes++;
    if (this.behave !== undefined) return this.behave(sha, bytes);
    return this.keep(from, sha, bytes, pinUntilMs);
  }

  keep(from: number, sha: Uint8Array, bytes: Uint8Array, pinUntilMs: number): "stored" | "corrupt" {
    if (hex(sha256(bytes)) !== hex(sha)) return "corrupt";
    this.held.set(hex(sha), new Uint8Array(bytes));
    this.pins.push({ from, pinUntilMs });
    return "stored";
  }

  onFetch(sha: Uint8Array): Uint8Array | undefined {
    return this.damaged.has(hex(sha)) ? undefined : this.held.get(hex(sha));
  }

  onAsk(blobs: readonly Uint8Array[], deep: boolean): CopyState[] {
    this.asked++;
    return blobs.map((sha) => {
      if (!this.held.has(hex(sha))) return "missing";
      return deep && this.damaged.has(hex(sha)) ? "corrupt" : "present";
    });
  }
}

interface Recorded {
  readonly pushed: PushResult[];
  degraded: number;
  stores: number;
}

export interface BlobNode {
  readonly id: number;
  readonly host: string;
  readonly peers: BlobConnections;
  readonly blobs: MemoryBlobs;
  readonly failures: string[];
  readonly dropped: number[];
}

export function member(id: number, fields: Partial<BlobMember> = {}): BlobMember {
  return { id, name: `n${id}`, voter: true, blobAddress: `h${id}:${PORT}`, capable: true, ...fields };
}

export async function startBlobNode(
  world: World,
  id: number,
  overrides: Partial<BlobConnectionsOptions> = {},
): Promise<BlobNode> {
  const host = `h${id}`;
  const blobs = new MemoryBlobs();
  const failures: string[] = [];
  const dropped: number[] = [];
  const peers = new BlobConnections({
    network: world.network(host),
    clock: world.clock,
    timers: world.timers,
    random: world.random,
    authentication: { secrets: [SECRET], tls: false },
    identity: {
      id,
      name: `n${id}`,
      instance: `instance-${id}`,
      boot: `00000000000000b${id}`,
      version: "0.1.0",
      protocol: 2,
    },
    listen: { host, port: PORT },
    advertise: undefined,
    server: blobs,
    logger: noLog,
    metrics: {
      dropped: (_, messages) => void dropped.push(messages),
      sent() {},
      received() {},
      protocolError() {},
      handshakeFailed: (reason) => void failures.push(reason),
      connected() {},
    },
    ...overrides,
  });
  await peers.start();
  return { id, host, peers, blobs, failures, dropped };
}

/** Nodes 1..n that know each other and have connected. */
export async function blobGroup(
  world: World,
  size: number,
  members: readonly BlobMember[] = Array.from({ length: size }, (_, i) => member(i + 1)),
): Promise<BlobNode[]> {
  const nodes: BlobNode[] = [];
  for (let id = 1; id <= size; id++) nodes.push(await startBlobNode(world, id));
  for (const { peers } of nodes) peers.setMembers(CLUSTER, members);
  await pass(world, 100);
  return nodes;
}

/** Simulated time passes, and what was promised meanwhile happens. */
export async function pass(world: World, ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    world.run(1);
    for (let turn = 0; turn < 6; turn++) await Promise.resolve();
  }
}

/** Time passes until the promise is settled. @throws when that takes longer than `ms` */
export async function soon<T>(world: World, promise: Promise<T>, ms = 20_000): Promise<T> {
  let settled = false;
  const mark = () => {
    settled = true;
  };
  promise.then(mark, mark);
  const end = world.clock.monotonicMs() + ms;
  while (!settled) {
    if (world.clock.monotonicMs() >= end) throw new Error(`not settled within ${ms} ms`);
    await pass(world, 1);
  }
  return promise;
}

export interface TestReplicator {
  readonly replicator: BlobReplicator;
  readonly recorded: Recorded;
  /** Settles the local write; by default it succeeds at once. */
  writeLocal: (sha: Uint8Array, bytes: Uint8Array) => Promise<void>;
}

export function replicatorOf(
  world: World,
  {
    id,
    peers,
    blobs,
  }: Pick<BlobNode, "id" | "blobs"> & { peers: Pick<BlobConnections, "reachable" | "hasRoom" | "push"> },
  members: readonly BlobMember[],
  minReplicas?: number,
): TestReplicator {
  const recorded: Recorded = { pushed: [], degraded: 0, stores: 0 };
  const test: TestReplicator = {
    recorded,
    writeLocal: async (sha, bytes) => void blobs.keep(id, sha, bytes, 0),
    replicator: new BlobReplicator({
      ownId: id,
      peers,
      writeLocal: (sha, bytes) => test.writeLocal(sha, bytes),
      failureOf: (error) => (error instanceof Error && error.message === "full" ? "DISK_FULL" : "IO"),
      minReplicas,
      clock: world.clock,
      timers: world.timers,
      logger: noLog,
      metrics: {
        pushed: (result) => void recorded.pushed.push(result),
        degraded: () => void recorded.degraded++,
        stored: () => void recorded.stores++,
      },
    }),
  };
  test.replicator.setMembers(members);
  return test;
}
