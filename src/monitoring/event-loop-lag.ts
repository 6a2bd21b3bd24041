import type { Clock } from "../platform/clock.ts";
import type { ThreadMetrics } from "./thread-metrics.ts";

const PERIOD_MS = 100;

/**
 * Samples how late a timer of this thread runs, which is the time that other work in the thread waits. Returns a
 * stop function.
 * The timer does not keep the process alive.
 */
export function watchEventLoopLag(metrics: ThreadMetrics, clock: Clock): () => void {
  const lag = metrics.histogram("eventLoopLagSeconds").labels({ thread: metrics.thread });
  let due = clock.monotonicMs() + PERIOD_MS;
  const timer = setInterval(() => {
    const now = clock.monotonicMs();
    lag.observe(Math.max(0, now - due) / 1000);
    due = now + PERIOD_MS;
  }, PERIOD_MS);
  timer.unref();
  return () => clearInterval(timer);
}
