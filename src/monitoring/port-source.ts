import type { MetricsSource } from "./collect.ts";
import type { MetricJson } from "./families.ts";
import type { ThreadMetrics } from "./thread-metrics.ts";

/** The used part of a MessagePort (the libraries in use disagree on the type of its event). */
export interface MetricsPort {
  postMessage(message: unknown): void;
  /** Set to a function that takes an event with `data`. */
  onmessage: unknown;
  unref?(): void;
}

interface PortEvent {
  readonly data: unknown;
}

/** Messages on the port: a question is its number, and an answer is the number with the metrics. */
interface Answer {
  readonly question: number;
  readonly metrics: MetricJson[];
}

/** Answers the questions of `portSource`, in the Worker. Does not keep the Worker alive. */
export function answerMetrics(metrics: ThreadMetrics, port: MetricsPort): void {
  port.onmessage = (event: PortEvent) => {
    port.postMessage({ question: event.data as number, metrics: metrics.collect() } satisfies Answer);
  };
  port.unref?.();
}

const DEFAULT_TIMEOUT_MS = 2000;

/**
 * Asks the thread at the other end for its metrics, in the thread that serves `/metrics`. Rejects when the thread
 * does not answer in time (a dead Worker never answers).
 */
export function portSource(thread: string, port: MetricsPort, timeoutMs = DEFAULT_TIMEOUT_MS): MetricsSource {
  let lastQuestion = 0;
  const waiting = new Map<number, (metrics: MetricJson[]) => void>();
  port.onmessage = (event: PortEvent) => {
    const answer = event.data as Answer;
    waiting.get(answer.question)?.(answer.metrics);
  };
  port.unref?.();
  return {
    thread,
    collect: () =>
      new Promise((resolve, reject) => {
        const question = ++lastQuestion;
        const timer = setTimeout(() => {
          waiting.delete(question);
          reject(new Error(`thread ${thread} did not answer a metrics scrape within ${timeoutMs} ms`));
        }, timeoutMs);
        waiting.set(question, (metrics) => {
          clearTimeout(timer);
          waiting.delete(question);
          resolve(metrics);
        });
        port.postMessage(question);
      }),
  };
}
