import type { Connection, ConnectionHandlers } from "../../../src/platform/network.ts";
import type { SimThread } from "./scheduler.ts";
import type { Fabric } from "./sim-network.ts";

/** What the kernels of both ends hold before a writer notices that nobody reads. */
const KERNEL_BUFFER_BYTES = 128 << 10;
/** TCP gives a connection up after so long without an acknowledgement. */
const TCP_PATIENCE_MS = 20_000;
const RETRANSMIT_MS = 200;

/** One end of a stream. */
export class Endpoint implements Connection {
  readonly remote: string;
  readonly thread: SimThread;
  readonly host: string;
  readonly remoteHost: string;
  readonly #fabric: Fabric;
  peer: Endpoint | undefined;
  handlers: ConnectionHandlers | undefined;
  closed = false;
  /** The kernel knows nothing of it any more (lost power). */
  #gone = false;
  #open = false;
  #paused = false;
  /** Written here and not yet sent: the handshake is not done, or the way is blocked. */
  #waiting: Uint8Array[] = [];
  #waitingSinceMs = 0;
  /** On the way to the other end. */
  readonly #flying: Uint8Array[] = [];
  #lastArrivalMs = 0;
  /** Written here and not yet taken by the other end. */
  #unacknowledged = 0;
  #wasFull = false;
  /** Reset, and its process has not heard of it yet: nothing leaves any more. */
  #broken = false;
  /** Arrived here and not yet given to the process. */
  #received: Uint8Array[] = [];
  #deliveryPosted = false;

  constructor(fabric: Fabric, thread: SimThread, host: string, remoteHost: string, remote: string) {
    this.#fabric = fabric;
    this.thread = thread;
    this.host = host;
    this.remoteHost = remoteHost;
    this.remote = remote;
  }

  // ---- Connection -------------------------------------------------------------------------------------------------

