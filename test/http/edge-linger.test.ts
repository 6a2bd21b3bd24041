/** An answer that comes before the body was read reaches a client that sends it all first (RFC 9112 section 9.6). */
import { describe, expect, test } from "bun:test";
import { startEdge } from "../../src/http/edge.ts";
import { LINGER_LIMITS } from "../../src/http/linger.ts";
import type { EdgeApplication, EdgeReply } from "../../src/http/types.ts";
import { certificates, connectTo, edgeFor, text, until } from "./fixture.ts";
import type { RawClient } from "./raw-client.ts";

const HOST = "Host: 127.0.0.1\r\n";
const MIB = 1024 * 1024;
const refuse = async (): Promise<EdgeReply> => ({ ...text(403, "denied"), close: true });

/** Writes the whole request, then reads. Returns the status, or what went wrong. */
async function writeThenRead(client: RawClient, head: string, bytes: number): Promise<number | string> {
  client.pause();
  await client.send(`${head}\r\n`);
  const piece = new Uint8Array(64 * 1024);
  for (let sent = 0; sent < bytes; sent += piece.length) await client.send(piece);
  client.resume();
  return client.response().then(
    ({ status }) => status,
    (error: Error) => error.message,
  );
}

const PUT = (bytes: number, more = ""): string =>
  `PUT /b/k HTTP/1.1\r\n${HOST}${more}Content-Length: ${bytes}\r\n`;

describe("a refusal before the body", () => {
  const midStream: EdgeApplication = async (request) => {
    await request.body.read();
    return text(503, "slow down");
  };
  test.each([
    ["4 MiB, nothing read", 4 * MIB, refuse, 403],
    ["10 MiB, nothing read", 10 * MIB, refuse, 403],
    ["10 MiB, refused in the middle", 10 * MIB, midStream, 503],
    [
      "10 MiB, refused while a read waits",
      10 * MIB,
      async (request) => {
        request.body.read().catch(() => {});
        await Bun.sleep(5);
        request.body.read().catch(() => {});
        return { ...text(400, "bad"), close: true };
      },
      400,
    ],
    ["10 MiB, the application throws", 10 * MIB, () => Promise.reject(new Error("no")), 500],
  ] satisfies [string, number, EdgeApplication, number][])(
    "%s: the client reads it 40 times of 40",
    async (_name, bytes, application, status) => {
      const edge = await edgeFor(application);
      const results: (number | string)[] = [];
      for (let i = 0; i < 40; i++) {
        const client = await connectTo(edge);
        results.push(await writeThenRead(client, PUT(bytes), bytes));
        client.destroy();
      }
      expect(results).toEqual(Array.from({ length: 40 }, () => status));
      await until(() => edge.connections === 0);
    },
  );

  test("what is thrown away is not the next request", async () => {
    const seen: string[] = [];
    const edge = await edgeFor(async (request) => {
      seen.push(request.method);
      return refuse();
    });
    const client = await connectTo(edge);
    expect(await writeThenRead(client, PUT(MIB), MIB)).toBe(403);
    await client.send(`DELETE /b/k HTTP/1.1\r\n${HOST}\r\n`);
    await client.closed();
    expect(seen).toEqual(["PUT"]);
  });

  test("a client that waits for 100 gets its answer without one", async () => {
    const edge = await edgeFor(refuse);
    const client = await connectTo(edge);
    await client.send(`${PUT(10 * MIB, "Expect: 100-continue\r\n")}\r\n`);
    const response = await client.response();
    expect([response.status, response.headers.get("connection")]).toEqual([403, "close"]);
    expect((await client.closed()).length).toBe(0);
    await until(() => edge.connections === 0);
  });

  test("a client that said it would wait, and sends all the same, reads it too", async () => {
    const edge = await edgeFor(refuse);
    const client = await connectTo(edge);
    expect(await writeThenRead(client, PUT(10 * MIB, "Expect: 100-continue\r\n"), 10 * MIB)).toBe(403);
  });

  test("a chunked body whose coding breaks, with megabytes behind it", async () => {
    const edge = await edgeFor(async (request) => {
      while ((await request.body.read()) !== undefined);
      return text(200, "?");
    });
    const client = await connectTo(edge);
    const head = `PUT /b/k HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`;
    expect(await writeThenRead(client, head, 4 * MIB)).toBe(500);
  });

  test.each([
    ["a request line that is none", "GARBAGE\r\n"],
    ["a header that is too long", `GET / HTTP/1.1\r\n${HOST}A: ${"a".repeat(100_000)}`],
  ])("%s, with megabytes behind it", async (_name, head) => {
    const edge = await edgeFor(refuse);
    const client = await connectTo(edge);
    expect(await writeThenRead(client, head, 4 * MIB)).toBe(400);
  });
});

describe("bounds of reading on", () => {
  test("bytes", async () => {
    const edge = await edgeFor(refuse, { linger: { ...LINGER_LIMITS, bytes: 4 * MIB } });
    const client = await connectTo(edge);
    client.pause();
    await client.send(`${PUT(1024 * MIB)}\r\n`);
    let sent = 0;
    for (; sent < 1024 && edge.connections > 0; sent++) await client.send(new Uint8Array(MIB));
    // What the kernels hold on both sides comes on top.
    expect(sent).toBeLessThan(64);
    await until(() => edge.connections === 0);
  });

  test.each([
    ["silence", { idleMs: 40 }],
    ["time", { totalMs: 40 }],
  ])("%s", async (_name, limits) => {
    const edge = await edgeFor(refuse, { linger: { ...LINGER_LIMITS, ...limits } });
    const client = await connectTo(edge);
    client.pause();
    await client.send(`${PUT(10 * MIB)}\r\nx`);
    // The client neither reads nor closes.
    await until(() => edge.connections === 1);
    await until(() => edge.connections === 0);
  });

  test("the number of connections: the oldest is closed", async () => {
    const edge = await edgeFor(refuse, { linger: { ...LINGER_LIMITS, idleMs: 3_600_000, connections: 3 } });
    const clients: RawClient[] = [];
    for (let i = 0; i < 5; i++) {
      const client = await connectTo(edge);
      client.pause();
      await client.send(`${PUT(10 * MIB)}\r\nx`);
      clients.push(client);
      await until(() => edge.inFlight === 0);
    }
    await until(() => edge.connections === 3);
    for (const client of clients) client.destroy();
    await until(() => edge.connections === 0);
  });

  test("a stop does not wait for them", async () => {
    const edge = await startEdge({
      host: "127.0.0.1",
      port: 0,
      application: refuse,
      certificates,
      linger: { ...LINGER_LIMITS, totalMs: 3_600_000, idleMs: 3_600_000 },
    });
    const client = await connectTo(edge);
    client.pause();
    await client.send(`${PUT(10 * MIB)}\r\nx`);
    await until(() => edge.connections === 1 && edge.inFlight === 0);
    await edge.close(3_600_000);
    expect(edge.connections).toBe(0);
  });
});
