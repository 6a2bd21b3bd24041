/** `bun test/monitoring/cost.ts`: nanoseconds per update, ours against prom-client's. Not a test: it asserts nothing. */
import { Counter as PromCounter, Histogram as PromHistogram, Registry } from "prom-client";
import { METRICS } from "../../src/monitoring/definitions.ts";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";

const ROUNDS = 2_000_000;

function time(name: string, action: (round: number) => void): void {
  for (let round = 0; round < ROUNDS / 10; round++) action(round);
  const start = Bun.nanoseconds();
  for (let round = 0; round < ROUNDS; round++) action(round);
  console.log(`${name.padEnd(48)} ${((Bun.nanoseconds() - start) / ROUNDS).toFixed(1).padStart(8)} ns`);
}

const thread = new ThreadMetrics("front");
const counter = thread.counter("s3Requests");
const child = counter.labels({ operation: "PutObject", status: "200" });
const histogram = thread.histogram("s3RequestSeconds").labels({ operation: "PutObject" });
const registers = [new Registry()];
const promCounter = new PromCounter({ name: "c", help: "c", labelNames: ["operation", "status"], registers });
const promChild = promCounter.labels({ operation: "PutObject", status: "200" });
const promHistogram = new PromHistogram({
  name: "h",
  help: "h",
  labelNames: ["operation"],
  buckets: [...METRICS.s3RequestSeconds.buckets],
  registers,
}).labels({ operation: "PutObject" });

time("counter, child kept", () => child.inc());
time("counter, child looked up", () => counter.labels({ operation: "PutObject", status: "200" }).inc());
time("histogram, child kept", (round) => histogram.observe((round % 1000) / 10_000));
time("prom-client counter, child kept", () => promChild.inc());
time("prom-client counter, child looked up", () =>
  promCounter.labels({ operation: "PutObject", status: "200" }).inc(),
);
time("prom-client histogram, child kept", (round) => promHistogram.observe((round % 1000) / 10_000));
