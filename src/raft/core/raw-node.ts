import { type ConfChange, encodeConfChange } from "./conf-change.ts";
import { ConfChangeError, restoreConfiguration } from "./confchange/index.ts";
import { type Config, validateConfig } from "./config.ts";
import { isLocalMessage, isResponseMessage, isStorageThread, newMessage } from "./message.ts";
import { checkMessage } from "./message-check.ts";
import { Raft } from "./raft.ts";
import { ReadySource } from "./ready-source.ts";
import { LOCAL_MESSAGE, PEER_NOT_FOUND, type Refusal } from "./refusal.ts";
import { applyConfChange, changedConfiguration } from "./roles/membership.ts";
import { resumeAppends } from "./roles/replication.ts";
import { type BasicStatus, basicStatus, type Status, status } from "./status.ts";
import { step } from "./step.ts";
import { tick } from "./tick.ts";
import { confStateOf } from "./tracker/index.ts";
import {
  type ConfState,
  type Entry,
  EntryType,
  type HardState,
  type Message,
  MessageType,
  type Ready,
  StateType,
} from "./types.ts";

/**
 * One node of one Raft group, driven by its owner. The owner gives messages, ticks and proposals to the node, and
 * takes from it, in a Ready, the work to store, send and apply. The node is single-threaded and synchronous; it
 * keeps no time and does no I/O.
 *
 *     loop:  node.step(message) / node.tick() / node.propose(data)
 *            while (node.hasReady()) {
 *              const ready = node.ready();
 *              // async storage writes: deliver ready.messages, each target in order
 *              // otherwise: store, send, apply, then node.advance()
 *            }
 *
 * Methods return a Refusal for input that was not accepted, and throw InvariantViolation when the node must stop.
 */
export class RawNode {
  readonly #raft: Raft;
  readonly #readySource: ReadySource;

  /** Starts or restarts a node from the content of its storage. Throws ConfigError. */
  constructor(config: Config) {
    const valid = validateConfig(config);
    const { hardState, confState } = valid.storage.initialState();
    const raft = new Raft(valid);
    restoreConfiguration(raft.tracker, confState, raft.log.lastIndex);
    if (hardState !== null && !isEmpty(hardState)) raft.load(hardState);
    if (valid.applied > 0) raft.log.appliedTo(valid.applied, 0);
    raft.becomeFollower(raft.term, 0);
    this.#raft = raft;
    this.#readySource = new ReadySource(raft);
  }

  get id(): number {
    return this.#raft.id;
  }

