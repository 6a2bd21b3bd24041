/**
 * Planted bugs: one-line switches that only the simulator turns (test/sim), to show that it would notice such a bug.
 * Elsewhere every one stays false: nothing in src/ writes to this object (test/sim/planted.test.ts looks). The binary has none
 * of them: scripts/build.ts puts the constant `false` in their place.
 */
export const PLANTED = {
  /** The log thread answers before its fsync. */
  acknowledgeBeforeFsync: false,
  /** A new segment's name is not made durable. */
  skipDirectoryFsync: false,
  /** Every fifth entry is written with another first byte than it has; its checksum is right. */
  garbleLogEntry: false,
  /** A vote is not written down. */
  forgetVote: false,
  /** A restarted node votes at once, although it may have acknowledged somebody's lease. */
  voteAtOnceAfterRestart: false,
  /** A learner's acknowledgement counts for the lease. */
  leaseCountsLearners: false,
  /** The lease runs from when the acknowledgement came. */
  leaseFromArrival: false,
  /** The lease is kept while leadership is being transferred. */
  leaseDuringTransfer: false,
  /** The lease holds before an entry of the leader's own term is applied. */
  leaseBeforeOwnTerm: false,
  /** The lease is as long as the election timeout, and then some. */
  leaseWithoutMargin: false,
  /** The state machine does not recognise a repeated proposal. */
  applyTwiceOnRetry: false,
  /** Of entries that are applied together the last one is skipped: what a replica holds depends on how its messages came. */
  applyDependsOnBatch: false,
  /** The log is dropped up to what is applied, durable or not. */
  compactBeyondDurable: false,
  /** A follower serves a read before it has applied the read index. */
  readBeforeApplied: false,
  /** A read index is answered without asking anybody. */
  readIndexWithoutQuorum: false,
  /** The answer to a write goes out when it is appended, not when it is applied. */
  answerBeforeCommit: false,
  /** A new leader's clock does not start above the logged ceiling and the applied timestamps. */
  forgetCeiling: false,
  /** A received snapshot is installed without its marker in the log. */
  installWithoutMarker: false,
  /** A retry after silence writes a new stamp over the entry that is already in the log. */
  restampInPlace: false,
  /** Recovery cuts complete, acknowledged batches as if they were torn. */
  cutAcknowledgedTail: false,
  /** A membership change is applied by the core and not written down with the applied index. */
  forgetMembership: false,
  /** Rows are committed before the payloads that they name are on the disk. */
  skipPayloadSync: false,
  /** A data directory that was put back takes part again, although peers know of a later start. */
  acceptRolledBack: false,
};
