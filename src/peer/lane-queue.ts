import type { QueueLimits, QueueName } from "./lanes.ts";
import type { Lane } from "./types.ts";

interface Waiting {
  readonly queue: QueueName;
  readonly lane: Lane;
  readonly frame: Uint8Array;
}

/** Messages that wait for one connection: one order for all, and a limit of messages and bytes for each lane. */
export class LaneQueue {
  readonly #limits: QueueLimits;
  readonly #held: Record<QueueName, { messages: number; bytes: number }> = {
    heartbeat: { messages: 0, bytes: 0 },
    replication: { messages: 0, bytes: 0 },
    snapshot: { messages: 0, bytes: 0 },
    "snapshot-control": { messages: 0, bytes: 0 },
    other: { messages: 0, bytes: 0 },
    blob: { messages: 0, bytes: 0 },
  };
  #waiting: Waiting[] = [];
  #head = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** True when the lane has space for one more message. An empty lane accepts a message of any size. */
  hasSpace(queue: QueueName, bytes: number): boolean {
    const held = this.#held[queue];
    const limit = this.#limits[queue];
    return held.messages < limit.messages && (held.messages === 0 || held.bytes + bytes <= limit.bytes);
  }

  push(queue: QueueName, lane: Lane, frame: Uint8Array): void {
    const held = this.#held[queue];
    held.messages++;
    held.bytes += frame.byteLength;
    this.#waiting.push({ queue, lane, frame });
  }

  /** Bytes of the frame that `shift` returns next; undefined when no frame waits. */
  get nextBytes(): number | undefined {
    return this.#waiting[this.#head]?.frame.byteLength;
  }

  shift(): { readonly lane: Lane; readonly frame: Uint8Array } | undefined {
    const next = this.#waiting[this.#head];
    if (next === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    const held = this.#held[next.queue];
    held.messages--;
    held.bytes -= next.frame.byteLength;
    return next;
  }
}
