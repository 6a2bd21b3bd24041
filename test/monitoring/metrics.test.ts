import { describe, expect, test } from "bun:test";
import type { EdgeMetrics } from "../../src/http/metrics.ts";
import { collectMetrics, type MetricsSource } from "../../src/monitoring/collect.ts";
import { METRICS, type MetricDefinition } from "../../src/monitoring/definitions.ts";
import { edgeMetrics } from "../../src/monitoring/edge-metrics.ts";
import { watchEventLoopLag } from "../../src/monitoring/event-loop-lag.ts";
import { Histogram } from "../../src/monitoring/families.ts";
import { answerMetrics, portSource } from "../../src/monitoring/port-source.ts";
import { processSource } from "../../src/monitoring/process-source.ts";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";

/** The value of one sample line of the text format, e.g. `name{a="b"}`. */
function sample(page: string, series: string): number | undefined {
  const line = page.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe("the table", () => {
  const definitions: MetricDefinition[] = Object.values(METRICS);
  test("names are unique and follow the conventions", () => {
    expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length);
    for (const definition of definitions) {
      expect(definition.name).toMatch(/^elastickv_[a-z0-9]+(_[a-z0-9]+)*$/);
      expect(definition.name.endsWith("_total")).toBe(definition.kind === "counter");
      expect(definition.help).toEndWith(".");
      if (definition.kind === "histogram") {
        expect(definition.buckets).toEqual([...definition.buckets].sort((a, b) => a - b));
      }
    }
  });
  test("the names that the design fixes", () => {
    const names = definitions.map(({ name }) => name);
    for (const name of [
      "elastickv_lease_read_total",
      "elastickv_fsm_apply_sync_mode",
      "elastickv_s3_put_admission_inflight_bytes",
      "elastickv_s3_put_admission_rejections_total",
      "elastickv_s3_put_admission_wait_seconds",
    ]) {
      expect(names).toContain(name);
    }
    expect(METRICS.s3AdmissionRejections.labels).toEqual(["stage", "protocol"]);
    expect(METRICS.fsmApplySyncMode.labels).toEqual(["mode"]);
    expect(METRICS.leaseReads.labels).toEqual(["outcome"]);
  });
});

describe("a thread", () => {
  test("shows what it counts, labels and all", async () => {
    const thread = new ThreadMetrics("front");
    const requests = thread.counter("s3Requests");
    requests.labels({ operation: "PutObject", status: "200" }).inc();
    requests.labels({ operation: "PutObject", status: "200" }).inc(2);
    requests.labels({ operation: "GetObject", status: "404" }).inc();
    thread.gauge("raftTerm").labels().set(7);
    const page = await collectMetrics([thread]);
    expect(sample(page, 'elastickv_s3_requests_total{operation="PutObject",status="200"}')).toBe(3);
    expect(sample(page, 'elastickv_s3_requests_total{operation="GetObject",status="404"}')).toBe(1);
    expect(sample(page, "elastickv_raft_term")).toBe(7);
    expect(page).toContain("# TYPE elastickv_s3_requests_total counter");
    expect(page).not.toContain("elastickv_raft_commit_index");
  });

  test("a metric without labels is there before it is first counted", async () => {
    const thread = new ThreadMetrics("log");
    thread.counter("walTornTails");
    expect(sample(await collectMetrics([thread]), "elastickv_wal_torn_tails_total")).toBe(0);
  });

  test("asking twice gives the same child", () => {
    const thread = new ThreadMetrics("front");
    expect(thread.counter("walEntries").labels()).toBe(thread.counter("walEntries").labels());
    expect(thread.counter("s3Errors").labels({ code: "A" })).not.toBe(
      thread.counter("s3Errors").labels({ code: "B" }),
    );
  });

  test("a value that cannot be told from a separator stays apart", () => {
    const requests = new ThreadMetrics("front").counter("s3Requests");
    const left = requests.labels({ operation: "a\0", status: "b" });
    expect(requests.labels({ operation: "a", status: "b" })).not.toBe(left);
  });

  test("runaway labels end in one child", async () => {
    const thread = new ThreadMetrics("front");
    for (let code = 0; code < 5000; code++)
      thread
        .counter("s3Errors")
        .labels({ code: `E${code}` })
        .inc();
    const page = await collectMetrics([thread]);
    expect(sample(page, 'elastickv_s3_errors_total{code="other"}')).toBe(4000);
    expect(page.split("\n").filter((line) => line.startsWith("elastickv_s3_errors_total{")).length).toBe(
      1001,
    );
  });

  test("gauges may be set when somebody asks", async () => {
    const thread = new ThreadMetrics("consensus");
    let index = 1;
    const gauge = thread.gauge("raftCommitIndex").labels();
    thread.onCollect(() => gauge.set(index));
    index = 42;
    expect(sample(await collectMetrics([thread]), "elastickv_raft_commit_index")).toBe(42);
  });
});

