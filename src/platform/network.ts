/**
 * Byte streams between hosts, as the rest of the code may see them: TCP or TLS, or the simulator's. A stream keeps order
 * and loses nothing as long as it lives; it may end at any byte, and an end may go unnoticed for a long time.
 */
export interface Network {
  /** Takes connections at an address. `port` 0 chooses one. @throws NetworkError naming the address (EADDRINUSE, ...) */
  listen(
    address: NetworkAddress,
    accept: (connection: Connection, peer: PeerCertificate | undefined) => ConnectionHandlers,
  ): Promise<NetworkListener>;
  /** Dials. The answer is usable at once (what is written waits); `onOpen` or `onClose` tells how it went. */
  connect(address: NetworkAddress, handlers: ConnectionHandlers): Connection;
}

export interface NetworkAddress {
  readonly host: string;
  readonly port: number;
}

export interface NetworkListener {
  readonly address: NetworkAddress;
  /** No more connections; those that live go on. */
  close(): void;
}

export interface Connection {
  /** "host:port" of the other end, for people. */
  readonly remote: string;
  /** Bytes taken by `write` that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /** Takes the bytes as they are, in order; they must not change afterwards. After the end: ignored. */
  write(bytes: Uint8Array): void;
  /** Stops and restarts `onData`: real backpressure. */
  pause(): void;
  resume(): void;
  /** Ends it at once, in both directions; `onClose` follows, once. */
  destroy(reason: string): void;
}

export interface ConnectionHandlers {
  /** Dialled connections only. TLS: after the handshake, with the other end's certificate. */
  onOpen?(peer: PeerCertificate | undefined): void;
  /** The bytes may be the reader's for this call only: copy what is to be kept. */
  onData(bytes: Uint8Array): void;
  /** `bufferedBytes` is 0 again after it was not. */
  onDrain?(): void;
  /** The last call. */
  onClose(reason: string): void;
}

/** Who the other end proved to be, with mutual TLS. */
export interface PeerCertificate {
  readonly subject: string;
  /** DNS names and IP addresses it is valid for. */
  readonly names: readonly string[];
}

export class NetworkError extends Error {
  /** errno's name, or TLS. */
  readonly code: string;
  readonly address: string;
  constructor(code: string, address: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NetworkError";
    this.code = code;
    this.address = address;
  }
}
