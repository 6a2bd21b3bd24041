type RefusalCode =
  /** No leader to take it, a transfer is under way, or too much is uncommitted. Try again later. */
  | "PROPOSAL_DROPPED"
  /** A type of message that only the node itself may produce came from elsewhere. */
  | "LOCAL_MESSAGE"
  /** An answer from a node that is not a member. */
  | "PEER_NOT_FOUND"
  /** A proposed membership change cannot be decoded. */
  | "MALFORMED_CONF_CHANGE"
  /** A field is not a safe integer, or is missing where the type needs it. */
  | "MALFORMED_MESSAGE";

/** Why a message was not taken. Nothing has changed. An expected outcome, so it is returned rather than thrown. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

function refusal(code: RefusalCode, message: string): Refusal {
  return Object.freeze({ code, message });
}

export const PROPOSAL_DROPPED = refusal("PROPOSAL_DROPPED", "raft proposal dropped");
export const LOCAL_MESSAGE = refusal("LOCAL_MESSAGE", "raft: cannot step raft local message");
export const PEER_NOT_FOUND = refusal("PEER_NOT_FOUND", "raft: cannot step as peer not found");
export const MALFORMED_CONF_CHANGE = refusal("MALFORMED_CONF_CHANGE", "raft: malformed membership change");

export function malformedMessage(what: string): Refusal {
  return refusal("MALFORMED_MESSAGE", `raft: malformed message: ${what}`);
}
