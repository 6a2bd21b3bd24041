export { PeerTransport } from "./transport.ts";
export * from "./types.ts";
