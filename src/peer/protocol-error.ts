/** The other end broke the protocol: it is disconnected and counted. The message says how. */
export class PeerProtocolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PeerProtocolError";
  }
}

/** A message of this node that cannot travel: too long, or of a kind that never leaves a node. */
export class UnsendableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnsendableError";
  }
}
