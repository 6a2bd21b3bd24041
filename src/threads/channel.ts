import { type MessagePort as NodePort, receiveMessageOnPort } from "node:worker_threads";

/**
 * The typed mailbox between two threads. A thread may be a Worker (`PortChannel` over a MessagePort) or a plain
 * object in the same thread (the tests): the thread cannot see the difference.
 *
 * Messages are sent in batches: one structured clone and one wake-up for all messages of a turn (measured: 36 us per
 * round trip, 0.5 us per message inside a batch).
 */
export interface Channel<In, Out> {
  /** Queues one message; the queue is sent in order at the end of this turn. */
  send(message: Out): void;
  /** Sends the queued messages now. */
  flush(): void;
  /** Sets the receiver of every batch, in order. Call it exactly once. */
  onBatch(receive: (messages: readonly In[]) => void): void;
  /**
   * Returns the messages that have arrived and were not received yet, without waiting: a thread that was busy can
   * then do all waiting work at once.
   */
  drain(): In[];
  close(): void;
}

/** The part of MessagePort that a channel needs. */
export type PortLike = Pick<MessagePort, "postMessage" | "onmessage" | "close">;

export class PortChannel<In, Out> implements Channel<In, Out> {
  readonly #port: PortLike;
  #outbox: Out[] = [];
  #scheduled = false;
  readonly #flush = (): void => this.flush();

  constructor(port: PortLike) {
    this.#port = port;
  }

  send(message: Out): void {
    this.#outbox.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#flush);
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#outbox.length === 0) return;
    const batch = this.#outbox;
    this.#outbox = [];
    this.#port.postMessage(batch);
  }

  onBatch(receive: (messages: readonly In[]) => void): void {
    this.#port.onmessage = (event) => receive(event.data as readonly In[]);
  }

  drain(): In[] {
    const messages: In[] = [];
    for (;;) {
      const next = receiveMessageOnPort(this.#port as unknown as NodePort);
      if (next === undefined) return messages;
      messages.push(...(next.message as In[]));
    }
  }

  close(): void {
    this.flush();
    this.#port.close();
  }
}
