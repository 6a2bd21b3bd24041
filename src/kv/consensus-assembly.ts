/**
 * Brings a consensus room up from what the log and store rooms recovered. Refuses combinations that cannot be the
 * state of an honest crash: a node whose state is behind what it has promised must not vote.
 */
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import {
  type ConfState,
  type Entry,
  RawNode,
  ReadOnlyOption,
  type SnapshotMetadata,
} from "../raft/core/index.ts";
import { Engine } from "../raft/engine/engine.ts";
import { LogCache } from "../raft/engine/log-cache.ts";
import type { RecoveredLog, WalBatch } from "../raft/wal/types.ts";
import type { Channel } from "../rooms/channel.ts";
import type { PublishedState } from "../rooms/published-state.ts";
import type { AppliedState } from "../store/types.ts";
import { ConsensusRoom, type ConsensusRoomMetrics } from "./consensus-room.ts";
import { LogCompactor } from "./log-compactor.ts";
import type { ConsensusToFront, ConsensusToStore, FrontToConsensus, StoreToConsensus } from "./messages.ts";

/** Bytes of log entries asked for at a time while the tail is read at start. */
const TAIL_PAGE_BYTES = 16 << 20;

export interface RaftSettings {
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly maxInflightMsgs: number;
  readonly maxInflightBytes: number;
  readonly maxSizePerMsgBytes: number;
  readonly maxUncommittedBytes: number;
  /** Bytes of committed entries handed to the store room at a time. */
  readonly maxCommittedBytesPerReady: number;
  /** Entries kept behind the applied position for slow followers. */
  readonly snapshotCount: number;
}

/** The log room as the consensus room sees it. */
export interface LogRoomPort {
  /** What the log said when it was opened. */
  opened(): Promise<RecoveredLog>;
  /** Answered through `onAppended` once it (and everything before it) is on disk. */
  append(id: number, batch: WalBatch): void;
  onAppended(receive: (id: number) => void): void;
  /** Entries in [low, high): at least one, at most about `maxBytes`. Only at start. */
  read(low: number, high: number, maxBytes: number): Promise<readonly Entry[]>;
  /** The state up to the marker is durable elsewhere; entries at or below `throughIndex` may go. */
  compact(marker: SnapshotMetadata, throughIndex: number): void;
}

export interface ConsensusAssembly {
  readonly nodeId: number;
  readonly raft: RaftSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly published: PublishedState;
  readonly front: Channel<FrontToConsensus, ConsensusToFront>;
  readonly store: Channel<StoreToConsensus, ConsensusToStore>;
  readonly log: LogRoomPort;
  readonly metrics: ConsensusRoomMetrics;
  readonly fatal: (message: string) => void;
}

export class RecoveryError extends Error {
  readonly code = "RECOVERY";
  constructor(message: string) {
    super(message);
    this.name = "RecoveryError";
  }
}

export interface AssembledConsensus {
  readonly room: ConsensusRoom;
  readonly recovered: RecoveredLog;
  readonly applied: AppliedState;
}

/**
 * Waits for the store and log rooms to open, loads the part of the log that is not applied yet, and assembles the
 * room (not started). @throws RecoveryError when log and keyspace contradict each other.
 */
