import type { ValidConfig } from "./config.ts";
import { violated } from "./invariant.ts";
import { RaftLog } from "./log/raft-log.ts";
import { type DraftMessage, messageTypeName } from "./message.ts";
import { ReadOnlyQueue } from "./read-only.ts";
import { ProgressTracker } from "./tracker/index.ts";
import { type HardState, type Message, MessageType, NONE, type ReadState, StateType } from "./types.ts";

/**
 * The state of one node of one group, and the transitions between its roles. `roles/` decides how each role handles
 * a message, and `step.ts` decides which message may act at all.
 *
 * Invariants (docs/raft.md): term never goes back; at most one vote per term; commit never goes back.
 */
export class Raft {
  readonly config: ValidConfig;
  readonly id: number;
  readonly log: RaftLog;
  readonly reads = new ReadOnlyQueue();
  tracker: ProgressTracker;

  #term = 0;
  #vote = NONE;
  #state: StateType = StateType.Follower;
  #lead = NONE;

  /** Messages that may be sent at once. */
  messages: Message[] = [];
  /** Messages with a promise: they may be sent only when everything before them is durable. */
  messagesAfterAppend: Message[] = [];
  readStates: ReadState[] = [];
  /**
   * Reads that came before this leader had committed an entry of its own term, so it did not know the commit index.
   */
  earlyReads: Message[] = [];

  /** Target of the leadership transfer in progress; NONE without a transfer. */
  leadTransferee = NONE;
  /**
   * No membership change may be proposed before the entry at this index is applied: that entry is or may be a
   * membership change.
   */
  pendingConfIndex = 0;
  /** Payload bytes of this leader's proposals that are not applied; too low after an election. */
  uncommittedBytes = 0;

  /** Ticks since the last election; on a follower, ticks since the last message of the leader. */
  electionElapsed = 0;
  /** Ticks since the last heartbeat, on a leader. */
  heartbeatElapsed = 0;
  /** Ticks after which this node campaigns, drawn again at every change of role or term. */
  randomizedElectionTicks = 0;

  constructor(config: ValidConfig) {
    this.config = config;
    this.id = config.id;
    this.log = new RaftLog(config.storage, config.maxCommittedSizePerReadyBytes);
    this.tracker = this.newTracker();
  }

  get term(): number {
    return this.#term;
  }

  get vote(): number {
    return this.#vote;
  }

  get state(): StateType {
    return this.#state;
  }

  get lead(): number {
    return this.#lead;
  }

  newTracker(): ProgressTracker {
    return new ProgressTracker(this.config.maxInflightMsgs, this.config.maxInflightBytes);
  }

  /** Loads the state that was stored before a restart. */
  load(hardState: HardState): void {
    if (hardState.commit < this.log.committed || hardState.commit > this.log.lastIndex) {
      violated("the stored commit index does not fit the log: part of the log is lost", {
        commit: hardState.commit,
        snapshotIndex: this.log.committed,
        lastIndex: this.log.lastIndex,
      });
    }
    this.log.commitTo(hardState.commit);
    this.#term = hardState.term;
    this.#vote = hardState.vote;
  }

  /** Adds a message to the queue for its kind of promise. */
  send(message: DraftMessage): void {
    if (message.from === NONE) message.from = this.id;
    const type = message.type;
    if (
      type === MessageType.Vote ||
      type === MessageType.VoteResp ||
      type === MessageType.PreVote ||
      type === MessageType.PreVoteResp
    ) {
      // Election messages name a term that may differ from the own one: a pre-vote asks about the next term.
      if (message.term === 0) violated("an election message needs a term", { type: messageTypeName(type) });
    } else {
      if (message.term !== 0) {
        violated("only election messages set their own term", {
          type: messageTypeName(type),
          term: message.term,
        });
      }
      // A forwarded proposal or read has no term: the node that is leader at its arrival may handle it.
      if (type !== MessageType.Prop && type !== MessageType.ReadIndex) message.term = this.#term;
    }
    if (type === MessageType.AppResp || type === MessageType.VoteResp || type === MessageType.PreVoteResp) {
      // These answers are promises about the own disk. A refusal promises nothing, but uses the same queue so that
      // answers keep their order.
      this.messagesAfterAppend.push(message);
      return;
    }
    if (message.to === this.id) violated("message to self", { id: this.id, type: messageTypeName(type) });
    this.messages.push(message);
  }

