import type { Connection, ConnectionHandlers } from "../network.ts";

/** The used part of a Bun socket. `write` returns the number of bytes taken, or -1 when the socket has ended. */
export interface RawSocket {
  write(bytes: Uint8Array): number;
  pause(): void;
  resume(): void;
  terminate(): void;
}

const NO_HANDLERS: ConnectionHandlers = { onData: () => {}, onClose: () => {} };

/** A TCP or TLS socket as a `Connection`. It keeps the bytes that the kernel has not taken, in order. */
export class RealConnection implements Connection {
  readonly remote: string;
  handlers: ConnectionHandlers = NO_HANDLERS;
  #socket: RawSocket | undefined;
  #ready = false;
  #pending: Uint8Array[] = [];
  #buffered = 0;
  #writing = false;
  #paused = false;
  #destroyed: string | undefined;
  #closed = false;

  constructor(remote: string) {
    this.remote = remote;
  }

  get bufferedBytes(): number {
    return this.#buffered;
  }

  /** True when the connection was destroyed or closed: it gives no more data. */
  get ended(): boolean {
    return this.#closed || this.#destroyed !== undefined;
  }

  write(bytes: Uint8Array): void {
    if (this.ended || bytes.byteLength === 0) return;
    let taken = 0;
    if (this.#ready && this.#pending.length === 0) taken = this.#offer(bytes);
    if (taken === bytes.byteLength || this.ended) return;
    this.#pending.push(taken === 0 ? bytes : bytes.subarray(taken));
    this.#buffered += bytes.byteLength - taken;
  }

  pause(): void {
    this.#paused = true;
    if (this.#ready && !this.ended) this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#ready && !this.ended) this.#socket?.resume();
  }

  destroy(reason: string): void {
    if (this.ended) return;
    this.#destroyed = reason;
    this.#pending = [];
    this.#buffered = 0;
    this.#socket?.terminate();
    // The close runs after the call, because the caller of destroy may be in the middle of other work.
    queueMicrotask(() => this.close(reason));
  }

  /** The socket exists, but TLS may not be established yet. */
  bind(socket: RawSocket): void {
    this.#socket = socket;
    if (this.ended) socket.terminate();
  }

  /** The connection sends and receives bytes from now on. */
  open(): void {
    if (this.ended) return;
    this.#ready = true;
    if (this.#paused) this.#socket?.pause();
    this.drain();
  }

  data(bytes: Uint8Array): void {
    if (!this.ended) this.handlers.onData(bytes);
  }

  drain(): void {
    if (!this.#ready || this.#writing || this.ended || this.#pending.length === 0) return;
    this.#writing = true;
    let done = 0;
    for (const bytes of this.#pending) {
      const taken = this.#offer(bytes);
      this.#buffered -= taken;
      if (taken < bytes.byteLength) {
        if (!this.ended) this.#pending[done] = bytes.subarray(taken);
        break;
      }
      done++;
    }
    this.#pending = this.ended ? [] : this.#pending.slice(done);
    this.#writing = false;
    if (this.ended) this.#buffered = 0;
    else if (this.#pending.length === 0) this.handlers.onDrain?.();
  }

  /** Closes the connection once; the reason of `destroy` has priority over the reason of the system. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = [];
    this.#buffered = 0;
    this.handlers.onClose(this.#destroyed ?? reason);
  }

  #offer(bytes: Uint8Array): number {
    const taken = this.#socket?.write(bytes) ?? 0;
    // -1 means that the socket has ended; its close event follows.
    return Math.max(taken, 0);
  }
}
