/** Worker entry: a HashThread behind postMessage. */

import { systemTimers } from "../platform/timers.ts";
import { type HashOrder, HashThread } from "./hash-thread.ts";
import { hashersReady } from "./hashers.ts";
import { Md5Lanes } from "./md5-lanes.ts";

declare const self: Worker;

const thread = new HashThread(
  (answer) => self.postMessage(answer),
  () => Md5Lanes.create(systemTimers),
);
/** Orders that came while the hashers were loading. */
const early: HashOrder[] = [];
self.onmessage = (event: MessageEvent<HashOrder>) => {
  early.push(event.data);
};
// A failure is not caught: the failure ends the Worker, and the pool reports the death of the Worker to its owner.
void hashersReady.then(() => {
  self.onmessage = (event: MessageEvent<HashOrder>) => thread.handle(event.data);
  for (const order of early.splice(0)) thread.handle(order);
});