  get bufferedBytes(): number {
    return Math.max(0, this.#unacknowledged - KERNEL_BUFFER_BYTES);
  }

  write(bytes: Uint8Array): void {
    if (this.closed || this.#broken || bytes.byteLength === 0) return;
    this.#unacknowledged += bytes.byteLength;
    if (this.bufferedBytes > 0) this.#wasFull = true;
    const { random, conditions } = this.#fabric;
    if (bytes.byteLength > 1 && random.chance(conditions.split)) {
      const cut = random.between(1, bytes.byteLength - 1);
      this.#send(bytes.subarray(0, cut));
      this.#send(bytes.subarray(cut));
    } else this.#send(bytes);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#postDelivery();
  }

  destroy(reason: string): void {
    if (this.closed) return;
    this.#tellPeer("the other end closed");
    this.end(reason);
  }

  // ---- what happens to it -----------------------------------------------------------------------------------------

  /** The handshake is done: what was written leaves. */
  opened(): void {
    if (this.closed || this.#open) return;
    this.#open = true;
    const { handlers } = this;
    if (handlers !== undefined)
      this.thread.post(0, "connected", () => !this.closed && handlers.onOpen?.(undefined));
    this.resumeSending();
  }

  /** It ends here; the process is told. */
  end(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.#received = [];
    this.#fabric.forget(this);
    this.thread.post(0, `closed: ${reason}`, () => this.handlers?.onClose(reason));
  }

  /** The process or the host is no more. @param loud whether the other end is told */
  abandon(loud: boolean): void {
    if (loud) this.#tellPeer("ECONNRESET");
    this.closed = true;
    this.#gone = true;
    this.#fabric.forget(this);
  }

  /** Both ends are reset; of what was on its way some prefix still arrives, and it may end in the middle of a frame. */
  reset(): void {
    const { random, scheduler } = this.#fabric;
    const { peer } = this;
    const flying = this.#flying.splice(0);
    this.#waiting = [];
    this.#broken = true;
    if (peer !== undefined) peer.#broken = true;
    if (peer !== undefined && !peer.closed && flying.length > 0) {
      const whole = random.nextInt(flying.length);
      for (const bytes of flying.slice(0, whole)) peer.#arrived(bytes);
      const torn = flying[whole] as Uint8Array;
      const cut = random.nextInt(torn.byteLength + 1);
      if (cut > 0) peer.#arrived(torn.subarray(0, cut));
    }
    scheduler.after(0, () => this.end("ECONNRESET"));
    scheduler.after(random.exponential(1), () => peer?.end("ECONNRESET"));
  }

  /** The way may be free again. */
  resumeSending(): void {
    if (this.#waiting.length === 0 || !this.#canSend()) return;
    const { random, scheduler } = this.#fabric;
    // A retransmission, whose timer has backed off meanwhile; or the connection did not live through it.
    const waitedMs = scheduler.now - this.#waitingSinceMs;
    if (waitedMs > 1_000 && random.chance(0.3)) {
      this.reset();
      return;
    }
    const extraMs = waitedMs > 10 ? random.range(0, Math.min(waitedMs, 2_000)) : 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.#fly(bytes, extraMs);
  }

  /** Gives the process what has arrived, unless it does not want it now. */
  deliver(): void {
    while (!this.#paused && !this.closed && this.handlers !== undefined) {
      const bytes = this.#received.shift();
      if (bytes === undefined) return;
      this.#fabric.scheduler.mixBytes(bytes);
      if (this.peer !== undefined) this.peer.#acknowledged(bytes.byteLength);
      this.handlers.onData(bytes);
    }
  }

  #canSend(): boolean {
    return this.#open && this.peer !== undefined && !this.#fabric.link(this.host, this.remoteHost).blocked;
  }

  #send(bytes: Uint8Array): void {
    if (this.#waiting.length === 0 && this.#canSend()) {
      this.#fly(bytes, 0);
      return;
    }
    if (this.#waiting.length === 0) {
      const since = this.#fabric.scheduler.moment;
      this.#waitingSinceMs = since;
      this.#fabric.scheduler.after(TCP_PATIENCE_MS, () => {
        if (this.#waiting.length > 0 && this.#waitingSinceMs === since && this.#open) this.end("ETIMEDOUT");
      });
    }
    this.#waiting.push(bytes);
  }

  #fly(bytes: Uint8Array, extraMs: number): void {
    const { random, scheduler } = this.#fabric;
    const { latencyMs, jitterMs, loss, bandwidth } = this.#fabric.link(this.host, this.remoteHost);
    let delayMs = extraMs + latencyMs + random.exponential(jitterMs) + bytes.byteLength / bandwidth;
    for (let timeoutMs = RETRANSMIT_MS; random.chance(loss); timeoutMs *= 2) delayMs += timeoutMs;
    const at = Math.max(scheduler.moment + delayMs, this.#lastArrivalMs);
    this.#lastArrivalMs = at;
    this.#flying.push(bytes);
    scheduler.after(at - scheduler.moment, () => {
      // Whichever of these events comes first carries the oldest segment; a reset takes all of them away.
      const next = this.#flying.shift();
      if (next === undefined) return;
      if (!this.#fabric.isUp(this.remoteHost)) return;
      if (this.peer?.closed) {
        if (this.peer.#gone)
          scheduler.after(this.#fabric.link(this.remoteHost, this.host).latencyMs, () =>
            this.end("ECONNRESET"),
          );
        return;
      }
      if (this.peer !== undefined) this.peer.#arrived(next);
    });
  }

  #arrived(bytes: Uint8Array): void {
    this.#received.push(bytes);
    this.#postDelivery();
  }

  #postDelivery(): void {
    if (this.#deliveryPosted || this.#received.length === 0) return;
    this.#deliveryPosted = true;
    this.thread.post(0, `bytes from ${this.remote}`, () => {
      this.#deliveryPosted = false;
      this.deliver();
    });
  }

  #acknowledged(bytes: number): void {
    this.#unacknowledged -= bytes;
    if (!this.#wasFull || this.bufferedBytes > 0 || this.closed) return;
    this.#wasFull = false;
    this.thread.post(0, "drained", () => !this.closed && this.handlers?.onDrain?.());
  }

  /** A FIN or RST, behind what was written before; it waits while the way is blocked. */
  #tellPeer(reason: string): void {
    const { peer } = this;
    if (peer === undefined) return;
    const { scheduler } = this.#fabric;
    const link = this.#fabric.link(this.host, this.remoteHost);
    const attempt = (tries: number): void => {
      if (peer.closed) return;
      if (link.blocked) {
        // The kernel repeats it for a while and then forgets it; the other end finds out by itself, or never.
        if (tries > 0) scheduler.after(RETRANSMIT_MS * 2 ** (6 - tries), () => attempt(tries - 1));
        return;
      }
      const at = Math.max(scheduler.moment + link.latencyMs, this.#lastArrivalMs);
      scheduler.after(at - scheduler.moment, () => peer.end(reason));
    };
    attempt(6);
  }
}
