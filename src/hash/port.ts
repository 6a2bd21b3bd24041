/** The pool's end of a hash thread: a Worker, or the same thread. */
import { type HashAnswer, type HashOrder, HashThread } from "./hash-thread.ts";

export interface HashPort {
  post(order: HashOrder): void;
  close(): void;
}

export interface HashPortEvents {
  onAnswer(answer: HashAnswer): void;
  /** The thread is gone; nothing more will be answered. At most once. */
  onDeath(reason: string): void;
}

export type SpawnHashPort = (events: HashPortEvents) => HashPort;

/**
 * Starts a Worker on `hash-worker.ts`. A compiled binary must list that file as an entry point.
 * @param url where the Worker's script is.
 */
export function spawnHashWorker(url = new URL("./hash-worker.ts", import.meta.url).href): SpawnHashPort {
  return (events) => {
    const worker = new Worker(url);
    let alive = true;
    const died = (reason: string): void => {
      if (!alive) return;
      alive = false;
      events.onDeath(reason);
    };
    worker.onmessage = (event: MessageEvent<HashAnswer>) => events.onAnswer(event.data);
    worker.onerror = (event) => died(event.message);
    // Bun: a Worker that ends by itself says so only here; orders posted to it are dropped in silence.
    worker.addEventListener("close", () => died("the hash Worker ended"));
    worker.unref();
    return {
      post: (order) => worker.postMessage(order),
      close: () => {
        alive = false;
        worker.terminate();
      },
    };
  };
}

/** The hash thread in this thread, answering in a later microtask like a Worker does in a later event. */
export const spawnHashThreadHere: SpawnHashPort = (events) => {
  const thread = new HashThread((answer) => queueMicrotask(() => events.onAnswer(answer)));
  return { post: (order) => thread.handle(order), close: () => {} };
};
