/**
 * Byte streams between hosts, for all other code: TCP or TLS, or the simulator's streams. A stream keeps the order
 * and loses no bytes while it is open. It may end at any byte, and the other end may notice the end much later.
 */
export interface Network {
  /**
   * Accepts connections at an address. `port` 0 chooses a port. @param acceptAnonymous with TLS only: takes connections
   * whose other end shows no certificate; absent: such a connection is closed. @throws NetworkError naming the address
   * (EADDRINUSE, ...)
   */
  listen(
    address: NetworkAddress,
    accept: (connection: Connection, peer: PeerCertificate | undefined) => ConnectionHandlers,
    acceptAnonymous?: (connection: Connection) => ConnectionHandlers,
  ): Promise<NetworkListener>;
  /**
   * Dials an address. The connection is usable at once (written bytes wait); `onOpen` or `onClose` reports the
   * result.
   */
  connect(address: NetworkAddress, handlers: ConnectionHandlers): Connection;
}

export interface NetworkAddress {
  readonly host: string;
  readonly port: number;
}

export interface NetworkListener {
  readonly address: NetworkAddress;
  /** Accepts no more connections; open connections continue. */
  close(): void;
}

export interface Connection {
  /** "host:port" of the other end, for messages to operators. */
  readonly remote: string;
  /** Bytes that `write` has taken and the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Takes the bytes without a copy, in order; the caller must not change them later. After the end the call does
   * nothing.
   */
  write(bytes: Uint8Array): void;
  /** `pause` stops `onData` and `resume` restarts it, with backpressure to the sender. */
  pause(): void;
  resume(): void;
  /** Ends the connection at once, in both directions; `onClose` follows once. */
  destroy(reason: string): void;
}

export interface ConnectionHandlers {
  /** Called for dialled connections only. With TLS: after the handshake, with the certificate of the other end. */
  onOpen?(peer: PeerCertificate | undefined): void;
  /** The bytes may be valid during this call only: the handler copies the bytes that it keeps. */
  onData(bytes: Uint8Array): void;
  /** Called when `bufferedBytes` returns to 0. */
  onDrain?(): void;
  /** Called last. */
  onClose(reason: string): void;
}

/** The identity that the other end has proved with mutual TLS. */
export interface PeerCertificate {
  readonly subject: string;
  /** DNS names and IP addresses that the certificate is valid for. */
  readonly names: readonly string[];
}

export class NetworkError extends Error {
  /** The errno's name, or TLS. */
  readonly code: string;
  readonly address: string;
  constructor(code: string, address: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NetworkError";
    this.code = code;
    this.address = address;
  }
}
