/**
 * Planted bugs: switches that only the simulator sets (test/sim), to show that it would detect such a bug. In all
 * other use every switch stays false: nothing in src/ writes to this object (test/sim/planted.test.ts checks). The
 * binary has none of the switches: scripts/build.ts replaces them by the constant `false`.
 */
export const PLANTED = {
  /** The log thread answers before its fsync. */
  acknowledgeBeforeFsync: false,
  /** The name of a new segment is not made durable. */
  skipDirectoryFsync: false,
  /** Every fifth entry is written with a wrong first byte and a correct checksum. */
  garbleLogEntry: false,
  /** A vote is not stored. */
  forgetVote: false,
  /** A restarted node votes at once, although it may have acknowledged a leader's lease. */
  voteAtOnceAfterRestart: false,
  /** A learner's acknowledgement counts for the lease. */
  leaseCountsLearners: false,
  /** The lease starts at the arrival of the acknowledgement. */
  leaseFromArrival: false,
  /** The lease is kept during a leadership transfer. */
  leaseDuringTransfer: false,
  /** The lease holds before an entry of the leader's own term is applied. */
  leaseBeforeOwnTerm: false,
  /** The lease is longer than the election timeout. */
  leaseWithoutMargin: false,
  /** The state machine does not recognise a repeated proposal. */
  applyTwiceOnRetry: false,
  /**
   * The last one of several entries that are applied together is skipped, so a replica's rows depend on the batches.
   */
  applyDependsOnBatch: false,
  /** The log is compacted up to the applied index, also when that index is not durable. */
  compactBeyondDurable: false,
  /** A follower serves a read before it has applied the read index. */
  readBeforeApplied: false,
  /** A read index is answered without a quorum. */
  readIndexWithoutQuorum: false,
  /** A write is answered when it is appended, not when it is applied. */
  answerBeforeCommit: false,
  /** A new leader's clock does not start above the logged ceiling and the applied timestamps. */
  forgetCeiling: false,
  /** A received snapshot is installed without its marker in the log. */
  installWithoutMarker: false,
  /** A retry after a timeout writes a new stamp over the entry that is already in the log. */
  restampInPlace: false,
  /** Recovery cuts complete, acknowledged batches as if they were torn. */
  cutAcknowledgedTail: false,
  /** The core applies a membership change, but the change is not stored with the applied index. */
  forgetMembership: false,
  /** Rows are committed before their payloads are durable. */
  skipPayloadSync: false,
  /** A node with a restored old data directory takes part again, although peers know of a later start. */
  acceptRolledBack: false,
  /** A blob is acknowledged before its bytes are durable. */
  acknowledgeBlobBeforeSync: false,
  /** A swept blob is deleted although something refers to it again. */
  deleteWithoutLook: false,
  /** A blob that was acknowledged is deleted before its reference can come. */
  ignorePins: false,
  /** A transaction refers to blobs whose pins may have ended. */
  referenceAfterPin: false,
  /** A sweep does not ask whether the blob has a reference again. */
  sweepUnconditionally: false,
  /** A blob that loses its last reference is not queued. */
  forgetToQueue: false,
  /** References of replaced objects are not deleted. */
  keepReplacedReferences: false,
};
