import { HashThread } from "../../../src/hash/hash-thread.ts";
import type { SpawnHashPort } from "../../../src/hash/port.ts";

/** The hash thread in this thread, answering in a later microtask like a Worker does in a later event. */
export const spawnHashThreadHere: SpawnHashPort = (events) => {
  const thread = new HashThread((answer) => queueMicrotask(() => events.onAnswer(answer)));
  return { post: (order) => thread.handle(order), close: () => {} };
};
