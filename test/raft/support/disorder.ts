import type { Message, MessageType } from "../../../src/raft/core/index.ts";

/** Counts what a network did to the order of messages, by their type. */
export class Disorder {
  /** Delivered once more. */
  readonly repeated = new Map<MessageType, number>();
  /** Delivered after a message that was sent later, between the same two nodes. */
  readonly overtaken = new Map<MessageType, number>();
  readonly #sentAt = new WeakMap<Message, number>();
  readonly #delivered = new WeakSet<Message>();
  readonly #newestDelivered = new Map<string, number>();
  #clock = 0;

  sent(message: Message): void {
    this.#sentAt.set(message, ++this.#clock);
  }

  delivered(message: Message): void {
    const link = `${message.from}>${message.to}`;
    const at = this.#sentAt.get(message) ?? 0;
    const newest = this.#newestDelivered.get(link) ?? 0;
    if (this.#delivered.has(message)) increment(this.repeated, message.type);
    else if (at < newest) increment(this.overtaken, message.type);
    this.#delivered.add(message);
    this.#newestDelivered.set(link, Math.max(newest, at));
  }

  /** Adds what another run counted. */
  add(other: Disorder): void {
    for (const [type, count] of other.repeated) increment(this.repeated, type, count);
    for (const [type, count] of other.overtaken) increment(this.overtaken, type, count);
  }
}

function increment(map: Map<MessageType, number>, type: MessageType, by = 1): void {
  map.set(type, (map.get(type) ?? 0) + by);
}
