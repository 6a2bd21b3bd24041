/**
 * Stops and starts the bytes of a request. For a connection that node:http accepted itself, pausing the request
 * pauses its socket. For a TLS socket that was given to it, Bun 1.4.5 does not: the body would be read without end.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

export function isTls(socket: Socket): boolean {
  return socket instanceof TLSSocket;
}

export function holdBack(request: IncomingMessage): void {
  request.pause();
  if (isTls(request.socket)) request.socket.pause();
}

export function letFlow(request: IncomingMessage): void {
  if (isTls(request.socket)) request.socket.resume();
  request.resume();
}
