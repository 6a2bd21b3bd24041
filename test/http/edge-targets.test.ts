/** Forms of the request target, and methods that no S3 request has (RFC 9112 section 3.2, RFC 9110 section 9). */
import { describe, expect, test } from "bun:test";
import { LINGER_LIMITS } from "../../src/http/linger.ts";
import { targetAuthority } from "../../src/http/request-target.ts";
import type { EdgeApplication } from "../../src/http/types.ts";
import { connectTo, edgeFor, OVER_TLS, readAll, text, until } from "./fixture.ts";

const HOST = "Host: other.example\r\n";
const echo: EdgeApplication = async (request) => {
  await readAll(request);
  return text(200, `${request.method} ${request.rawTarget} ${request.header("host")}`);
};

describe("absolute form", () => {
  test.each([
    ["http://s3.example:9000/b/k?x=%20", "s3.example:9000"],
    ["https://s3.example/b/../k", "s3.example"],
    ["HTTP://B.S3.Example", "B.S3.Example"],
    ["https://s3.example?list-type=2", "s3.example"],
    ["http://[2001:db8::1]:9000/b", "[2001:db8::1]:9000"],
  ])("%s: its host replaces Host, and the target stays as it was sent", async (target, host) => {
    const client = await connectTo(await edgeFor(echo));
    await client.send(`GET ${target} HTTP/1.1\r\nX-A: 1\r\n${HOST}\r\n`);
    expect((await client.response()).body.toString()).toBe(`GET ${target} ${host}`);
    // The connection goes on with another form and another host.
    await client.send(`GET /next HTTP/1.1\r\n${HOST}\r\n`);
    expect((await client.response()).body.toString()).toBe("GET /next other.example");
  });

  test("HTTP/1.0 needs no Host beside it, HTTP/1.1 does", async () => {
    const edge = await edgeFor(echo);
    const old = await connectTo(edge);
    await old.send("GET http://s3.example/b HTTP/1.0\r\n\r\n");
    expect((await old.response()).body.toString()).toBe("GET http://s3.example/b s3.example");
    const client = await connectTo(edge);
    await client.send("GET http://s3.example/b HTTP/1.1\r\n\r\n");
    expect((await client.response()).status).toBe(400);
  });

  test.each(["http:///b/k", "http://user@s3.example/b", "http://s3.example:port/b", "https://a:b:c/"])(
    "%s has no authority that HTTP knows: 400 InvalidURI",
    async (target) => {
      const client = await connectTo(await edgeFor(echo));
      await client.send(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`);
      const response = await client.response();
      expect(response.status).toBe(400);
      expect(response.body.toString()).toContain("<Code>InvalidURI</Code>");
    },
  );

  test("other forms have no authority here", () => {
    for (const target of ["/http://a/b", "*", "h:80", "ftp://h/", ""])
      expect(targetAuthority(target)).toBeUndefined();
  });
});

describe("requests that are none of S3's", () => {
  const body = "Content-Length: 0\r\n";
  test.each([
    ["CONNECT s3.example:443", 405, "MethodNotAllowed"],
    ["CONNECT /", 405, "MethodNotAllowed"],
    ["OPTIONS *", 405, "MethodNotAllowed"],
    ["GET *", 400, "InvalidURI"],
    ["GET s3.example:80", 400, "InvalidURI"],
    ["GET b/k", 400, "InvalidURI"],
    ["PUT ftp://s3.example/b", 400, "InvalidURI"],
    ["BREW /pot", 501, "NotImplemented"],
    ["get /", 400, "BadRequest"],
    ["GET /\u00e9", 400, "BadRequest"],
  ])("%s is %d %s in S3's XML, and the connection ends", async (line, status, code) => {
    const edge = await edgeFor(echo);
    const client = await connectTo(edge);
    await client.send(`${line} HTTP/1.1\r\n${HOST}${body}\r\n`);
    const response = await client.response();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/xml");
    expect(response.headers.get("x-amz-request-id")).toMatch(/^[0-9A-F]{16}$/);
    expect(response.headers.get("allow")).toBe(status === 405 ? "GET, HEAD, PUT, POST, DELETE" : undefined);
    expect(response.body.toString()).toContain(`<Code>${code}</Code>`);
    expect((await client.closed()).length).toBe(0);
    await until(() => edge.connections === 0);
  });

  // Over TLS the request line is refused in its turn, with an answer.
  test.skipIf(OVER_TLS).each([
    ["CONNECT s3.example:443", 3],
    ["OPTIONS *", 3],
    ["BREW /pot", 3],
  ])("%s behind others does not take their answers", async (line) => {
    const edge = await edgeFor(async (request) => {
      await Bun.sleep(20);
      return echo(request);
    });
    const client = await connectTo(edge);
    await client.send(`GET /one HTTP/1.1\r\n${HOST}\r\n`);
    await until(() => edge.inFlight === 1);
    await client.send(`${line} HTTP/1.1\r\n${HOST}\r\n`);
    expect((await client.response()).body.toString()).toBe("GET /one other.example");
    expect((await client.closed()).length).toBe(0);
    await until(() => edge.connections === 0);
  });

  test("a request that waits when CONNECT comes is not begun, and the connection ends", async () => {
    const begun: string[] = [];
    const edge = await edgeFor(async (request) => {
      begun.push(request.rawTarget);
      await Bun.sleep(20);
      return echo(request);
    });
    const client = await connectTo(edge);
    const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`;
    await client.send(`${get("/one")}${get("/two")}CONNECT h:1 HTTP/1.1\r\n${HOST}\r\n`);
    expect((await client.response()).body.toString()).toBe("GET /one other.example");
    expect((await client.closed()).length).toBe(0);
    await until(() => edge.connections === 0);
    expect(begun).toEqual(["/one"]);
  });

  test.each(["GARBAGE\r\n\r\n", `CONNECT h:1 HTTP/1.1\r\n${HOST}\r\n`])(
    "a client that does not close after %j is closed",
    async (bytes) => {
      const edge = await edgeFor(echo, { linger: { ...LINGER_LIMITS, totalMs: 40 } });
      const client = await connectTo(edge);
      client.pause();
      await client.send(bytes);
      await until(() => edge.connections === 1);
      await until(() => edge.connections === 0);
    },
  );
});
