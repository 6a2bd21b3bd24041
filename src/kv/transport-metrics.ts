/** The numbers of the connections to peers, as the metrics table names them. */
import type { RoomMetrics } from "../monitoring/room-metrics.ts";
import { LANES, type Lane, type TransportMetrics } from "../raft/transport/types.ts";

type KeyPerLane =
  | "raftDispatchDropped"
  | "peerSentMessages"
  | "peerSentBytes"
  | "peerReceivedMessages"
  | "peerReceivedBytes";

export function transportMetrics(metrics: RoomMetrics): TransportMetrics {
  // Looked up once: these count every message.
  const perLane = (family: ReturnType<typeof metrics.counter<KeyPerLane>>) =>
    Object.fromEntries(LANES.map((lane) => [lane, family.labels({ lane })])) as Record<
      Lane,
      ReturnType<typeof family.labels>
    >;
  const dropped = perLane(metrics.counter("raftDispatchDropped"));
  const sentMessages = perLane(metrics.counter("peerSentMessages"));
  const sentBytes = perLane(metrics.counter("peerSentBytes"));
  const receivedMessages = perLane(metrics.counter("peerReceivedMessages"));
  const receivedBytes = perLane(metrics.counter("peerReceivedBytes"));
  const connected = metrics.gauge("peerConnectedLanes");
  const errors = metrics.counter("peerProtocolErrors").labels();
  return {
    dropped: (lane, messages) => dropped[lane].inc(messages),
    sent: (lane, messages, bytes) => {
      sentMessages[lane].inc(messages);
      sentBytes[lane].inc(bytes);
    },
    received: (lane, messages, bytes) => {
      receivedMessages[lane].inc(messages);
      receivedBytes[lane].inc(bytes);
    },
    protocolError: () => errors.inc(),
    connected: (peer, lanes) => connected.labels({ peer }).set(lanes),
  };
}
