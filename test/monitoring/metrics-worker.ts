import { answerMetrics } from "../../src/monitoring/port-source.ts";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";

/** A Worker thread that counts to eleven and answers scrapes over the port it is sent. */
declare const self: { onmessage: ((event: MessageEvent) => void) | null };

const metrics = new ThreadMetrics("worker");
metrics.counter("walEntries").labels().inc(11);
self.onmessage = (event) => answerMetrics(metrics, event.data as MessagePort);
