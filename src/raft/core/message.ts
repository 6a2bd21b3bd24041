import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Entry,
  type HardState,
  type Message,
  MessageType,
  type StateType,
} from "./types.ts";

export const NO_ENTRIES: readonly Entry[] = Object.freeze([]);
export const NO_MESSAGES: readonly Message[] = Object.freeze([]);
export const NO_BYTES = new Uint8Array(0);

/** A message under construction. After `send` no code may write to the message. */
export type DraftMessage = { -readonly [K in keyof Message]: Message[K] };

/** A message with every field zero. Only this function makes messages, so that all have the same hidden class. */
export function newMessage(type: MessageType, to: number): DraftMessage {
  return {
    type,
    to,
    from: 0,
    term: 0,
    logTerm: 0,
    index: 0,
    entries: NO_ENTRIES,
    commit: 0,
    vote: 0,
    snapshot: null,
    reject: false,
    rejectHint: 0,
    context: NO_BYTES,
    responses: NO_MESSAGES,
  };
}

const TYPE_NAMES: readonly string[] = Object.keys(MessageType);
const STATE_NAMES: readonly string[] = ["Follower", "Candidate", "Leader", "PreCandidate"];

/** `MsgApp`, `MsgVoteResp`, ... */
export function messageTypeName(type: MessageType): string {
  return `Msg${TYPE_NAMES[type] ?? type}`;
}

/** `StateFollower`, `StateLeader`, ... */
export function stateName(state: StateType): string {
  return `State${STATE_NAMES[state] ?? state}`;
}

function flags(types: readonly MessageType[]): readonly boolean[] {
  const set = new Array<boolean>(TYPE_NAMES.length).fill(false);
  for (const type of types) set[type] = true;
  return set;
}

const LOCAL = flags([
  MessageType.Hup,
  MessageType.Beat,
  MessageType.Unreachable,
  MessageType.SnapStatus,
  MessageType.CheckQuorum,
  MessageType.StorageAppend,
  MessageType.StorageAppendResp,
  MessageType.StorageApply,
  MessageType.StorageApplyResp,
]);

const RESPONSE = flags([
  MessageType.AppResp,
  MessageType.VoteResp,
  MessageType.HeartbeatResp,
  MessageType.Unreachable,
  MessageType.ReadIndexResp,
  MessageType.PreVoteResp,
  MessageType.StorageAppendResp,
  MessageType.StorageApplyResp,
]);

/** Types that only the node itself or its storage threads may send; from a peer they are refused. */
export function isLocalMessage(type: MessageType): boolean {
  return LOCAL[type] === true;
}

/** Types that are answers: from a node that is not tracked they are refused. */
export function isResponseMessage(type: MessageType): boolean {
  return RESPONSE[type] === true;
}

/** True when `id` is one of the two storage threads and not a node. */
export function isStorageThread(id: number): boolean {
  return id === APPEND_THREAD || id === APPLY_THREAD;
}

/** The HardState that a StorageAppend message asks to write; null when the message has none. */
export function hardStateOf(message: Message): HardState | null {
  if (message.term === 0 && message.vote === 0 && message.commit === 0) return null;
  return { term: message.term, vote: message.vote, commit: message.commit };
}
