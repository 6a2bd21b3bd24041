/** One line a request, found by its id; nothing that a client sends forges a line or gives a signature away. */
import { afterEach, describe, expect, test } from "bun:test";
import { startEdge } from "../../src/http/edge.ts";
import type { Edge } from "../../src/http/options.ts";
import type { EdgeApplication, EdgeReply } from "../../src/http/types.ts";
import { type AccessLogMode, accessLog } from "../../src/node/access-log.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemTimers } from "../../src/platform/timers.ts";
import { RawClient } from "../http/raw-client.ts";

const HOST = "Host: s3.example\r\n";
const opened: Edge[] = [];
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(opened.splice(0).map((edge) => edge.close(0)));
});

const bytes = (status: number, text: string, facts: EdgeReply["facts"] = {}): EdgeReply => ({
  status,
  headers: [],
  body: { kind: "bytes", bytes: Buffer.from(text) },
  facts,
});

async function serve(mode: AccessLogMode, application: EdgeApplication) {
  let text = "";
  const log = accessLog({
    mode,
    format: "json",
    clock: systemClock,
    timers: systemTimers,
    onDropped: () => {},
    write: (lines, done) => {
      text += lines;
      done(null);
    },
    writeNow: (lines) => {
      text += lines;
    },
  });
  const { onEnded, onRefused } = log;
  const edge = await startEdge({
    host: "127.0.0.1",
    port: 0,
    application,
    ...(onEnded === undefined ? {} : { onEnded }),
    ...(onRefused === undefined ? {} : { onRefused }),
  });
  opened.push(edge);
  const client = await RawClient.open(edge.port);
  clients.push(client);
  const lines = (): Record<string, unknown>[] => {
    log.close();
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  };
  return { edge, client, lines, text: () => text };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(2);
}

describe("modes", () => {
  const application: EdgeApplication = async ({ rawTarget }) =>
    rawTarget === "/late"
      ? bytes(200, "<Error/>", { errorCode: "InternalError" })
      : bytes(Number(rawTarget.slice(1)), "x", rawTarget === "/404" ? { errorCode: "NoSuchKey" } : {});
  const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`;

  test.each([
    ["off", []],
    ["errors", [404, 503, 200]],
    ["all", [200, 304, 404, 503, 200]],
  ] as const)("%s", async (mode, statuses) => {
    const { client, lines } = await serve(mode, application);
    for (const target of ["/200", "/304", "/404", "/503", "/late"]) {
      await client.send(get(target));
      await client.response();
    }
    expect(lines().map(({ status }) => status)).toEqual([...statuses]);
  });

  test("an answer that the parser or CONNECT got has its line and its id", async () => {
    for (const head of ["GARBAGE\r\n\r\n", `CONNECT h:1 HTTP/1.1\r\n${HOST}\r\n`]) {
      const { client, lines } = await serve("errors", application);
      await client.send(head);
      const response = await client.response();
      expect(lines()).toMatchObject([
        { requestId: response.headers.get("x-amz-request-id"), status: response.status, remote: "127.0.0.1" },
      ]);
    }
  });

  test("a client that leaves before its answer, or in the middle of it, has a line", async () => {
    let begun = 0;
    const { client, edge, lines } = await serve("errors", async () => {
      begun++;
      const chunks = (async function* () {
        for (;;) {
          await Bun.sleep(1);
          yield new Uint8Array(65_536);
        }
      })();
      return { status: 200, headers: [], body: { kind: "unsized", chunks } };
    });
    await client.send(get("/stream"));
    await until(() => begun === 1 && client.pending > 0);
    client.destroy();
    await until(() => edge.inFlight === 0);
    expect(lines()).toMatchObject([{ status: 499, aborted: "client-gone" }]);
  });
});

describe("what a line says", () => {
  test("who asked for what, how it ended, how much and how long", async () => {
    const { client, lines } = await serve("all", async (request) => {
      while ((await request.body.read()) !== undefined);
      return bytes(200, "stored", { operation: "PutObject", bucket: "b", key: "a key", accessKey: "AKIA" });
    });
    await client.send(
      `PUT /b/a%20key?x-id=PutObject HTTP/1.1\r\n${HOST}User-Agent: tool/1.0 (x)\r\nReferer: https://page.example/?token=1\r\nContent-Length: 5\r\n\r\nhello`,
    );
    await client.response();
    const [line] = lines();
    expect(line).toMatchObject({
      ...{ level: "info", msg: "request", remote: "127.0.0.1", method: "PUT", bucket: "b", key: "a key" },
      ...{ query: "x-id=PutObject", operation: "PutObject", status: 200, in: 5, out: 6, accessKey: "AKIA" },
      ...{ host: "s3.example", agent: "tool/1.0 (x)", referer: "https://page.example/" },
    });
    expect(line?.["requestId"]).toMatch(/^[0-9A-F]{16}$/);
    expect(Number(line?.["ms"])).toBeGreaterThanOrEqual(Number(line?.["firstByteMs"]));
    expect(Number(line?.["firstByteMs"])).toBeGreaterThan(0);
  });

  test("signatures, credentials and tokens are left out, however their names are spelled", async () => {
    const { client, lines, text } = await serve("all", async () => bytes(403, "no"));
    const secrets = [
      ["X-Amz-Signature", "c0ffee01"],
      ["x-amz-credential", "c0ffee02"],
      ["X-Amz-Security-Token", "c0ffee03"],
      ["X%2DAmz-Signature", "c0ffee04"],
      ["X-Amz-S3session-Token", "c0ffee05"],
      ["Signature", "c0ffee06"],
      ["AWSAccessKeyId", "c0ffee07"],
    ];
    const query = secrets.map(([name, value]) => `${name}=${value}`).join("&");
    await client.send(
      `GET /b/k?versionId=null&${query}&X-Amz-Expires=60 HTTP/1.1\r\n${HOST}Authorization: AWS4 c0ffee08\r\nx-amz-security-token: c0ffee09\r\nReferer: http://h/?X-Amz-Signature=c0ffee10\r\n\r\n`,
    );
    await client.response();
    const [line] = lines();
    expect(text()).not.toContain("c0ffee");
    expect(line?.["query"]).toStartWith("versionId=null&X-Amz-Signature=REDACTED&");
    expect(line?.["query"]).toEndWith("&X-Amz-Expires=60");
  });

  test("nothing forges a line, and every field has an end", async () => {
    const key = `a\nrequest status=200 \u0085\u2028\u007f${"k".repeat(5_000)}`;
    const { client, lines, text } = await serve("all", async () => bytes(404, "no", { bucket: "b", key }));
    const long = "\xe9".repeat(3_000);
    await client.send(
      `GET /b/k?${"q".repeat(9_000)} HTTP/1.1\r\n${HOST}User-Agent: ${long}\r\nReferer: ${long}\r\n\r\n`,
    );
    await client.response();
    expect(lines()).toHaveLength(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must not be there
    expect(text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/);
    expect(text().length).toBeLessThan(4_096);
    expect(lines()[0]?.["key"]).toStartWith("a\nrequest");
  });
});
