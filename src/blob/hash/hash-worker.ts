/** Worker entry: a HashRoom behind postMessage. */
import { type HashOrder, HashRoom } from "./room.ts";

declare const self: Worker;

const room = new HashRoom((answer) => self.postMessage(answer));
self.onmessage = (event: MessageEvent<HashOrder>) => room.handle(event.data);
