import type { Clock } from "../platform/clock.ts";
import type { RoomMetrics } from "./room-metrics.ts";

const PERIOD_MS = 100;

/**
 * Samples how late a timer of this room runs: the time anything else in the room had to wait. Returns a stop function.
 * The timer does not keep the process alive.
 */
export function watchEventLoopLag(metrics: RoomMetrics, clock: Clock): () => void {
  const lag = metrics.histogram("eventLoopLagSeconds").labels({ room: metrics.room });
  let due = clock.monotonicMs() + PERIOD_MS;
  const timer = setInterval(() => {
    const now = clock.monotonicMs();
    lag.observe(Math.max(0, now - due) / 1000);
    due = now + PERIOD_MS;
  }, PERIOD_MS);
  timer.unref();
  return () => clearInterval(timer);
}
