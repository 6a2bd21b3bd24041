import { type ConfChangeSingle, ConfChangeType } from "../conf-change.ts";
import {
  type Configuration,
  isJoint,
  Progress,
  type ProgressMap,
  type ProgressTracker,
  withId,
  withoutId,
} from "../tracker/index.ts";
import { checkConfiguration } from "./check.ts";
import { ConfChangeError } from "./error.ts";

/** A configuration with the progress of exactly its members. */
export interface ChangedConfiguration {
  readonly configuration: Configuration;
  readonly progress: ProgressMap;
}

/**
 * Computes the configuration after a membership change (Raft paper section 6, thesis chapter 4). Nothing is changed
 * in place: after an error the tracker is unchanged.
 */
export class Changer {
  readonly #tracker: ProgressTracker;
  readonly #lastIndex: number;

  /** `lastIndex` is the end of the log; a new member is probed from there. */
  constructor(tracker: ProgressTracker, lastIndex: number) {
    this.#tracker = tracker;
    this.#lastIndex = lastIndex;
  }

  /**
   * Changes without a joint configuration. This is safe only while any old majority overlaps with any new one, so at
   * most one voter may be added or removed. Throws ConfChangeError.
   */
  simple(changes: readonly ConfChangeSingle[]): ChangedConfiguration {
    const current = this.#current();
    if (isJoint(current))
      throw new ConfChangeError("JOINT", "can't apply simple config change in joint config");
    const edit = this.#edit(current);
    edit.apply(changes);
    if (difference(current.voters.incoming, edit.incoming) > 1) {
      throw new ConfChangeError(
        "TOO_MANY_VOTERS",
        "more than one voter changed without entering joint config",
      );
    }
    return edit.finish();
  }

  /**
   * Enters a joint configuration: the present voters become its outgoing half, and the changes make its incoming
   * half. Throws ConfChangeError.
   */
  enterJoint(autoLeave: boolean, changes: readonly ConfChangeSingle[]): ChangedConfiguration {
    const current = this.#current();
    if (isJoint(current)) throw new ConfChangeError("JOINT", "config is already joint");
    if (current.voters.incoming.length === 0) {
      throw new ConfChangeError("NO_VOTERS", "can't make a zero-voter config joint");
    }
    const edit = this.#edit(current);
    edit.outgoing = edit.incoming;
    edit.apply(changes);
    edit.autoLeave = autoLeave;
    return edit.finish();
  }

  /** Leaves the joint configuration: only the incoming half stays. Throws ConfChangeError. */
  leaveJoint(): ChangedConfiguration {
    const current = this.#current();
    if (!isJoint(current)) throw new ConfChangeError("NOT_JOINT", "can't leave a non-joint config");
    const edit = this.#edit(current);
    edit.leave();
    return edit.finish();
  }

  #current(): Configuration {
    checkConfiguration(this.#tracker.configuration, this.#tracker.progress);
    return this.#tracker.configuration;
  }

  #edit(current: Configuration): ConfigurationEdit {
    return new ConfigurationEdit(current, this.#tracker, Math.max(this.#lastIndex, 1));
  }
}

/** A configuration that is being changed, member by member. */
class ConfigurationEdit {
  incoming: readonly number[];
  outgoing: readonly number[];
  autoLeave: boolean;
  #learners: readonly number[];
  #learnersNext: readonly number[];
  readonly #progress: Map<number, Progress>;
  readonly #tracker: ProgressTracker;
  readonly #probeFrom: number;

  constructor(current: Configuration, tracker: ProgressTracker, probeFrom: number) {
    this.incoming = current.voters.incoming;
    this.outgoing = current.voters.outgoing;
    this.autoLeave = current.autoLeave;
    this.#learners = current.learners;
    this.#learnersNext = current.learnersNext;
    this.#progress = new Map(tracker.progress);
    this.#tracker = tracker;
    this.#probeFrom = probeFrom;
  }

  apply(changes: readonly ConfChangeSingle[]): void {
    for (const { type, nodeId } of changes) {
      // The application cleared the id after proposing, so the change is skipped.
      if (nodeId === 0) continue;
      switch (type) {
        case ConfChangeType.AddNode:
          this.#makeVoter(nodeId);
          break;
        case ConfChangeType.AddLearnerNode:
          this.#makeLearner(nodeId);
          break;
        case ConfChangeType.RemoveNode:
          this.#remove(nodeId);
          break;
        case ConfChangeType.UpdateNode:
          break;
        default:
          throw new ConfChangeError("UNKNOWN_TYPE", `unexpected conf type ${type satisfies never}`);
      }
    }
    if (this.incoming.length === 0) throw new ConfChangeError("NO_VOTERS", "removed all voters");
  }

  leave(): void {
    for (const id of this.#learnersNext) {
      this.#learners = withId(this.#learners, id);
      this.#setRole(id, true);
    }
    this.#learnersNext = [];
    for (const id of this.outgoing) {
      if (!this.incoming.includes(id) && !this.#learners.includes(id)) this.#progress.delete(id);
    }
    this.outgoing = [];
    this.autoLeave = false;
  }

  finish(): ChangedConfiguration {
    const configuration: Configuration = {
      voters: { incoming: this.incoming, outgoing: this.outgoing },
      learners: this.#learners,
      learnersNext: this.#learnersNext,
      autoLeave: this.autoLeave,
    };
    checkConfiguration(configuration, this.#progress);
    return { configuration, progress: this.#progress };
  }

  #makeVoter(id: number): void {
    if (!this.#progress.has(id)) this.#track(id, false);
    this.#setRole(id, false);
    this.#learners = withoutId(this.#learners, id);
    this.#learnersNext = withoutId(this.#learnersNext, id);
    this.incoming = withId(this.incoming, id);
  }

  #makeLearner(id: number): void {
    const known = this.#progress.get(id);
    if (known === undefined) {
      this.#track(id, true);
      this.#learners = withId(this.#learners, id);
      return;
    }
    if (known.isLearner) return;
    this.#remove(id);
    this.#progress.set(id, known);
    if (this.outgoing.includes(id)) {
      // The member is still a voter of the outgoing half, and becomes a learner when the joint configuration is left.
      this.#learnersNext = withId(this.#learnersNext, id);
    } else {
      this.#setRole(id, true);
      this.#learners = withId(this.#learners, id);
    }
  }

  #remove(id: number): void {
    if (!this.#progress.has(id)) return;
    this.incoming = withoutId(this.incoming, id);
    this.#learners = withoutId(this.#learners, id);
    this.#learnersNext = withoutId(this.#learnersNext, id);
    // The outgoing half still needs the acknowledgements of its members.
    if (!this.outgoing.includes(id)) this.#progress.delete(id);
  }

  /**
   * A new member is probed at the end of the log, where it will most likely refuse and show the end of its own log.
   * The member counts as active at first: otherwise the next quorum check could depose the leader before the new
   * member can answer.
   */
  #track(id: number, isLearner: boolean): void {
    this.#progress.set(id, new Progress(0, this.#probeFrom, this.#tracker.newInflights(), isLearner, true));
  }

  #setRole(id: number, isLearner: boolean): void {
    const progress = this.#progress.get(id);
    if (progress !== undefined && progress.isLearner !== isLearner) {
      this.#progress.set(id, progress.withRole(isLearner));
    }
  }
}

function difference(left: readonly number[], right: readonly number[]): number {
  const missing = (from: readonly number[], of: readonly number[]): number =>
    of.filter((id) => !from.includes(id)).length;
  return missing(left, right) + missing(right, left);
}
