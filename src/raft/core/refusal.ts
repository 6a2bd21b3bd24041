type RefusalCode =
  /** There is no leader, a transfer is in progress, or too much is uncommitted. The caller may try again later. */
  | "PROPOSAL_DROPPED"
  /** Another node sent a message type that only the node itself may send. */
  | "LOCAL_MESSAGE"
  /** The answer came from a node that is not a member. */
  | "PEER_NOT_FOUND"
  /** A proposed membership change cannot be decoded. */
  | "MALFORMED_CONF_CHANGE"
  /** A field is not a safe integer, or is missing where the type needs the field. */
  | "MALFORMED_MESSAGE";

/**
 * The reason why a message was not accepted. Nothing has changed. A refusal is expected, so it is returned and not
 * thrown.
 */
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
