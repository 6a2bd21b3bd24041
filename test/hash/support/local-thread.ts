import { HashThread } from "../../../src/hash/hash-thread.ts";
import { Md5Lanes } from "../../../src/hash/md5-lanes.ts";
import type { SpawnHashPort } from "../../../src/hash/port.ts";

/** The hash thread in this thread, answering in a later microtask like a Worker does in a later event. */
export const spawnHashThreadHere: SpawnHashPort = (events) => {
  const lanes = Md5Lanes.create({
    later: (task, delayMs) => {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  });
  const thread = new HashThread((answer) => queueMicrotask(() => events.onAnswer(answer)), lanes);
  return { post: (order) => thread.handle(order), close: () => {} };
};