describe("histograms", () => {
  test("a value lands in the first bucket whose bound it does not pass", () => {
    const histogram = new Histogram([1, 2, 4]);
    for (const value of [0, 1, 1.5, 2, 3, 4, 5, Number.POSITIVE_INFINITY]) histogram.observe(value);
    expect([...histogram.counts]).toEqual([2, 2, 2, 2]);
  });

  test("are shown cumulative, with sum and count", async () => {
    const thread = new ThreadMetrics("log");
    const fsync = thread.histogram("walFsyncSeconds").labels();
    for (const seconds of [0.0001, 0.0002, 0.3, 9]) fsync.observe(seconds);
    const page = await collectMetrics([thread]);
    expect(sample(page, 'elastickv_wal_fsync_seconds_bucket{le="0.0001"}')).toBe(1);
    expect(sample(page, 'elastickv_wal_fsync_seconds_bucket{le="0.25"}')).toBe(2);
    expect(sample(page, 'elastickv_wal_fsync_seconds_bucket{le="5"}')).toBe(3);
    expect(sample(page, 'elastickv_wal_fsync_seconds_bucket{le="+Inf"}')).toBe(4);
    expect(sample(page, "elastickv_wal_fsync_seconds_count")).toBe(4);
    expect(sample(page, "elastickv_wal_fsync_seconds_sum")).toBeCloseTo(9.3003, 9);
    expect(page).toContain("# TYPE elastickv_wal_fsync_seconds histogram");
  });
});

