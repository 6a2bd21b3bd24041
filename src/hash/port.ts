/** The pool's end of a hash thread. */
import type { HashAnswer, HashOrder } from "./hash-thread.ts";

export interface HashPort {
  post(order: HashOrder): void;
  close(): void;
}

/** @internal */
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
