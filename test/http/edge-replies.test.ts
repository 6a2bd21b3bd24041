import { describe, expect, test } from "bun:test";
import { EdgeError } from "../../src/http/errors.ts";
import type { EdgeBody, EdgeReply } from "../../src/http/types.ts";
import { connectTo, edgeFor, recordingMetrics, text, until } from "./fixture.ts";

const GET = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const HEAD = "HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

async function* pieces(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

function reply(status: number, body: EdgeBody): EdgeReply {
  return {
    status,
    headers: [
      ["X-Case", "Kept"],
      ["x-meta", "\u00c3\u00a9"],
    ],
    body,
  };
}

describe("replies", () => {
  test.each<[string, EdgeBody, string]>([
    ["none", { kind: "none" }, ""],
    ["bytes", { kind: "bytes", bytes: Buffer.from("hello") }, "hello"],
    ["shared bytes", { kind: "bytes", bytes: new Uint8Array(new SharedArrayBuffer(3)).fill(65) }, "AAA"],
    ["empty bytes", { kind: "bytes", bytes: new Uint8Array(0) }, ""],
    ["an empty stream", { kind: "stream", length: 0, chunks: pieces() }, ""],
  ])("%s: exact Content-Length, header case and order", async (_name, body, expected) => {
    const edge = await edgeFor(async () => reply(200, body));
    const client = await connectTo(edge);
    await client.send(GET);
    const response = await client.response();
    expect(response.body.toString()).toBe(expected);
    expect(response.headers.get("content-length")).toBe(String(expected.length));
    expect(response.head).toMatch(
      /^HTTP\/1\.1 200 OK\r\nX-Case: Kept\r\nx-meta: \u00c3\u00a9\r\nContent-Length: \d+\r\n/,
    );
  });

  test("a stream with its length, empty pieces skipped; then the next request", async () => {
    const edge = await edgeFor(async () =>
      reply(206, { kind: "stream", length: 6, chunks: pieces("abc", "", "def") }),
    );
    const client = await connectTo(edge);
    for (let i = 0; i < 3; i++) {
      await client.send(GET);
      const response = await client.response();
      expect([response.status, response.body.toString(), response.headers.get("content-length")]).toEqual([
        206,
        "abcdef",
        "6",
      ]);
    }
  });

  test("an unsized stream is chunked", async () => {
    const edge = await edgeFor(async () =>
      reply(200, { kind: "unsized", chunks: pieces(" ", " ", "<done/>") }),
    );
    const client = await connectTo(edge);
    await client.send(GET);
    const response = await client.response();
    expect(response.headers.get("transfer-encoding")).toBe("chunked");
    expect(response.body.toString()).toBe("  <done/>");
    await client.send(GET);
    expect((await client.response()).status).toBe(200);
  });

  test("HEAD, 304 and 204 announce and send nothing", async () => {
    const replies = [
      reply(200, { kind: "head", length: 12345 }),
      reply(404, { kind: "bytes", bytes: Buffer.from("<Error/>") }),
      reply(200, { kind: "stream", length: 3, chunks: pieces("abc") }),
      reply(304, { kind: "none" }),
      reply(204, { kind: "none" }),
    ];
    const edge = await edgeFor(async () => replies.shift() ?? text(200, "still here"));
    const client = await connectTo(edge);
    const seen: (string | number | undefined)[][] = [];
    for (const method of [HEAD, HEAD, HEAD, GET, GET]) {
      await client.send(method);
      const response = await client.response(method === HEAD);
      seen.push([response.status, response.headers.get("content-length")]);
    }
    expect(seen).toEqual([
      [200, "12345"],
      [404, "8"],
      [200, "3"],
      [304, undefined],
      [204, undefined],
    ]);
    await client.send(GET);
    expect((await client.response()).body.toString()).toBe("still here");
  });

  test.each([
    ["short", pieces("abc")],
    ["long", pieces("abcdef", "ghijklmnop")],
  ])("a %s stream cuts the connection", async (_name, chunks) => {
    const { metrics, log } = recordingMetrics();
    const errors: unknown[] = [];
    const edge = await edgeFor(async () => reply(200, { kind: "stream", length: 10, chunks }), {
      metrics,
      onError: (error) => errors.push(error),
    });
    const client = await connectTo(edge);
    await client.send(GET);
    await expect(client.response()).rejects.toThrow("connection ended");
    await until(() => log.length >= 2);
    expect(log[0]).toBe("aborted wrong-length");
    expect(errors).toHaveLength(1);
  });

  test("a producer that throws cuts the connection", async () => {
    const { metrics, log } = recordingMetrics();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("abc");
      throw new Error("disk");
    }
    const edge = await edgeFor(async () => reply(200, { kind: "stream", length: 10, chunks: broken() }), {
      metrics,
    });
    const client = await connectTo(edge);
    await client.send(GET);
    await expect(client.response()).rejects.toThrow("connection ended");
    await until(() => log.length >= 2);
    expect(log[0]).toBe("aborted producer-failed");
  });

  test("an application that throws, a bad header and a head body for GET are 500", async () => {
    const answers: (() => EdgeReply)[] = [
      () => {
        throw new Error("bug with a secret");
      },
      () => ({ status: 200, headers: [["X-Bad", "a\r\nb"]], body: { kind: "none" } }),
      () => reply(200, { kind: "head", length: 3 }),
    ];
    const errors: unknown[] = [];
    const edge = await edgeFor(async () => (answers.shift() as () => EdgeReply)(), {
      onError: (error) => errors.push(error),
    });
    for (let i = 1; i <= 3; i++) {
      const client = await connectTo(edge);
      await client.send(GET);
      const response = await client.response();
      expect(response.status).toBe(500);
      expect(response.body.toString()).toContain("<Code>InternalError</Code>");
      expect(response.body.toString()).not.toContain("secret");
      expect(errors).toHaveLength(i);
    }
  });

  test("a slow reader: flat memory, one reused buffer, every byte right", async () => {
    const total = 48;
    const piece = new Uint8Array(1024 * 1024);
    let produced = 0;
    async function* reused(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < total; i++) {
        piece.fill(i);
        produced++;
        yield piece;
      }
    }
    const edge = await edgeFor(async () =>
      reply(200, { kind: "stream", length: total * piece.length, chunks: reused() }),
    );
    const client = await connectTo(edge);
    client.pause();
    await client.send(GET);
    let before = -1;
    while (before !== produced) {
      before = produced;
      await Bun.sleep(50);
    }
    expect(produced).toBeLessThan(total / 2);
    client.resume();
    const { body } = await client.response();
    for (let i = 0; i < total; i++) {
      const part = body.subarray(i * piece.length, (i + 1) * piece.length);
      if (!part.every((byte) => byte === i)) throw new Error(`piece ${i} is wrong`);
    }
  }, 30_000);

  test("a reader that stops for good is cut off, and the producer told", async () => {
    const { metrics, log } = recordingMetrics();
    let returned = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(1024 * 1024);
      } finally {
        returned = true;
      }
    }
    const edge = await edgeFor(
      async () => reply(200, { kind: "stream", length: 2 ** 40, chunks: endless() }),
      {
        metrics,
        limits: { drainTimeoutMs: 60 },
      },
    );
    const client = await connectTo(edge);
    client.pause();
    await client.send(GET);
    await until(() => returned);
    await until(() => log.length >= 2);
    expect(log[0]).toBe("aborted drain-timeout");
    await until(() => edge.connections === 0);
  });

  test("a client that goes away ends the producer and fires the signal", async () => {
    const { metrics, log } = recordingMetrics();
    let returned = false;
    let aborted = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(64 * 1024);
      } finally {
        returned = true;
      }
    }
    const edge = await edgeFor(
      async (request) => {
        request.signal.addEventListener("abort", () => {
          aborted = true;
        });
        return reply(200, { kind: "stream", length: 2 ** 40, chunks: endless() });
      },
      { metrics },
    );
    const client = await connectTo(edge);
    await client.send(GET);
    await until(() => client.pending > 100_000);
    client.pause();
    client.destroy();
    await until(() => returned && aborted);
    await until(() => log.length >= 2);
    expect(log[0]).toBe("aborted client-gone");
    expect(log[1]).toMatch(/^ended 499 in=0 out=[1-9]/);
    expect(edge.inFlight).toBe(0);
  });

  test("the signal of a request whose client is already gone is aborted", async () => {
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let aborted: boolean | undefined;
    const edge = await edgeFor(async (request) => {
      await gate;
      aborted = request.signal.aborted;
      return text(200, "ok");
    });
    const client = await connectTo(edge);
    await client.send(GET);
    await until(() => edge.inFlight === 1);
    client.destroy();
    await until(() => edge.connections === 0);
    release();
    await until(() => aborted !== undefined);
    expect(aborted).toBe(true);
  });
});

