import type { Channel } from "../../../src/threads/channel.ts";
import type { SimThread } from "./scheduler.ts";

/** Milliseconds between two threads, each time anew. */
export type Latency = () => number;

/** Sees every message as it is received, before its receiver does. */
type Tap<T> = (message: T) => void;

interface Arriving<T> {
  readonly at: number;
  readonly messages: T[];
}

/** One end. As a PortChannel: what is sent in a turn leaves at its end, in one batch, and arrives as a turn of its own. */
class SimEnd<In, Out> implements Channel<In, Out> {
  readonly #thread: SimThread;
  readonly #latency: Latency;
  readonly #label: string;
  peer: SimEnd<Out, In> | undefined;
  tap: Tap<In> | undefined;
  /** Sees every message as it is sent. */
  sendTap: Tap<Out> | undefined;
  #receive: ((messages: readonly In[]) => void) | undefined;
  #arriving: Arriving<In>[] = [];
  #lastAt = 0;
  #early: In[] = [];
  #outbox: Out[] = [];
  #scheduled = false;
  #closed = false;

  constructor(thread: SimThread, latency: Latency, label: string) {
    this.#thread = thread;
    this.#latency = latency;
    this.#label = label;
  }

  send(message: Out): void {
    if (this.#closed) return;
    this.sendTap?.(message);
    this.#outbox.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#thread.scheduler.atTurnEnd(() => this.flush());
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#outbox.length === 0) return;
    const batch = this.#outbox;
    this.#outbox = [];
    this.peer?.arrive(batch);
  }

  arrive(messages: In[]): void {
    const { scheduler } = this.#thread;
    scheduler.mix(messages.length);
    // Never before an earlier batch.
    const at = Math.max(scheduler.moment + this.#latency(), this.#lastAt);
    this.#lastAt = at;
    this.#arriving.push({ at, messages });
    this.#thread.post(at - scheduler.moment, this.#label, () => {
      // Whichever of these turns comes first takes the oldest batch: order is kept. One that was drained is gone.
      const next = this.#arriving[0];
      if (next === undefined || next.at > scheduler.now) return;
      this.#arriving.shift();
      this.#deliver(next.messages);
    });
  }

  #deliver(batch: In[]): void {
    if (this.#closed) return;
    if (this.#receive === undefined) {
      this.#early.push(...batch);
      return;
    }
    this.#trace(batch);
    if (this.tap !== undefined) for (const message of batch) this.tap(message);
    this.#receive(batch);
  }

  onBatch(receive: (messages: readonly In[]) => void): void {
    this.#receive = receive;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) this.#deliver(early);
  }

  drain(): In[] {
    const until = this.#thread.scheduler.moment;
    const drained: In[] = [];
    while (this.#arriving[0] !== undefined && this.#arriving[0].at <= until) {
      drained.push(...(this.#arriving.shift() as Arriving<In>).messages);
    }
    if (drained.length > 0) this.#trace(drained);
    if (this.tap !== undefined) for (const message of drained) this.tap(message);
    return drained;
  }

  close(): void {
    this.flush();
    this.#closed = true;
  }

  #trace(batch: readonly In[]): void {
    const { scheduler, name } = this.#thread;
    if (scheduler.trace === undefined) return;
    for (const message of batch) scheduler.trace(scheduler.now, name, `  ${describe(message)}`);
  }
}

/** The two ends of a channel between two threads. */
export function simChannel<A, B>(
  left: SimThread,
  right: SimThread,
  latency: Latency,
): [SimEnd<A, B>, SimEnd<B, A>] {
  const leftEnd = new SimEnd<A, B>(left, latency, `mail from ${right.name}`);
  const rightEnd = new SimEnd<B, A>(right, latency, `mail from ${left.name}`);
  leftEnd.peer = rightEnd;
  rightEnd.peer = leftEnd;
  return [leftEnd, rightEnd];
}

export type { SimEnd };

/** A message in a line, without the bytes. */
function describe(message: unknown): string {
  return JSON.stringify(message, (_, value: unknown) => {
    if (value instanceof Uint8Array) return `<${value.byteLength}>`;
    if (typeof value === "bigint") return value.toString();
    if (Array.isArray(value) && value.length > 8)
      return [...value.slice(0, 8), `and ${value.length - 8} more`];
    return value;
  });
}
