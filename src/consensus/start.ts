/**
 * Brings a consensus thread up: whom it belongs to, what log and keyspace recovered, whether they belong together, and then
 * the engine.
 */

import type { Membership } from "../cluster/registry/membership.ts";
import { bootstrapMembership, NO_MEMBERSHIP } from "../cluster/registry/membership.ts";
import { clusterIdOf } from "../cluster/registry/node-registry.ts";
import { RawNode, ReadOnlyOption } from "../raft/core/index.ts";
import { Engine } from "../raft/engine/engine.ts";
import { BOOTSTRAP_POSITION } from "../raft/engine/group-configuration.ts";
import { LogCache } from "../raft/engine/log-cache.ts";
import type { RecoveredLog } from "../raft/log/types.ts";
import type { AppliedState } from "../store/types.ts";
import { ONLY_GROUP } from "../threads/group.ts";
import { ConsensusThread } from "./consensus-thread.ts";
import { type AssembledConsensus, type ConsensusAssembly, retainBytesOf } from "./options.ts";
import { checkRecovery, checkTerm, isNew, RecoveryError } from "./recovery.ts";

export type { AssembledConsensus, ConsensusAssembly } from "./options.ts";

/** Bytes of log entries asked for at a time while the tail is read at start. */
const TAIL_PAGE_BYTES = 16 << 20;
/** Of the append that bootstraps a log, before the engine, which counts from 1, exists. */
const BOOTSTRAP_APPEND_ID = 1;

/** A thread that was stopped while it opened; nobody waits for it any more. */
class StoppedError extends Error {
  readonly code = "STOPPED";
  constructor() {
    super("stopped while opening");
    this.name = "StoppedError";
  }
}

interface Recovered {
  readonly log: RecoveredLog;
  readonly applied: AppliedState;
  readonly ceilingMs: number;
  readonly membership: Membership | undefined;
}

export function assembleConsensus(
  options: ConsensusAssembly,
): AssembledConsensus & { readonly thread: ConsensusThread } {
  const thread = new ConsensusThread(options);
  const opened = Promise.withResolvers<Awaited<AssembledConsensus["opened"]>>();
  // Whoever started it may not look at the answer; a failure is told in both ways.
  opened.promise.catch(() => {});
  const start = (): void => {
    let open = false;
    bringUp(options, thread, (recovered, applied) => {
      open = true;
      opened.resolve({ recovered, applied });
    }).catch((error: unknown) => {
      thread.stop();
      if (!open) opened.reject(error);
      else if (!(error instanceof StoppedError)) options.fatal(`consensus: ${String(error)}`, error);
    });
  };
  return { thread: Object.assign(thread, { start }), opened: opened.promise };
}

async function bringUp(
  options: ConsensusAssembly,
  thread: ConsensusThread,
  onOpened: (recovered: RecoveredLog, applied: AppliedState) => void,
): Promise<void> {
  const { identity, initialCluster, join } = options;
  await thread.open();
  if (thread.clusterId === "") await thread.form("join");
  const found = await recover(options, thread);
  onOpened(found.log, found.applied);
  let recovered = found.log;
  // Started without a word about its cluster it has joined one, unless its keyspace has a first state: then it was killed
  // between the roster and the log's first marker.
  const silent = initialCluster.length === 0 && identity.roster !== undefined;
  const joins = join.length > 0 || (silent && found.membership === undefined);
  const fresh = isNew(recovered) && (recovered.created || identity.roster === undefined);
  if (isNew(recovered) && !joins) {
    if (identity.roster === undefined && initialCluster.length > 1) await thread.form("form");
    recovered = await bootstrapLog(options, recovered, found.membership ?? NO_MEMBERSHIP);
  }
  if (thread.stopped) throw new StoppedError();
  await run(options, thread, { ...found, log: recovered }, fresh);
}

/** Opens log and keyspace, in this order: the log knows whether the keyspace has an installation to finish. */
async function recover(options: ConsensusAssembly, thread: ConsensusThread): Promise<Recovered> {
  const { log, identity, logger } = options;
  const recovered = await log.opened();
  const marker = recovered.snapshot;
  const opened = await thread.openStore(
    marker === undefined ? undefined : { index: marker.index, term: marker.term },
    bootstrapFor(options, thread.clusterId, recovered),
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
 * The first state of the keyspace, on an initial member. Also when the log begins right behind it: in the mode that does
 * not sync every apply, a power cut may have taken it from the keyspace, and the log has everything since.
 */
function bootstrapFor(
  { identity, initialCluster, join, peer }: ConsensusAssembly,
  clusterId: string,
  recovered: RecoveredLog,
): Membership | undefined {
  if (join.length > 0) return undefined;
  const first = isNew(recovered) || recovered.snapshot?.index === BOOTSTRAP_POSITION.index;
  if (!first) return undefined;
  if (initialCluster.length > 0) {
    return clusterIdOf(initialCluster) === clusterId ? bootstrapMembership(initialCluster) : undefined;
  }
  // Without an initial cluster and with a roster it has joined one.
  if (identity.roster !== undefined) return undefined;
  return bootstrapMembership([{ name: identity.name, address: peer?.advertise ?? "" }]);
}

/** The same position on every initial member, durable before anything is voted or appended (docs/raft.md, promise 6). */
async function bootstrapLog(
  { log, identity }: ConsensusAssembly,
  recovered: RecoveredLog,
  membership: Membership,
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

async function run(
  options: ConsensusAssembly,
  thread: ConsensusThread,
  found: Recovered,
  fresh: boolean,
): Promise<void> {
  const { raft, published, clock, log } = options;
  const { log: recovered, applied, ceilingMs } = found;
  const group = published.group(ONLY_GROUP);
  const membership = found.membership ?? NO_MEMBERSHIP;
  // The commit index is written lazily: after a crash it may lie behind what was applied (and so was committed).
  const hardState = {
    ...recovered.hardState,
    commit: Math.max(recovered.hardState.commit, applied.index),
  };
  const cache = new LogCache({
    hardState,
    // The log's markers know the configuration at some position; the keyspace knows it at the applied one.
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
  if (thread.stopped) throw new StoppedError();
  group.publishCommit(hardState.commit);
  const core = new RawNode({
    id: thread.ownId,
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
    // Proposals travel as such (forwarding.ts): the leader stamps them.
    disableProposalForwarding: true,
    stepDownOnRemoval: true,
  });
  log.onAppended((id) => thread.onAppended(id));
  thread.run({
    applied,
    ceilingMs,
    membership,
    makeEngine: (hooks) =>
      new Engine(
        {
          ...hooks,
          core,
          cache,
          published: group,
          clock,
          membership,
          tickMs: raft.tickMs,
          electionTimeoutMs: raft.electionTicks * raft.tickMs,
          fresh,
          retainBytes: retainBytesOf(options),
          maxUnappliedBytes: raft.maxInflightBytes + retainBytesOf(options),
        },
        applied,
      ),
  });
}
