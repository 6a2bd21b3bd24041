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
 * One node of one Raft group, as its owner drives it: give it messages, ticks and proposals; take from it, in a Ready,
 * what is to be stored, sent and applied. Single-threaded and synchronous; it keeps no time and does no I/O.
 *
 *     loop:  node.step(message) / node.tick() / node.propose(data)
 *            while (node.hasReady()) {
 *              const ready = node.ready();
 *              // async storage writes: deliver ready.messages, each target in order
 *              // otherwise: store, send, apply, then node.advance()
 *            }
 *
 * Methods return a Refusal for what was not taken, and throw InvariantViolation for what must stop the node.
 */
export class RawNode {
  readonly #raft: Raft;
  readonly #readySource: ReadySource;

  /** Starts or restarts a node from what its storage holds. Throws ConfigError. */
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

  /** Campaigns now, if the node may. */
  campaign(): void {
    step(this.#raft, newMessage(MessageType.Hup, this.id));
  }

  /** Proposes one entry. The bytes belong to the log from now on. */
  propose(data: Uint8Array): Refusal | null {
    return this.proposeEntries([{ term: 0, index: 0, type: EntryType.Normal, data }]);
  }

  /** Proposes several entries at once: all are taken, next to each other, or none. At least one. */
  proposeEntries(entries: readonly Entry[]): Refusal | null {
    const message = newMessage(MessageType.Prop, 0);
    message.from = this.id;
    message.entries = entries;
    return step(this.#raft, message);
  }

  /**
   * Proposes a membership change. One that is not possible when it reaches the leader's log commits as an empty entry.
   */
  proposeConfChange(change: ConfChange): Refusal | null {
    const message = newMessage(MessageType.Prop, 0);
    message.entries = [{ term: 0, index: 0, ...encodeConfChange(change) }];
    return step(this.#raft, message);
  }

  /** Why `change` could not be applied to the configuration in force, or null: to be asked before proposing it. */
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
   * Puts a committed membership change into force: called for every entry of type ConfChange or ConfChangeV2, when it
   * is applied. Throws ConfChangeError, with nothing changed, when the change is impossible; as every node throws at
   * the same entry, the application may go on as if it were empty.
   */
  applyConfChange(change: ConfChange): ConfState {
    return applyConfChange(this.#raft, change);
  }

  /** Takes a message from a peer or from a storage thread. */
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

  /** The peer could not be reached: what was sent to it last is probably lost. */
  reportUnreachable(peer: number): void {
    const message = newMessage(MessageType.Unreachable, 0);
    message.from = peer;
    step(this.#raft, message);
  }

  /** Storage has entries at hand that were PENDING: a leader goes on sending. */
  resumeAppends(): void {
    if (this.#raft.state === StateType.Leader) resumeAppends(this.#raft);
  }

  /** How sending a snapshot to `peer` ended. Must be called for each, or the peer is sent nothing any more. */
  reportSnapshot(peer: number, outcome: "finished" | "failed"): void {
    const message = newMessage(MessageType.SnapStatus, 0);
    message.from = peer;
    message.reject = outcome === "failed";
    step(this.#raft, message);
  }

  /** Asks the leader, through whichever node, to hand over to `target`. Given up after an election timeout. */
  transferLeader(target: number): void {
    const message = newMessage(MessageType.TransferLeader, 0);
    message.from = target;
    step(this.#raft, message);
  }

  /** A follower forgets who leads, and so may vote for another at once; it does not campaign itself. */
  forgetLeader(): void {
    step(this.#raft, newMessage(MessageType.ForgetLeader, 0));
  }

  /**
   * Asks for the index to which the state machine must have applied for a read to be linearizable. The answer is a
   * ReadState with `requestCtx`; there is none when the leader is unknown or lost: ask again, with a fresh context.
   */
  readIndex(requestCtx: Uint8Array): void {
    const message = newMessage(MessageType.ReadIndex, 0);
    message.entries = [{ term: 0, index: 0, type: EntryType.Normal, data: requestCtx }];
    step(this.#raft, message);
  }

  /** Whether `ready` would have something. */
  hasReady(): boolean {
    return this.#readySource.hasReady();
  }

  /** Takes what is to be done. Without async storage writes the next call must come after `advance`. */
  ready(): Ready {
    return this.#readySource.ready();
  }

  /** The work of the last Ready is done, all of it. Not with async storage writes. */
  advance(): void {
    this.#readySource.advance();
  }

  basicStatus(): BasicStatus {
    return basicStatus(this.#raft);
  }

  status(): Status {
    return status(this.#raft);
  }

  /** The configuration in force, as it belongs in a snapshot taken now. */
  confState(): ConfState {
    return confStateOf(this.#raft.tracker.configuration);
  }

  /** For scripted tests: fixes the election timeout, until the next change of role or term draws a new one. */
  setRandomizedElectionTimeout(ticks: number): void {
    this.#raft.randomizedElectionTicks = ticks;
  }
}

function isEmpty(hardState: HardState): boolean {
  return hardState.term === 0 && hardState.vote === 0 && hardState.commit === 0;
}