export async function assembleConsensus(options: ConsensusAssembly): Promise<AssembledConsensus> {
  const { raft, log, store, published } = options;
  const [opened, recovered] = await Promise.all([firstOf(store), log.opened()]);
  if (opened.kind !== "opened")
    throw new RecoveryError(`the store room said ${opened.kind} before it was open`);
  const { applied, ceilingMs } = opened;
  checkRecovery(recovered, applied);
  checkTerm(applied, await termInLog(log, recovered, applied));
  const confState = isEmpty(recovered.confState) ? soleVoter(options.nodeId) : recovered.confState;
  const cache = new LogCache({
    // The commit index is written lazily: after a crash it may lie behind what was applied (and so was committed).
    hardState: { ...recovered.hardState, commit: Math.max(recovered.hardState.commit, applied.index) },
    confState,
    index: applied.index,
    term: applied.term,
  });
  for (let next = applied.index + 1; next <= recovered.lastIndex; ) {
    const page = await log.read(next, recovered.lastIndex + 1, TAIL_PAGE_BYTES);
    cache.append(page);
    next += page.length;
  }
  published.publishCommit(Math.max(recovered.hardState.commit, applied.index));
  const core = new RawNode({
    id: options.nodeId,
    storage: cache,
    nextInt: (bound) => options.random.nextInt(bound),
    applied: applied.index,
    asyncStorageWrites: true,
    electionTicks: raft.electionTicks,
    heartbeatTicks: raft.heartbeatTicks,
    maxInflightMsgs: raft.maxInflightMsgs,
    maxInflightBytes: raft.maxInflightBytes,
    maxSizePerMsgBytes: raft.maxSizePerMsgBytes,
    maxCommittedSizePerReadyBytes: raft.maxCommittedBytesPerReady,
    maxUncommittedEntriesBytes: raft.maxUncommittedBytes,
    checkQuorum: true,
    preVote: true,
    // The lease that this appliance serves reads under is the engine's own (clock-bound, with a margin); the core
    // always confirms by a round.
    readOnlyOption: ReadOnlyOption.Safe,
    stepDownOnRemoval: true,
  });
  const compactor = new LogCompactor({
    clock: options.clock,
    // Nobody is behind a sole voter: what the keyspace has for certain, the log need not keep.
    keepEntries: confState.voters.length > 1 ? raft.snapshotCount : 0,
    confState: () => core.confState(),
    compact: (marker, throughIndex) => log.compact(marker, throughIndex),
  });
  const room = new ConsensusRoom(
    {
      nodeId: options.nodeId,
      clock: options.clock,
      front: options.front,
      store,
      metrics: options.metrics,
      compactLog: (durable) => compactor.durable(durable.index, durable.term),
      // The core's own bound ends at the commit; a store that stands still needs one too.
      maxHeldBytes: raft.maxUncommittedBytes,
      fatal: options.fatal,
    },
    { applied, ceilingMs },
    (hooks) =>
      new Engine(
        {
          ...hooks,
          core,
          cache,
          published,
          clock: options.clock,
          electionTimeoutMs: raft.electionTicks * raft.tickMs,
          // Nobody is behind a sole voter.
          retainBytes: 0,
          append: (id, batch) => log.append(id, batch),
          send: (messages) => {
            throw new Error(`a sole voter has ${messages.length} messages for other nodes`);
          },
        },
        applied,
      ),
  );
  log.onAppended((id) => room.onAppended(id));
  return { room, recovered, applied };
}

/** Everything an honest crash can leave behind, and nothing else. */
function checkRecovery(recovered: RecoveredLog, applied: AppliedState): void {
  if (applied.index > recovered.lastIndex) {
    throw new RecoveryError(
      `the keyspace has applied entry ${applied.term}/${applied.index}, but the log ends at ${recovered.lastIndex}: ` +
        "the log is older than the keyspace (a restored backup, a lost wal directory); this node must not vote",
    );
  }
  if (applied.index + 1 < recovered.firstIndex) {
    throw new RecoveryError(
      `the keyspace has applied entries up to ${applied.index}, but the log begins at ${recovered.firstIndex}: ` +
        "the keyspace is older than the log (a restored backup, a lost keyspace.db); entries are missing in between",
    );
  }
}

/** The term that the log gives the applied position; undefined when it no longer reaches back to it. */
async function termInLog(
  log: LogRoomPort,
  recovered: RecoveredLog,
  { index }: AppliedState,
): Promise<number | undefined> {
  if (recovered.snapshot?.index === index) return recovered.snapshot.term;
  if (index < recovered.firstIndex) return undefined;
  const [entry] = await log.read(index, index + 1, 1);
  return entry?.term;
}

/** The same index of another term is another entry: what was applied is not what this log holds. */
function checkTerm(applied: AppliedState, term: number | undefined): void {
  if (term === undefined || term === applied.term) return;
  throw new RecoveryError(
    `the keyspace has applied entry ${applied.term}/${applied.index}, but in the log that entry has term ${term}: ` +
      "they are not of the same history (a restored backup); this node must not vote",
  );
}

function isEmpty(confState: ConfState): boolean {
  return confState.voters.length === 0 && confState.learners.length === 0;
}

function soleVoter(id: number): ConfState {
  return { voters: [id], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
}

/** The first message of a channel; later ones are kept for whoever listens next. */
function firstOf<In, Out>(channel: Channel<In, Out>): Promise<In> {
  return new Promise((resolve) => {
    channel.onBatch((messages) => {
      const first = messages[0];
      if (first !== undefined) resolve(first);
    });
  });
}