describe("merging threads", () => {
  test("counters and histograms add up, gauges as their row says", async () => {
    const left = new ThreadMetrics("hash-0");
    const right = new ThreadMetrics("hash-1");
    for (const [thread, times] of [
      [left, 2],
      [right, 3],
    ] as const) {
      thread.counter("walEntries").labels().inc(times);
      thread.histogram("walFsyncSeconds").labels().observe(times);
      thread.gauge("raftTerm").labels().set(times); // across: max
      thread.gauge("storeWalBytes").labels().set(times); // across: sum
      thread.histogram("eventLoopLagSeconds").labels({ thread: thread.thread }).observe(0);
    }
    const page = await collectMetrics([left, right]);
    expect(sample(page, "elastickv_wal_entries_total")).toBe(5);
    expect(sample(page, "elastickv_wal_fsync_seconds_sum")).toBe(5);
    expect(sample(page, 'elastickv_wal_fsync_seconds_bucket{le="5"}')).toBe(2);
    expect(sample(page, "elastickv_raft_term")).toBe(3);
    expect(sample(page, "elastickv_store_wal_bytes")).toBe(5);
    expect(sample(page, 'elastickv_event_loop_lag_seconds_count{thread="hash-0"}')).toBe(1);
    expect(sample(page, 'elastickv_thread_up{thread="hash-1"}')).toBe(1);
    expect(page.match(/# TYPE elastickv_wal_entries_total /g)).toHaveLength(1);
  });

  test("a thread that fails is left out and shown as down; the others are there", async () => {
    const front = new ThreadMetrics("front");
    front.counter("walEntries").labels().inc();
    const broken: MetricsSource = { thread: "store", collect: () => Promise.reject(new Error("gone")) };
    const page = await collectMetrics([front, broken]);
    expect(sample(page, 'elastickv_thread_up{thread="store"}')).toBe(0);
    expect(sample(page, 'elastickv_thread_up{thread="front"}')).toBe(1);
    expect(sample(page, "elastickv_wal_entries_total")).toBe(1);
  });

  test("the process's own metrics are merged in", async () => {
    const page = await collectMetrics([processSource()]);
    expect(sample(page, "process_resident_memory_bytes")).toBeGreaterThan(1e6);
    expect(sample(page, "process_open_fds")).toBeGreaterThan(0);
    expect(sample(page, "process_start_time_seconds")).toBeGreaterThan(1e9);
    expect(page).toContain("nodejs_version_info{");
    expect(sample(page, "process_cpu_seconds_total")).toBeGreaterThan(0);
  });

  test("the page is well formed", async () => {
    const thread = new ThreadMetrics("front");
    thread.counter("s3Errors").labels({ code: 'quote " back \\ line\nend' }).inc();
    const page = await collectMetrics([thread, processSource()]);
    for (const line of page.split("\n")) {
      if (line === "") continue;
      expect(line).toMatch(
        /^(# (HELP|TYPE) [a-z_:0-9]+ .+|[a-z_:0-9]+(\{([a-z_]+="([^"\\\n]|\\.)*",?)+\})? (-?[0-9.e+-]+|Nan|[+-]Inf))$/i,
      );
    }
  });
});

describe("a thread behind a port", () => {
  test("answers each scrape with its numbers of that moment", async () => {
    const { port1, port2 } = new MessageChannel();
    const thread = new ThreadMetrics("store");
    answerMetrics(thread, port2);
    const source = portSource("store", port1);
    thread.counter("fsmAppliedEntries").labels().inc(5);
    expect(sample(await collectMetrics([source]), "elastickv_fsm_applied_entries_total")).toBe(5);
    thread.counter("fsmAppliedEntries").labels().inc();
    const pages = await Promise.all([collectMetrics([source]), collectMetrics([source])]);
    for (const page of pages) expect(sample(page, "elastickv_fsm_applied_entries_total")).toBe(6);
    port1.close();
  });

  test("a thread that never answers does not hold the scrape", async () => {
    const { port1 } = new MessageChannel();
    const page = await collectMetrics([portSource("log", port1, 20)]);
    expect(sample(page, 'elastickv_thread_up{thread="log"}')).toBe(0);
    port1.close();
  });

  test("works from a real Worker", async () => {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL("./metrics-worker.ts", import.meta.url).href);
    worker.postMessage(port2, [port2]);
    const page = await collectMetrics([portSource("worker", port1)]);
    expect(sample(page, "elastickv_wal_entries_total")).toBe(11);
    worker.terminate();
    port1.close();
  });
});

describe("adapters", () => {
  test("the edge's counts", async () => {
    const thread = new ThreadMetrics("front");
    const edge: EdgeMetrics = edgeMetrics(thread);
    edge.connectionOpened();
    edge.connectionOpened();
    edge.connectionClosed();
    edge.connectionRefused();
    edge.requestStarted();
    edge.requestStarted();
    edge.requestEnded(200, 10, 20);
    edge.parseError("timeout");
    edge.replyAborted("client-gone");
    const page = await collectMetrics([thread]);
    expect(sample(page, "elastickv_http_connections")).toBe(1);
    expect(sample(page, "elastickv_http_connections_opened_total")).toBe(2);
    expect(sample(page, "elastickv_http_connections_refused_total")).toBe(1);
    expect(sample(page, "elastickv_http_requests_in_flight")).toBe(1);
    expect(sample(page, 'elastickv_http_requests_total{status="200"}')).toBe(1);
    expect(sample(page, "elastickv_http_received_bytes_total")).toBe(10);
    expect(sample(page, "elastickv_http_sent_bytes_total")).toBe(20);
    expect(sample(page, 'elastickv_http_parse_errors_total{reason="timeout"}')).toBe(1);
    expect(sample(page, 'elastickv_http_replies_aborted_total{reason="client-gone"}')).toBe(1);
  });

  test("event-loop lag is what the clock says beyond the period", async () => {
    const thread = new ThreadMetrics("front");
    let now = 0;
    const stop = watchEventLoopLag(thread, { nowMs: () => 0, monotonicMs: () => now });
    now = 350; // due at 100: 250 ms late
    while (
      sample(await collectMetrics([thread]), 'elastickv_event_loop_lag_seconds_count{thread="front"}') === 0
    ) {
      await Bun.sleep(5);
    }
    stop();
    const page = await collectMetrics([thread]);
    expect(sample(page, 'elastickv_event_loop_lag_seconds_sum{thread="front"}')).toBeCloseTo(0.25, 9);
  });
});
