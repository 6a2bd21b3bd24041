/** Pipelined requests take turns (RFC 9112 section 9.3.2). */
import { describe, expect, test } from "bun:test";
import type { EdgeApplication, EdgeRequest } from "../../src/http/types.ts";
import { connectTo, edgeFor, readAll, recordingMetrics, text, until } from "./fixture.ts";

const HOST = "Host: 127.0.0.1\r\n";
const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`;
const put = (target: string, body: string): string =>
  `PUT ${target} HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`;
const remove = (target: string): string => `DELETE ${target} HTTP/1.1\r\n${HOST}\r\n`;

/** A store that needs longer for more bytes, so that requests that overlap end in the wrong order. */
function store(): { readonly application: EdgeApplication; readonly content: Map<string, string> } {
  const content = new Map<string, string>();
  const application = async (request: EdgeRequest) => {
    const { method, rawTarget } = request;
    if (method === "PUT") {
      const body = (await readAll(request)).toString();
      await Bun.sleep(body.length > 1000 ? 30 : 0);
      content.set(rawTarget, body);
      return text(200, "stored");
    }
    if (method === "DELETE") {
      content.delete(rawTarget);
      return text(200, "deleted");
    }
    const found = content.get(rawTarget);
    return found === undefined ? text(404, "none") : text(200, found);
  };
  return { application, content };
}

function gate(): { readonly wait: Promise<void>; open(): void } {
  let open = (): void => {};
  const wait = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait, open };
}

describe("pipelined requests", () => {
  const large = "x".repeat(300_000);

  test("a large PUT and a small one of the same key: the second content stays", async () => {
    const { application, content } = store();
    const client = await connectTo(await edgeFor(application));
    await client.send(put("/k", large) + put("/k", "y"));
    expect((await client.response()).status).toBe(200);
    expect((await client.response()).status).toBe(200);
    expect(content.get("/k")).toBe("y");
  });

  test("PUT and DELETE: nothing is left; PUT and GET: the GET finds it", async () => {
    const { application, content } = store();
    const client = await connectTo(await edgeFor(application));
    await client.send(put("/gone", large) + remove("/gone") + put("/new", large) + get("/new"));
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await client.response());
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(answers[3]?.body.length).toBe(large.length);
    expect([...content.keys()]).toEqual(["/new"]);
  });

  test("a request waits for the one before it, a waiting body included; two connections do not wait for each other", async () => {
    const first = gate();
    const begun: string[] = [];
    const edge = await edgeFor(async (request) => {
      begun.push(request.rawTarget);
      if (request.rawTarget === "/first") await first.wait;
      return text(200, String((await readAll(request)).length));
    });
    const client = await connectTo(edge);
    const body = "b".repeat(3_000_000);
    const sending = client.send(get("/first") + put("/second", body) + get("/third"));
    await until(() => begun.length === 1);
    const other = await connectTo(edge);
    await other.send(get("/other"));
    expect((await other.response()).status).toBe(200);
    await Bun.sleep(50);
    expect(begun).toEqual(["/first", "/other"]);
    first.open();
    await sending;
    expect((await client.response()).body.toString()).toBe("0");
    expect((await client.response()).body.toString()).toBe(String(body.length));
    expect((await client.response()).body.toString()).toBe("0");
    expect(begun).toEqual(["/first", "/other", "/second", "/third"]);
  });

  test("two slow GETs come in order", async () => {
    const edge = await edgeFor(async ({ rawTarget }) => {
      await Bun.sleep(rawTarget === "/a" ? 20 : 0);
      return text(200, rawTarget);
    });
    const client = await connectTo(edge);
    await client.send(get("/a") + get("/b"));
    expect((await client.response()).body.toString()).toBe("/a");
    expect((await client.response()).body.toString()).toBe("/b");
  });

  test("Expect in the middle: 100 comes after the answer before it", async () => {
    const { application, content } = store();
    const client = await connectTo(await edgeFor(application));
    await client.send(
      `${put("/one", large)}PUT /two HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    );
    expect((await client.response()).status).toBe(200);
    expect((await client.response()).status).toBe(100);
    await client.send(`hello${get("/two")}`);
    expect((await client.response()).status).toBe(200);
    expect((await client.response()).body.toString()).toBe("hello");
    expect(content.size).toBe(2);
  });

  test.each([
    ["the answer says close", put("/k", large), true],
    [
      "the client says close",
      `PUT /k HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 1\r\n\r\nx`,
      false,
    ],
  ])("%s: what follows is not begun", async (_name, first, closes) => {
    const begun: string[] = [];
    const edge = await edgeFor(async (request) => {
      begun.push(request.method);
      await readAll(request);
      await Bun.sleep(20);
      return { ...text(200, "x"), close: closes };
    });
    const client = await connectTo(edge);
    await client.send(first + remove("/k"));
    expect((await client.response()).headers.get("connection")).toBe("close");
    expect((await client.closed()).length).toBe(0);
    expect(begun).toEqual(["PUT"]);
  });

  test("a client that leaves takes its waiting requests with it", async () => {
    const first = gate();
    const begun: string[] = [];
    const edge = await edgeFor(async ({ method }) => {
      begun.push(method);
      await first.wait;
      return text(200, "ok");
    });
    const client = await connectTo(edge);
    await client.send(get("/slow") + put("/k", "x") + remove("/k"));
    await until(() => begun.length === 1);
    client.destroy();
    await until(() => edge.connections === 0);
    first.open();
    await until(() => edge.inFlight === 0);
    await Bun.sleep(20);
    expect(begun).toEqual(["GET"]);
  });

  test("a broken body behind others fails its own request only", async () => {
    const first = gate();
    const edge = await edgeFor(async (request) => {
      if (request.rawTarget === "/first") await first.wait;
      return text(
        200,
        await readAll(request).then(
          (body) => `${body.length}`,
          (error) => error.code,
        ),
      );
    });
    const client = await connectTo(edge);
    await client.send(
      `${put("/first", "abc")}PUT /second HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    );
    await Bun.sleep(20);
    first.open();
    expect((await client.response()).body.toString()).toBe("3");
    expect((await client.response()).body.toString()).toBe("MALFORMED");
    await client.closed();
  });
});

describe("bounds of a pipeline", () => {
  test("20,000 requests with room for few: the client is held back, all are answered in order", async () => {
    const first = gate();
    const served: number[] = [];
    const edge = await edgeFor(async ({ rawTarget }) => {
      await first.wait;
      const number = Number(rawTarget.slice(1));
      served.push(number);
      return text(200, rawTarget);
    });
    const client = await connectTo(edge);
    const padding = "p".repeat(600);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 20_000; sent += 100) {
        const lines = Array.from(
          { length: 100 },
          (_, i) => `GET /${sent + i} HTTP/1.1\r\n${HOST}x: ${padding}\r\n\r\n`,
        );
        await client.send(lines.join(""));
      }
    })();
    await until(() => edge.inFlight === 1);
    let before = -1;
    while (before !== sent) {
      before = sent;
      await Bun.sleep(100);
    }
    expect(sent).toBeLessThan(20_000);
    first.open();
    await sending;
    for (let i = 0; i < 20_000; i++) expect((await client.response()).body.toString()).toBe(`/${i}`);
    expect(served).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
  });

  test.each([
    ["of one connection", { maxWaitingPerConnection: 50 }],
    ["of all connections", { maxWaiting: 50 }],
  ])(
    "more at once than may wait %s: the connection is cut, and nothing of the rest begun",
    async (_name, limits) => {
      const first = gate();
      let begun = 0;
      const { metrics, log } = recordingMetrics();
      const edge = await edgeFor(
        async () => {
          begun++;
          await first.wait;
          return text(200, "ok");
        },
        { limits, metrics },
      );
      const client = await connectTo(edge);
      await client.send(remove("/k").repeat(5_000));
      await client.closed();
      await until(() => edge.connections === 0);
      first.open();
      await until(() => edge.inFlight === 0);
      await Bun.sleep(20);
      expect(begun).toBe(1);
      expect(log.filter((line) => line === "evicted pipeline")).toHaveLength(1);
      // What waited is forgotten: the next connection has the whole room again.
      const next = await connectTo(edge);
      await next.send(remove("/k").repeat(40));
      for (let i = 0; i < 40; i++) expect((await next.response()).status).toBe(200);
    },
  );

  test("answers that nobody reads are written one at a time, and end the connection", async () => {
    const size = 16 * 1024 * 1024;
    const body = Buffer.alloc(size);
    let served = 0;
    const edge = await edgeFor(
      async () => {
        served++;
        return { status: 200, headers: [], body: { kind: "bytes", bytes: body } };
      },
      { limits: { drainTimeoutMs: 100 } },
    );
    const client = await connectTo(edge);
    client.pause();
    await client.send(get("/").repeat(100));
    await until(() => served > 0);
    await until(() => edge.connections === 0);
    expect(served).toBe(1);
  });
});
