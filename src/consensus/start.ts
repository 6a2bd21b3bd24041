/**
 * Starts a consensus thread: opens log and keyspace, checks that both belong together, and prepares the engine.
 */

import type { Membership } from "../cluster/registry/membership.ts";
import { bootstrapMembership, NO_MEMBERSHIP } from "../cluster/registry/membership.ts";
import { clusterIdOf } from "../cluster/registry/node-registry.ts";
import type { StoreToConsensus } from "../messages/messages.ts";
import { RawNode, ReadOnlyOption } from "../raft/core/index.ts";
import { Engine } from "../raft/engine/engine.ts";
import { BOOTSTRAP_POSITION } from "../raft/engine/group-configuration.ts";
import { LogCache } from "../raft/engine/log-cache.ts";
import type { RecoveredLog } from "../raft/log/types.ts";
import type { AppliedState } from "../store/types.ts";
import { ONLY_GROUP } from "../threads/group.ts";
import { type ConsensusThreadOptions, retainBytesOf } from "./options.ts";
import { checkRecovery, checkTerm, isNew, RecoveryError } from "./recovery.ts";
import type { EngineHooks, RecoveredGroup } from "./replica.ts";

/** Bytes of log entries asked for at a time while the tail is read at start. */
const TAIL_PAGE_BYTES = 16 << 20;
/** Id of the append that bootstraps a log. The engine, which counts its appends from 1, does not exist yet. */
const BOOTSTRAP_APPEND_ID = 1;

/** The thread was stopped while it opened log and keyspace, so nothing waits for the result. */
export class StoppedError extends Error {
  readonly code = "STOPPED";
  constructor() {
    super("stopped while opening");
    this.name = "StoppedError";
  }
}

export interface Recovered {
  readonly log: RecoveredLog;
  readonly applied: AppliedState;
  readonly ceilingMs: number;
  readonly membership: Membership | undefined;
}

/** Log and keyspace as `recover` found them. */
export interface Opened {
  readonly recovered: RecoveredLog;
  readonly applied: AppliedState;
}

export type OpenedMessage = Extract<StoreToConsensus, { readonly kind: "opened" }>;

/** Asks the store thread to open the keyspace; resolves with its answer. */
type OpenStore = (
  marker: { readonly index: number; readonly term: number } | undefined,
  bootstrap: Membership | undefined,
) => Promise<OpenedMessage>;

/** How a node continues after it has opened log and keyspace. */
interface Start {
  /** The node writes the first state of the cluster to its log. */
  readonly founds: boolean;
  /** The node waits for every initial member first. */
  readonly meets: boolean;
  /** The node was never a member, so there is no lease that it could have forgotten. */
  readonly fresh: boolean;
}

export function startsAs(
  { identity, initialCluster, join }: ConsensusThreadOptions,
  { log, membership }: Recovered,
): Start {
  // A node with a roster and without an initial cluster in its options has joined a cluster, unless its keyspace
  // has a first state: then the node was killed between writing the roster and writing the log's first marker.
  const silent = initialCluster.length === 0 && identity.roster !== undefined;
  const joins = join.length > 0 || (silent && membership === undefined);
  const founds = isNew(log) && !joins;
  return {
    founds,
    meets: founds && identity.roster === undefined && initialCluster.length > 1,
    fresh: isNew(log) && (log.created || identity.roster === undefined),
  };
}

/**
 * Opens the log first and the keyspace second, because the log knows whether the keyspace has an installation to
 * finish.
 */
export async function recover(
  options: ConsensusThreadOptions,
  clusterId: string,
  openStore: OpenStore,
): Promise<Recovered> {
  const { log, identity, logger } = options;
  const recovered = await log.opened();
  const marker = recovered.snapshot;
  const opened = await openStore(
    marker === undefined ? undefined : { index: marker.index, term: marker.term },
    bootstrapFor(options, clusterId, recovered),
  );
  const { applied, ceilingMs, membership } = opened;
  checkRecovery(recovered, applied, identity.initializing);
  await checkTerm(log, recovered, applied);
  if (membership === undefined && applied.index > 0) {
    throw new RecoveryError(
      `the keyspace has applied entry ${applied.term}/${applied.index} and does not say who belongs to the cluster: ` +
        "it was written by a release that knew one node only",
    );
  }
  logger.info("log and keyspace open", {
    term: recovered.hardState.term,
    firstIndex: recovered.firstIndex,
    lastIndex: recovered.lastIndex,
    applied: applied.index,
    configuration: membership?.index ?? 0,
    members: membership?.members.map(({ name }) => name).join(",") ?? "",
  });
  return { log: recovered, applied, ceilingMs, membership };
}

