/** Worker entry: a HashRoom behind postMessage. */
import { hashersReady } from "./hashers.ts";
import { type HashOrder, HashRoom } from "./room.ts";

declare const self: Worker;

const room = new HashRoom((answer) => self.postMessage(answer));
/** Orders that came while the hashers were loading. */
const early: HashOrder[] = [];
self.onmessage = (event: MessageEvent<HashOrder>) => {
  early.push(event.data);
};
// A failure is not caught: it ends the Worker, and the pool's owner hears of that.
void hashersReady.then(() => {
  self.onmessage = (event: MessageEvent<HashOrder>) => room.handle(event.data);
  for (const order of early.splice(0)) room.handle(order);
});
