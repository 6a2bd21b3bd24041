import { expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { Lingering } from "../../src/http/linger.ts";

test("what a refused client still sends is freed piece by piece, not by the garbage collector", () => {
  const socket = Object.assign(new EventEmitter(), { destroyed: false, destroy: () => {} });
  const request = Object.assign(new EventEmitter(), { socket, resume: () => {} });
  const lingering = new Lingering({ bytes: 1 << 20, totalMs: 1_000, idleMs: 1_000, connections: 1 });
  lingering.arm(request as unknown as IncomingMessage);
  const piece = new Uint8Array(512 << 10);
  request.emit("data", piece);
  expect(piece.buffer.detached).toBe(true);
  lingering.close();
});
