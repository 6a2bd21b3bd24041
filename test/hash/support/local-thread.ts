import { HashThread } from "../../../src/hash/hash-thread.ts";
import { Md5Lanes } from "../../../src/hash/md5-lanes.ts";
import type { SpawnHashPort } from "../../../src/hash/port.ts";
import { systemTimers } from "../../../src/platform/timers.ts";

/** The hash thread in this thread, answering in a later microtask like a Worker does in a later event. */
export const spawnHashThreadHere: SpawnHashPort = (events) => {
  const thread = new HashThread(
    (answer) => queueMicrotask(() => events.onAnswer(answer)),
    () => Md5Lanes.create(systemTimers),
  );
  return { post: (order) => thread.handle(order), close: () => {} };
};
