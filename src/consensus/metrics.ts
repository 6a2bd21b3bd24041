/** Sets the metrics of the consensus thread. */
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import { StateType } from "../raft/core/index.ts";
import type { ConsensusThreadMetrics } from "./options.ts";

export function consensusThreadMetrics(metrics: ThreadMetrics): ConsensusThreadMetrics {
  const proposed = metrics.counter("raftProposals").labels({ outcome: "appended" });
  const dropped = metrics.counter("raftProposals").labels({ outcome: "dropped" });
  const term = metrics.gauge("raftTerm").labels();
  const isLeader = metrics.gauge("raftIsLeader").labels();
  const hasLeader = metrics.gauge("raftHasLeader").labels();
  const leaderChanges = metrics.counter("raftLeaderChanges").labels();
  const commit = metrics.gauge("raftCommitIndex").labels();
  const applied = metrics.gauge("raftAppliedIndex").labels();
  const last = metrics.gauge("raftLastIndex").labels();
  const physical = metrics.gauge("hlcPhysicalSeconds").labels();
  const ceiling = metrics.gauge("hlcCeilingSeconds").labels();
  const skew = metrics.gauge("hlcSkewSeconds").labels();
  const lateness = metrics.histogram("raftTickLatenessSeconds").labels();
  const forwarded = metrics.counter("raftForwardedProposals").labels();
  const rounds = metrics.counter("raftReadIndexRounds").labels();
  const snapshots = metrics.counter("raftSnapshots");
  const lease = metrics.gauge("raftLeaseValid").labels();
  const members = metrics.gauge("raftMembers");
  const lag = metrics.gauge("raftMemberLagEntries");
  const reachable = metrics.gauge("raftMemberReachable");
  const shown = new Set<string>();
  let leaderId = 0;
  return {
    forwarded: (entries) => forwarded.inc(entries),
    readIndexRound: () => rounds.inc(),
    snapshot: (direction, outcome) => snapshots.labels({ direction, outcome }).inc(),
    proposed: (entries) => proposed.inc(entries),
    dropped: (entries) => dropped.inc(entries),
    tickLateness: (seconds) => lateness.observe(seconds),
    observe: ({ status, appliedIndex, hlcPhysicalMs, hlcCeilingMs, hlcSkewMs, ...now }) => {
      lease.set(now.leaseValid ? 1 : 0);
      for (const role of ["voter", "learner"] as const) {
        members.labels({ role }).set(now.members.filter((member) => member.role === role).length);
      }
      for (const { name, lag: entries, reachable: up } of now.members) {
        shown.add(name);
        lag.labels({ member: name }).set(entries);
        reachable.labels({ member: name }).set(up ? 1 : 0);
      }
      // The gauges of a removed member are set to 0, and of every member while this node does not lead.
      for (const name of shown) {
        if (now.members.some((member) => member.name === name)) continue;
        shown.delete(name);
        lag.labels({ member: name }).set(0);
        reachable.labels({ member: name }).set(0);
      }
      term.set(status.term);
      isLeader.set(status.raftState === StateType.Leader ? 1 : 0);
      hasLeader.set(status.lead === 0 ? 0 : 1);
      if (status.lead !== leaderId && status.lead !== 0) leaderChanges.inc();
      leaderId = status.lead;
      commit.set(status.commit);
      applied.set(appliedIndex);
      last.set(status.lastIndex);
      physical.set(hlcPhysicalMs / 1000);
      ceiling.set(hlcCeilingMs / 1000);
      skew.set(hlcSkewMs / 1000);
    },
  };
}
