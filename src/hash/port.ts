/** The pool's side of the connection to a hash thread. */
import type { HashAnswer, HashOrder } from "./hash-thread.ts";

export interface HashPort {
  post(order: HashOrder): void;
  close(): void;
}

/** @internal */
export interface HashPortEvents {
  onAnswer(answer: HashAnswer): void;
  /** The thread has ended and answers no more orders. Called at most once. */
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
    // Bun reports a Worker that ended by itself only with this event, and drops orders to an ended Worker without an
    // error.
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
