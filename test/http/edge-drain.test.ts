import { expect, test } from "bun:test";
import { DRAIN_IDLE_MS } from "../../src/http/edge.ts";
import { connectTo, edgeFor, text, until } from "./fixture.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("a drain serves old and new connections once more, and closes each with its answer", async () => {
  const edge = await edgeFor(async () => text(200, "ok"));
  const client = await connectTo(edge);
  await client.send(GET);
  expect((await client.response()).headers.get("connection")).not.toBe("close");
  edge.drain(true);
  await client.send(GET);
  expect((await client.response()).headers.get("connection")).toBe("close");
  await client.closed();
  const fresh = await connectTo(edge);
  await fresh.send(GET);
  expect((await fresh.response()).headers.get("connection")).toBe("close");
  edge.drain(false);
  const after = await connectTo(edge);
  await after.send(GET);
  expect((await after.response()).headers.get("connection")).not.toBe("close");
});

test("a drain closes idle connections that had a request, and not one with a request in flight", async () => {
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const edge = await edgeFor(async (request) => {
    if (request.rawTarget === "/slow") await gate;
    return text(200, "ok");
  });
  const [idle, busy, silent] = [await connectTo(edge), await connectTo(edge), await connectTo(edge)];
  await idle.send(GET);
  await idle.response();
  await busy.send("PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx");
  await until(() => edge.inFlight === 1);
  expect([edge.uploads, edge.oldestMs === undefined]).toEqual([1, false]);
  const began = performance.now();
  edge.drain(true);
  expect((await idle.closed()).length).toBe(0);
  // A client that uses its connection now and then gets the header with an answer instead.
  expect(performance.now() - began).toBeGreaterThan(DRAIN_IDLE_MS / 2);
  await silent.send(GET);
  expect((await silent.response()).status).toBe(200);
  release();
  await busy.send("y");
  expect((await busy.response()).headers.get("connection")).toBe("close");
  await until(() => edge.inFlight === 0);
  expect([edge.uploads, edge.oldestMs]).toEqual([0, undefined]);
}, 30_000);
