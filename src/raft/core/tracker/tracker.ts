import {
  type AckedIndexes,
  isJointVoter,
  jointCommittedIndex,
  jointIds,
  jointVoteResult,
  VoteResult,
} from "../quorum/index.ts";
import { type Configuration, EMPTY_CONFIGURATION } from "./configuration.ts";
import { Inflights } from "./inflights.ts";
import { Progress } from "./progress.ts";

/** Progress by node id, of voters and learners, the node itself included. */
export type ProgressMap = ReadonlyMap<number, Progress>;

/** The configuration in force, the progress of each member, and the votes of the current election. */
export class ProgressTracker implements AckedIndexes {
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  #configuration: Configuration = EMPTY_CONFIGURATION;
  #progress: ProgressMap = new Map();
  #ids: readonly number[] = [];
  #voterIds: readonly number[] = [];
  readonly #votes = new Map<number, boolean>();

  constructor(maxInflightMessages: number, maxInflightBytes: number) {
    this.maxInflightMessages = maxInflightMessages;
    this.maxInflightBytes = maxInflightBytes;
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  get progress(): ProgressMap {
    return this.#progress;
  }

  /** Every tracked node, ascending: the order in which messages are sent. */
  get ids(): readonly number[] {
    return this.#ids;
  }

  /** Voters of either half, ascending. */
  get voterIds(): readonly number[] {
    return this.#voterIds;
  }

  get(id: number): Progress | undefined {
    return this.#progress.get(id);
  }

  isVoter(id: number): boolean {
    return isJointVoter(this.#configuration.voters, id);
  }

  /** True when `id` alone is a quorum. */
  isSoleVoter(id: number): boolean {
    const { incoming, outgoing } = this.#configuration.voters;
    return incoming.length === 1 && outgoing.length === 0 && incoming[0] === id;
  }

  install(configuration: Configuration, progress: ProgressMap): void {
    this.#configuration = configuration;
    this.#progress = progress;
    this.#ids = [...progress.keys()].sort((a, b) => a - b);
    this.#voterIds = jointIds(configuration.voters);
  }

  /** Resets all progress, as at the start of a term: nothing is acknowledged, and appends start after `lastIndex`. */
  resetProgress(lastIndex: number, self: number): void {
    const fresh = new Map<number, Progress>();
    for (const id of this.#ids) {
      const isLearner = this.#progress.get(id)?.isLearner === true;
      const match = id === self ? lastIndex : 0;
      fresh.set(id, new Progress(match, lastIndex + 1, this.newInflights(), isLearner, false));
    }
    this.#progress = fresh;
  }

  newInflights(): Inflights {
    return new Inflights(this.maxInflightMessages, this.maxInflightBytes);
  }

  ackedIndex(id: number): number | undefined {
    return this.#progress.get(id)?.match;
  }

  /** The largest index that a quorum has acknowledged, in any term. */
  committedIndex(): number {
    return jointCommittedIndex(this.#configuration.voters, this);
  }

  resetVotes(): void {
    this.#votes.clear();
  }

  /** Only a node's first answer in an election counts. */
  recordVote(id: number, granted: boolean): void {
    if (!this.#votes.has(id)) this.#votes.set(id, granted);
  }

  voteResult(): VoteResult {
    return jointVoteResult(this.#configuration.voters, this.#votes);
  }

  /** True when a quorum of voters was heard from since the last check. */
  quorumActive(): boolean {
    const active = new Map<number, boolean>();
    for (const [id, progress] of this.#progress) {
      if (!progress.isLearner) active.set(id, progress.recentActive);
    }
    return jointVoteResult(this.#configuration.voters, active) === VoteResult.Won;
  }
}
