/** What a request costs in the access log: `bun test/monitoring/access-log-cost.ts`. Prints; asserts nothing. */
import type { EdgeRequest, RequestOutcome } from "../../src/http/types.ts";
import { accessLog } from "../../src/node/access-log.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemTimers } from "../../src/platform/timers.ts";

const ROUNDS = 200_000;
const headers = new Map([
  ["host", "s3.example:9000"],
  ["user-agent", "aws-sdk-go-v2/1.41.0 os/linux lang/go#1.26 md/GOOS#linux md/GOARCH#amd64 api/s3#1.114.0"],
]);
const request = {
  method: "GET",
  rawTarget: "/bucket/some/key-of-an-object.parquet?x-id=GetObject",
  rawHeaders: [],
  header: (name: string) => headers.get(name),
  remoteAddress: "192.0.2.7",
  requestId: "0123456789ABCDEF",
} as unknown as EdgeRequest;
const outcome: RequestOutcome = {
  ...{
    remoteAddress: "192.0.2.7",
    status: 200,
    bytesIn: 0,
    bytesOut: 1024,
    totalMs: 1.234,
    firstByteMs: 1.1,
  },
  aborted: undefined,
  facts: {
    operation: "GetObject",
    bucket: "bucket",
    key: "some/key-of-an-object.parquet",
    accessKey: "AKIAEXAMPLE",
  },
};

for (const mode of ["errors", "all"] as const) {
  for (const format of ["logfmt", "json"] as const) {
    let bytes = 0;
    let dropped = 0;
    const log = accessLog({
      ...{ mode, format, clock: systemClock, timers: systemTimers },
      onDropped: (lines) => {
        dropped += lines;
      },
      write: (text, done) => {
        bytes += text.length;
        done(null);
      },
      writeNow: (text) => {
        bytes += text.length;
      },
    });
    const run = (): number => {
      const begin = performance.now();
      for (let i = 0; i < ROUNDS; i++) {
        log.onEnded?.(request, outcome);
        if (i % 1000 === 0) log.close();
      }
      log.close();
      return ((performance.now() - begin) / ROUNDS) * 1000;
    };
    run();
    const us = Math.min(run(), run(), run());
    console.log(
      `${mode} ${format}: ${us.toFixed(2)} us a request, ${Math.round(bytes / (4 * ROUNDS))} bytes, ${dropped} dropped`,
    );
  }
}
