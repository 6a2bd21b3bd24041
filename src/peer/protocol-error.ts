/** The other end broke the protocol. This node disconnects and counts the error. The message names the violation. */
export class PeerProtocolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PeerProtocolError";
  }
}

/** A message of this node that cannot be sent: too long, or of a kind that never leaves a node. */
export class UnsendableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnsendableError";
  }
}
