export { laneOf, SNAPSHOT_QUEUE } from "./lanes.ts";
export { FRAME_HEADROOM_BYTES } from "./limits.ts";
export { PeerTransport, type PeerTransportOptions } from "./transport.ts";
export * from "./types.ts";