  /** Advances the logical clock by one tick. */
  tick(): void {
    tick(this.#raft);
  }

  /** True: no tick starts a campaign, and the node follows and votes as before. */
  setPassive(passive: boolean): void {
    this.#raft.isPassive = passive;
  }

  /** Campaigns now, when the node may. */
  campaign(): void {
    step(this.#raft, newMessage(MessageType.Hup, this.id));
  }

  /** Proposes one entry. From now on the log owns the bytes. */
  propose(data: Uint8Array): Refusal | null {
    return this.proposeEntries([{ term: 0, index: 0, type: EntryType.Normal, data }]);
  }

  /** Proposes one or more entries at once: the log takes all of them, consecutively, or none. */
  proposeEntries(entries: readonly Entry[]): Refusal | null {
    const message = newMessage(MessageType.Prop, 0);
    message.from = this.id;
    message.entries = entries;
    return step(this.#raft, message);
  }

  /**
   * Proposes a membership change. A change that is not possible when it reaches the leader's log is committed as an
   * empty entry.
   */
  proposeConfChange(change: ConfChange): Refusal | null {
    const message = newMessage(MessageType.Prop, 0);
    message.entries = [{ term: 0, index: 0, ...encodeConfChange(change) }];
    return step(this.#raft, message);
  }

  /**
   * The reason why `change` is not possible in the present configuration, or null; call it before proposing the
   * change.
   */
  checkConfChange(change: ConfChange): ConfChangeError | null {
    try {
      changedConfiguration(this.#raft, change);
      return null;
    } catch (error) {
      if (error instanceof ConfChangeError) return error;
      throw error;
    }
  }

  /**
   * Applies a committed membership change; called for every entry of type ConfChange or ConfChangeV2, when the entry
   * is applied. Throws ConfChangeError, without any change, when the change is impossible. Every node throws at the
   * same entry, so the application may treat the entry as empty.
   */
  applyConfChange(change: ConfChange): ConfState {
    return applyConfChange(this.#raft, change);
  }

  /** Handles a message from a peer or from a storage thread. */
  step(message: Message): Refusal | null {
    const malformed = checkMessage(message);
    if (malformed !== null) return malformed;
    const fromThread = isStorageThread(message.from);
    if (isLocalMessage(message.type) && !fromThread) return LOCAL_MESSAGE;
    if (
      isResponseMessage(message.type) &&
      !fromThread &&
      this.#raft.tracker.get(message.from) === undefined
    ) {
      return PEER_NOT_FOUND;
    }
    return step(this.#raft, message);
  }

  /** The peer could not be reached: the last messages to the peer are probably lost. */
  reportUnreachable(peer: number): void {
    const message = newMessage(MessageType.Unreachable, 0);
    message.from = peer;
    step(this.#raft, message);
  }

  /** Storage can now return entries that were PENDING: a leader continues to send. */
  resumeAppends(): void {
    if (this.#raft.state === StateType.Leader) resumeAppends(this.#raft);
  }

  /**
   * Reports the end of a snapshot transfer to `peer`. It must be called for each transfer: without it the peer gets
   * no more messages.
   */
  reportSnapshot(peer: number, outcome: "finished" | "failed"): void {
    const message = newMessage(MessageType.SnapStatus, 0);
    message.from = peer;
    message.reject = outcome === "failed";
    step(this.#raft, message);
  }

  /**
   * Asks the leader, through any node, to transfer leadership to `target`. The leader aborts after an election
   * timeout.
   */
  transferLeader(target: number): void {
    const message = newMessage(MessageType.TransferLeader, 0);
    message.from = target;
    step(this.#raft, message);
  }

  /**
   * A follower forgets the leader, so it may vote for another node at once; the follower does not campaign itself.
   */
  forgetLeader(): void {
    step(this.#raft, newMessage(MessageType.ForgetLeader, 0));
  }

  /**
   * Asks for the index that the state machine must have applied for a linearizable read. The answer is a ReadState
   * with `requestCtx`. There is no answer when the leader is unknown or lost: ask again, with a new context.
   */
  readIndex(requestCtx: Uint8Array): void {
    const message = newMessage(MessageType.ReadIndex, 0);
    message.entries = [{ term: 0, index: 0, type: EntryType.Normal, data: requestCtx }];
    step(this.#raft, message);
  }

  /** True when `ready` has work. */
  hasReady(): boolean {
    return this.#readySource.hasReady();
  }

  /** Takes the next work. Without async storage writes, call it again only after `advance`. */
  ready(): Ready {
    return this.#readySource.ready();
  }

  /** All work of the last Ready is done. Do not call it with async storage writes. */
  advance(): void {
    this.#readySource.advance();
  }

  basicStatus(): BasicStatus {
    return basicStatus(this.#raft);
  }

  status(): Status {
    return status(this.#raft);
  }

  /** The configuration in force, for a snapshot that is taken now. */
  confState(): ConfState {
    return confStateOf(this.#raft.tracker.configuration);
  }

  /** For scripted tests: fixes the election timeout until the next change of role or term draws a new timeout. */
  setRandomizedElectionTimeout(ticks: number): void {
    this.#raft.randomizedElectionTicks = ticks;
  }
}

function isEmpty(hardState: HardState): boolean {
  return hardState.term === 0 && hardState.vote === 0 && hardState.commit === 0;
}
