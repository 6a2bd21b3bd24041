/** A whole node's kv road in one thread: front, consensus and store rooms over a log in memory. */

import {
  assembleConsensus,
  type LogRoomPort,
  type RaftSettings,
} from "../../../src/kv/consensus-assembly.ts";
import type { ConsensusRoom } from "../../../src/kv/consensus-room.ts";
import type {
  ConsensusToFront,
  ConsensusToStore,
  FrontToConsensus,
  FrontToStore,
  StoreToConsensus,
  StoreToFront,
} from "../../../src/kv/messages.ts";
import { StoreRoom } from "../../../src/kv/store-room.ts";
import { noLog } from "../../../src/monitoring/log.ts";
import { RoomMetrics } from "../../../src/monitoring/room-metrics.ts";
import { FrontKv } from "../../../src/node/front-kv.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import type { Entry, SnapshotMetadata } from "../../../src/raft/core/index.ts";
import type { RecoveredLog, WalBatch } from "../../../src/raft/wal/types.ts";
import { localChannel } from "../../../src/rooms/channel.ts";
import { PublishedState } from "../../../src/rooms/published-state.ts";
import type { MvccStore } from "../../../src/store/types.ts";

/** The log of one node, kept in memory across restarts of the node. */
export class MemoryLog implements LogRoomPort {
  entries: Entry[] = [];
  markers: SnapshotMetadata[] = [];
  #hardState = { term: 0, vote: 0, commit: 0 };
  #appended: (id: number) => void = () => {};
  /** Appends that are "on their way to the disk"; undefined = acknowledged at once. */
  held: number[] | undefined;

  opened(): Promise<RecoveredLog> {
    const first = this.entries[0]?.index ?? (this.markers.at(-1)?.index ?? 0) + 1;
    return Promise.resolve({
      hardState: this.#hardState,
      snapshot: this.markers.at(-1),
      confState: this.markers.at(-1)?.confState ?? {
        voters: [],
        votersOutgoing: [],
        learners: [],
        learnersNext: [],
        autoLeave: false,
      },
      firstIndex: first,
      lastIndex: this.entries.at(-1)?.index ?? first - 1,
      segments: 1,
      tornTail: undefined,
      created: this.entries.length === 0,
    });
  }

  append(id: number, batch: WalBatch): void {
    if (batch.hardState !== undefined) this.#hardState = batch.hardState;
    for (const entry of batch.entries) {
      this.entries = this.entries.filter((old) => old.index < entry.index);
      this.entries.push({ ...entry, data: Uint8Array.from(entry.data) });
    }
    if (this.held !== undefined) this.held.push(id);
    else queueMicrotask(() => this.#appended(id));
  }

  releaseHeld(): void {
    const held = this.held ?? [];
    this.held = undefined;
    const last = held.at(-1);
    if (last !== undefined) this.#appended(last);
  }

  onAppended(receive: (id: number) => void): void {
    this.#appended = receive;
  }

  read(low: number, high: number): Promise<readonly Entry[]> {
    return Promise.resolve(this.entries.filter((entry) => entry.index >= low && entry.index < high));
  }

  compact(marker: SnapshotMetadata): void {
    this.markers.push(marker);
  }
}

export const RAFT_SETTINGS: RaftSettings = {
  tickMs: 20,
  electionTicks: 10,
  heartbeatTicks: 1,
  maxInflightMsgs: 512,
  maxInflightBytes: 64 << 20,
  maxSizePerMsgBytes: 4 << 20,
  maxUncommittedBytes: 512 << 20,
  maxCommittedBytesPerReady: 8 << 20,
  snapshotCount: 1_000,
};

export interface LocalNode {
  readonly front: FrontKv;
  readonly room: ConsensusRoom;
  readonly published: PublishedState;
  readonly fatal: string[];
  stop(): Promise<void>;
}

/** Starts a node over `store` and `log`; both survive it. */
export async function startLocalNode(store: MvccStore, log: MemoryLog): Promise<LocalNode> {
  const fatal: string[] = [];
  const published = new PublishedState();
  const origin = systemRandom.bytes(8);
  const [frontC, consensusF] = localChannel<ConsensusToFront, FrontToConsensus>();
  const [frontS, storeF] = localChannel<StoreToFront, FrontToStore>();
  const [consensusS, storeC] = localChannel<StoreToConsensus, ConsensusToStore>();
  // The store outlives the node here: closing it is the test's business.
  const kept = new Proxy(store, {
    get: (target, name) => {
      if (name === "close") return () => {};
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  new StoreRoom({
    store: kept,
    published,
    consensus: storeC,
    front: storeF,
    origin,
    retentionMs: 600_000,
    metrics: { applied: () => {}, compacted: () => {} },
    seconds: () => performance.now() / 1000,
    later: (task, delayMs) => void setTimeout(task, delayMs).unref(),
    fatal: (message) => fatal.push(message),
  }).start();
  const front = new FrontKv({
    consensus: frontC,
    store: frontS,
    reader: store,
    published,
    clock: systemClock,
    origin,
    maxTxnBytes: 4 << 20,
    gracePeriodMs: 0,
    diskReserveBytes: 0,
    freeDiskBytes: () => 0,
    metrics: new RoomMetrics("front"),
    log: noLog,
    onFatal: (message) => fatal.push(message),
  });
  front.start();
  const nothing = (): void => {};
  const { room } = await assembleConsensus({
    nodeId: 1,
    raft: RAFT_SETTINGS,
    clock: systemClock,
    random: systemRandom,
    published,
    front: consensusF,
    store: consensusS,
    log,
    metrics: { proposed: nothing, dropped: nothing, tickLateness: nothing, observe: nothing },
    fatal: (message) => fatal.push(message),
  });
  room.start();
  const timer = setInterval(() => room.tick(0), RAFT_SETTINGS.tickMs);
  await front.whenLeading();
  return {
    front,
    room,
    published,
    fatal,
    stop: async () => {
      clearInterval(timer);
      await front.stop(1_000);
    },
  };
}
