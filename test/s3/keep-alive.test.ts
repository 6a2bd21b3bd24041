import { expect, test } from "bun:test";
import { DEFAULT_KEEP_ALIVE_AFTER_MS } from "../../src/s3/deps.ts";
import { harness } from "./support/harness.ts";

/** aws-sdk-cpp 1.11, ClientConfiguration: requestTimeoutMs 3000, lowSpeedLimit 1 byte a second; curl ends the request below that. */
const SILENCE_MAX_MS = 3_000;

test("a slow copy's white space is faster than a byte a second, and begins before a client gives up", async () => {
  expect(DEFAULT_KEEP_ALIVE_AFTER_MS).toBeLessThan(SILENCE_MAX_MS);
  let ticks = 0;
  const { call } = harness({
    deps: {
      keepAliveAfterMs: DEFAULT_KEEP_ALIVE_AFTER_MS,
      // Three intervals pass at once; the fourth lasts until the copy is done.
      timer: (fire, ms) => {
        if (ms === DEFAULT_KEEP_ALIVE_AFTER_MS && ticks++ < 3) queueMicrotask(fire);
        return () => {};
      },
    },
  });
  await call("PUT", "/bucket");
  await call("PUT", "/bucket/from", { body: Buffer.alloc(1000, 1) });
  const answer = await call("PUT", "/bucket/to", { headers: { "x-amz-copy-source": "/bucket/from" } });
  expect(answer.status).toBe(200);
  const [, space] = answer.text.match(/^<\?xml [^>]*\?>\n?( *)<CopyObjectResult/) ?? [];
  // The first interval ends with the declaration, the others with white space.
  expect(space?.length ?? 0).toBeGreaterThan((2 * DEFAULT_KEEP_ALIVE_AFTER_MS) / 1000);
});