/**
 * The first state of the keyspace, on an initial member. The first state is also given when the log begins right
 * after it: without a sync of every apply, a power cut may have removed the first state from the keyspace, and the
 * log still has every later entry.
 */
function bootstrapFor(
  { identity, initialCluster, join, peer }: ConsensusThreadOptions,
  clusterId: string,
  recovered: RecoveredLog,
): Membership | undefined {
  if (join.length > 0) return undefined;
  const first = isNew(recovered) || recovered.snapshot?.index === BOOTSTRAP_POSITION.index;
  if (!first) return undefined;
  if (initialCluster.length > 0) {
    return clusterIdOf(initialCluster) === clusterId ? bootstrapMembership(initialCluster) : undefined;
  }
  // A node with a roster and without an initial cluster has joined a cluster.
  if (identity.roster !== undefined) return undefined;
  return bootstrapMembership([{ name: identity.name, address: peer?.advertise ?? "" }]);
}

/**
 * Writes the same position on every initial member. The position is durable before any vote or append
 * (docs/raft.md, promise 6).
 */
export async function bootstrapLog(
  { log, identity }: ConsensusThreadOptions,
  { log: recovered, membership = NO_MEMBERSHIP }: Recovered,
): Promise<RecoveredLog> {
  const { confState } = membership;
  if (!membership.members.some(({ name }) => name === identity.name)) {
    throw new RecoveryError(`${identity.name} is not in the initial cluster of its own keyspace`);
  }
  const hardState = { term: BOOTSTRAP_POSITION.term, vote: 0, commit: BOOTSTRAP_POSITION.index };
  const snapshot = { ...BOOTSTRAP_POSITION, confState };
  await new Promise<void>((resolve) => {
    log.onAppended(() => resolve());
    log.append(BOOTSTRAP_APPEND_ID, { hardState, entries: [], snapshot });
  });
  const { index } = BOOTSTRAP_POSITION;
  return { ...recovered, hardState, snapshot, confState, firstIndex: index + 1, lastIndex: index };
}

/** Reads the entries that are not applied yet from the log. The engine is made when the replica runs. */
export async function restoreGroup(
  options: ConsensusThreadOptions,
  ownId: number,
  found: Recovered,
  fresh: boolean,
): Promise<RecoveredGroup> {
  const { raft, clock, log } = options;
  const published = options.published.group(ONLY_GROUP);
  const { log: recovered, applied, ceilingMs, membership = NO_MEMBERSHIP } = found;
  // The commit index is written lazily. After a crash the commit index may lie behind the applied index, which was
  // committed.
  const hardState = {
    ...recovered.hardState,
    commit: Math.max(recovered.hardState.commit, applied.index),
  };
  const cache = new LogCache({
    hardState,
    // The log's markers have the configuration at some older position; the keyspace has the configuration at the
    // applied position.
    confState: membership.confState,
    index: applied.index,
    term: applied.term,
    retained: { firstIndex: recovered.firstIndex, terms: recovered.terms ?? [] },
  });
  for (let next = applied.index + 1; next <= recovered.lastIndex; ) {
    const page = await log.read(next, recovered.lastIndex + 1, TAIL_PAGE_BYTES);
    cache.append(page);
    next += page.length;
  }
  const makeEngine = (hooks: EngineHooks): Engine<Membership> => {
    published.publishCommit(hardState.commit);
    return new Engine(
      {
        ...hooks,
        core: makeCore(options, ownId, cache, applied.index),
        cache,
        published,
        clock,
        membership,
        tickMs: raft.tickMs,
        electionTimeoutMs: raft.electionTicks * raft.tickMs,
        fresh,
        retainBytes: retainBytesOf(options),
        maxUnappliedBytes: raft.maxInflightBytes + retainBytesOf(options),
      },
      applied,
    );
  };
  return { applied, ceilingMs, membership, makeEngine };
}

function makeCore(
  { raft, random }: ConsensusThreadOptions,
  id: number,
  storage: LogCache,
  applied: number,
): RawNode {
  return new RawNode({
    id,
    storage,
    nextInt: (bound) => random.nextInt(bound),
    applied,
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
    // The lease for reads is the engine's own (bound to the clock, with a margin). The core always confirms reads
    // by a round.
    readOnlyOption: ReadOnlyOption.Safe,
    // forwarding.ts sends proposals to the leader, and the leader stamps them.
    disableProposalForwarding: true,
    stepDownOnRemoval: true,
  });
}
