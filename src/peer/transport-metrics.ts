/** Sets the metrics of the connections to peers. */
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import {
  HANDSHAKE_FAILURES,
  type HandshakeFailure,
  LANES,
  type Lane,
  type TransportMetrics,
} from "./types.ts";

type KeyPerLane =
  | "raftDispatchDropped"
  | "peerSentMessages"
  | "peerSentBytes"
  | "peerReceivedMessages"
  | "peerReceivedBytes";

export function transportMetrics(metrics: ThreadMetrics): TransportMetrics {
  // The labels are looked up once, because these counters count every message.
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
  const failures = metrics.counter("peerHandshakeFailures");
  // Every reason is exported with 0 from the start: an alert on an increase needs the value before the increase.
  const failure = Object.fromEntries(
    HANDSHAKE_FAILURES.map((reason) => [reason, failures.labels({ reason })]),
  ) as Record<HandshakeFailure, ReturnType<typeof failures.labels>>;
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
    handshakeFailed: (reason) => failure[reason].inc(),
    connected: (peer, lanes) => connected.labels({ peer }).set(lanes),
  };
}
