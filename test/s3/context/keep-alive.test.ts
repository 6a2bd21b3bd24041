import { expect, test } from "bun:test";
import { DEFAULT_KEEP_ALIVE_AFTER_MS } from "../../../src/s3/context/deps.ts";
import type { Exchange } from "../../../src/s3/context/exchange.ts";
import { type SlowResult, withKeepAlive } from "../../../src/s3/context/keep-alive.ts";

/** aws-sdk-cpp 1.11, ClientConfiguration: requestTimeoutMs 3000, lowSpeedLimit 1 byte a second; curl ends a request below that. */
const SILENCE_MAX_MS = 3_000;

test("white space begins before a client gives up, and is faster than a byte a second", async () => {
  expect(DEFAULT_KEEP_ALIVE_AFTER_MS).toBeLessThan(SILENCE_MAX_MS);
  const work = Promise.withResolvers<SlowResult>();
  const waited: number[] = [];
  let fire = (): void => {};
  const services = {
    keepAliveAfterMs: DEFAULT_KEEP_ALIVE_AFTER_MS,
    timers: {
      later: (callback: () => void, ms: number) => {
        waited.push(ms);
        fire = callback;
        return () => {};
      },
    },
  };
  const replied = withKeepAlive({ services } as unknown as Exchange, work.promise);
  fire();
  const { body } = await replied;
  if (body?.kind !== "unsized") throw new Error("the answer did not begin early");
  const chunks = body.chunks[Symbol.asyncIterator]();
  const next = async (): Promise<string> => Buffer.from((await chunks.next()).value ?? []).toString();
  expect(await next()).toStartWith("<?xml ");
  for (let interval = 0; interval < 3; interval++) {
    const space = next();
    fire();
    expect(await space).toMatch(/^ +$/);
    expect((await space).length).toBeGreaterThan(DEFAULT_KEEP_ALIVE_AFTER_MS / 1000);
  }
  work.resolve({ root: "CopyObjectResult", inner: "<ETag/>" });
  expect(await next()).toContain("<CopyObjectResult");
  expect(new Set(waited)).toEqual(new Set([DEFAULT_KEEP_ALIVE_AFTER_MS]));
});
