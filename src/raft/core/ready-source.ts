import { violated } from "./invariant.ts";
import type { Raft } from "./raft.ts";
import { entriesSize } from "./sizes.ts";
import { step } from "./step.ts";
import { storageAppend, storageAppendResp, storageApply, storageApplyResp } from "./storage-messages.ts";
import type { Entry, HardState, Message, ReadState, Ready, SoftState } from "./types.ts";

const NO_READ_STATES: readonly ReadState[] = Object.freeze([]);

/**
 * Collects the decisions of a node since the last Ready into a new Ready, and takes the report that its work is
 * done.
 */
export class ReadySource {
  readonly #raft: Raft;
  readonly #asyncWrites: boolean;
  #previousSoftState: SoftState;
  #previousHardState: HardState;
  /**
   * Without async storage writes: the acknowledgements that `advance` delivers; null when there is no Ready to
   * advance.
   */
  #stepsOnAdvance: Message[] | null = null;

  constructor(raft: Raft) {
    this.#raft = raft;
    this.#asyncWrites = raft.config.asyncStorageWrites;
    this.#previousSoftState = { lead: raft.lead, state: raft.state };
    this.#previousHardState = { term: raft.term, vote: raft.vote, commit: raft.log.committed };
  }

  /** True when `ready` has work. */
  hasReady(): boolean {
    const raft = this.#raft;
    return (
      raft.messages.length > 0 ||
      raft.messagesAfterAppend.length > 0 ||
      raft.log.unstable.hasNextEntries() ||
      raft.log.hasNextCommitted(!this.#asyncWrites) ||
      raft.log.unstable.nextSnapshot() !== null ||
      raft.readStates.length > 0 ||
      this.#softStateChanged() ||
      this.#hardStateChanged()
    );
  }

  /** Takes the next work. Without async storage writes, call it again only after `advance`. */
  ready(): Ready {
    if (this.#stepsOnAdvance !== null) violated("ready called twice without advance", { id: this.#raft.id });
    const raft = this.#raft;
    const { log } = raft;
    const entries = log.unstable.nextEntries();
    const snapshot = log.unstable.nextSnapshot();
    const committedEntries = log.nextCommitted(!this.#asyncWrites);
    const mustSync =
      entries.length > 0 ||
      raft.vote !== this.#previousHardState.vote ||
      raft.term !== this.#previousHardState.term;
    const hardState = this.#takeHardState();
    const messages = raft.messages;
    if (this.#asyncWrites) {
      const append = storageAppend(raft, { hardState, entries, snapshot });
      if (append !== null) messages.push(append);
      if (committedEntries.length > 0) messages.push(storageApply(raft, committedEntries));
    } else {
      this.#stepsOnAdvance = this.#takePromises(messages, snapshot, committedEntries);
    }
    const ready: Ready = {
      softState: this.#takeSoftState(),
      hardState,
      readStates: this.#takeReadStates(),
      entries,
      snapshot,
      committedEntries,
      messages,
      mustSync,
    };
    raft.messages = [];
    raft.messagesAfterAppend = [];
    log.unstable.acceptInProgress();
    const last = committedEntries.at(-1);
    if (last !== undefined) {
      log.acceptApplying(last.index, entriesSize(committedEntries), !this.#asyncWrites);
    }
    return ready;
  }

  /** All work of the last Ready is done. Do not call it with async storage writes. */
  advance(): void {
    if (this.#asyncWrites) violated("advance called with async storage writes", { id: this.#raft.id });
    const steps = this.#stepsOnAdvance ?? [];
    this.#stepsOnAdvance = null;
    for (const message of steps) step(this.#raft, message);
  }

  /** Splits the promises: those to other nodes are added to `messages`, and `advance` delivers those to this node. */
  #takePromises(
    messages: Message[],
    snapshot: Ready["snapshot"],
    committedEntries: readonly Entry[],
  ): Message[] {
    const own: Message[] = [];
    for (const message of this.#raft.messagesAfterAppend) {
      if (message.to === this.#raft.id) own.push(message);
      else messages.push(message);
    }
    const appended = storageAppendResp(this.#raft, snapshot);
    if (appended !== null) own.push(appended);
    if (committedEntries.length > 0) own.push(storageApplyResp(this.#raft, committedEntries));
    return own;
  }

  #softStateChanged(): boolean {
    const { lead, state } = this.#previousSoftState;
    return this.#raft.lead !== lead || this.#raft.state !== state;
  }

  #takeSoftState(): SoftState | null {
    if (!this.#softStateChanged()) return null;
    this.#previousSoftState = { lead: this.#raft.lead, state: this.#raft.state };
    return this.#previousSoftState;
  }

  #hardStateChanged(): boolean {
    const { term, vote, commit } = this.#previousHardState;
    const raft = this.#raft;
    return raft.term !== term || raft.vote !== vote || raft.log.committed !== commit;
  }

  #takeHardState(): HardState | null {
    if (!this.#hardStateChanged()) return null;
    const raft = this.#raft;
    this.#previousHardState = { term: raft.term, vote: raft.vote, commit: raft.log.committed };
    return this.#previousHardState;
  }

  #takeReadStates(): readonly ReadState[] {
    if (this.#raft.readStates.length === 0) return NO_READ_STATES;
    const taken = this.#raft.readStates;
    this.#raft.readStates = [];
    return taken;
  }
}