describe("life of the edge", () => {
  test("a busy port is an error that names it", async () => {
    const edge = await edgeFor(async () => text(200, "ok"));
    const again = edgeFor(async () => text(200, "ok"), { port: edge.port });
    await expect(again).rejects.toBeInstanceOf(EdgeError);
    await expect(again).rejects.toThrow(`127.0.0.1:${edge.port}`);
    await expect(edgeFor(async () => text(200, "ok"), { host: "192.0.2.1" })).rejects.toThrow("192.0.2.1:0");
  });

  test("close lets requests in flight end, closes idle connections, refuses new ones", async () => {
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const edge = await edgeFor(async () => {
      await gate;
      return text(200, "finished");
    });
    const busy = await connectTo(edge);
    const idle = await connectTo(edge);
    await busy.send(GET);
    await until(() => edge.inFlight === 1 && edge.connections === 2);
    const closing = edge.close(60_000);
    await idle.closed();
    await expect(connectTo(edge)).rejects.toThrow();
    release();
    const response = await busy.response();
    expect([response.body.toString(), response.headers.get("connection")]).toEqual(["finished", "close"]);
    await closing;
    expect([edge.inFlight, edge.connections]).toEqual([0, 0]);
  }, 30_000);

  test("a request that meets the close on its way is answered, and its connection closed after that", async () => {
    const edge = await edgeFor(async () => text(200, "late"));
    const client = await connectTo(edge);
    await client.send(GET);
    await client.response();
    const closing = edge.close(60_000);
    await client.send(GET);
    const response = await client.response();
    expect([response.body.toString(), response.headers.get("connection")]).toEqual(["late", "close"]);
    await closing;
    expect(edge.connections).toBe(0);
  });

  test("close cuts what outlasts its grace", async () => {
    const edge = await edgeFor(() => new Promise<EdgeReply>(() => {}));
    const client = await connectTo(edge);
    await client.send(GET);
    await until(() => edge.inFlight === 1);
    await edge.close(20);
    expect((await client.closed()).length).toBe(0);
  });

  test("a head that never ends is cut off", async () => {
    const { metrics, log } = recordingMetrics();
    const edge = await edgeFor(async () => text(200, "ok"), { metrics, limits: { headersTimeoutMs: 80 } });
    const client = await connectTo(edge);
    await client.send("GET / HTTP/1.1\r\nHost:");
    expect((await client.closed()).length).toBe(0);
    expect(log).toContain("parse timeout");
  });
});