  becomeFollower(term: number, lead: number): void {
    this.#reset(term);
    this.#lead = lead;
    this.#state = StateType.Follower;
  }

  becomeCandidate(): void {
    if (this.#state === StateType.Leader)
      violated("a leader became candidate", { id: this.id, term: this.#term });
    this.#reset(this.#term + 1);
    this.#vote = this.id;
    this.#state = StateType.Candidate;
  }

  /** A pre-election changes no stored state: neither term nor vote nor timers. */
  becomePreCandidate(): void {
    if (this.#state === StateType.Leader)
      violated("a leader became pre-candidate", { id: this.id, term: this.#term });
    this.tracker.resetVotes();
    this.#lead = NONE;
    this.#state = StateType.PreCandidate;
  }

  /** Changes only the role: `roles/candidate.ts` appends the first entry of the term. */
  becomeLeader(): void {
    if (this.#state === StateType.Follower)
      violated("a follower became leader", { id: this.id, term: this.#term });
    this.#reset(this.#term);
    this.#lead = this.id;
    this.#state = StateType.Leader;
    const own = this.tracker.get(this.id);
    if (own === undefined)
      violated("a node outside the configuration became leader", { id: this.id, term: this.#term });
    own.becomeReplicate();
    own.recentActive = true;
    // The inherited entries may contain a membership change; a search would have to read all of them.
    this.pendingConfIndex = this.log.lastIndex;
  }

  followLeader(lead: number): void {
    this.electionElapsed = 0;
    this.#lead = lead;
  }

  forgetLeader(): void {
    this.#lead = NONE;
  }

  castVote(candidate: number): void {
    if (this.#vote !== NONE && this.#vote !== candidate) {
      violated("second vote in one term", { id: this.id, term: this.#term, vote: this.#vote, candidate });
    }
    this.electionElapsed = 0;
    this.#vote = candidate;
  }

  abortLeaderTransfer(): void {
    this.leadTransferee = NONE;
  }

  /**
   * True: ticks start no campaign. The node still follows and votes. Set by the owner of the node; time goes on, so
   * a node whose timeout has passed meanwhile campaigns at the first tick after the end.
   */
  isPassive = false;

  /**
   * True when the node may campaign: it is a voter in its own configuration, and no snapshot waits to replace its
   * log.
   */
  get promotable(): boolean {
    const own = this.tracker.get(this.id);
    return own !== undefined && !own.isLearner && this.log.unstable.snapshot === null;
  }

  #reset(term: number): void {
    if (term < this.#term) violated("term went back", { id: this.id, from: this.#term, to: term });
    if (term !== this.#term) {
      this.#term = term;
      this.#vote = NONE;
    }
    this.#lead = NONE;
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    this.#drawElectionTimeout();
    this.abortLeaderTransfer();
    this.tracker.resetVotes();
    this.tracker.resetProgress(this.log.lastIndex, this.id);
    this.pendingConfIndex = 0;
    this.uncommittedBytes = 0;
    this.reads.clear();
    this.earlyReads = [];
  }

  #drawElectionTimeout(): void {
    const { electionTicks } = this.config;
    const extra = this.config.nextInt(electionTicks);
    if (!Number.isInteger(extra) || extra < 0 || extra >= electionTicks) {
      violated("nextInt gave a number outside its bound", { extra, bound: electionTicks });
    }
    this.randomizedElectionTicks = electionTicks + extra;
  }
}
