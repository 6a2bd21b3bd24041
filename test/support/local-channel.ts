/** Two ends of a channel inside one thread, for tests and the simulator. */
import type { Channel } from "../../src/threads/channel.ts";

/** Runs a task later, in order: `queueMicrotask`, or the simulator's event queue. */
export type Schedule = (task: () => void) => void;

class LocalEnd<In, Out> implements Channel<In, Out> {
  peer: LocalEnd<Out, In> | undefined;
  readonly #schedule: Schedule;
  #receive: ((messages: readonly In[]) => void) | undefined;
  #early: In[] = [];
  #outbox: Out[] = [];
  #scheduled = false;
  #closed = false;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  send(message: Out): void {
    if (this.#closed) return;
    this.#outbox.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => this.flush());
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#outbox.length === 0) return;
    const batch = this.#outbox;
    this.#outbox = [];
    this.peer?.deliver(batch);
  }

  deliver(batch: In[]): void {
    if (this.#closed) return;
    if (this.#receive === undefined) this.#early.push(...batch);
    else this.#receive(batch);
  }

  onBatch(receive: (messages: readonly In[]) => void): void {
    this.#receive = receive;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) receive(early);
  }

  drain(): In[] {
    return [];
  }

  close(): void {
    this.#closed = true;
  }
}

/** Two ends of one channel inside this thread. What one end sends, the other receives after `schedule`. */
export function localChannel<A, B>(schedule: Schedule = queueMicrotask): [Channel<A, B>, Channel<B, A>] {
  const left = new LocalEnd<A, B>(schedule);
  const right = new LocalEnd<B, A>(schedule);
  left.peer = right;
  right.peer = left;
  return [left, right];
}
