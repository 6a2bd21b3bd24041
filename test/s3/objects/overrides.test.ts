/** `response-*` over a real socket: which bytes leave, and which never do. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { startEdge } from "../../../src/http/edge.ts";
import type { Edge } from "../../../src/http/options.ts";
import { createS3Application } from "../../../src/s3/app.ts";
import { harness, OWNER_ID } from "../support/harness.ts";

const h = harness();
let edge: Edge;

beforeAll(async () => {
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "hello" });
  const principal = { kind: "user", id: OWNER_ID, accessKey: "AKTEST" } as const;
  const authenticator = {
    authenticateForm: h.deps.authenticator.authenticateForm,
    authenticate: () => ({ principal, payload: { kind: "unsigned" }, method: "presigned" }) as const,
    confirm: () => {},
  };
  const application = createS3Application({ ...h.deps, authenticator });
  edge = await startEdge({ host: "127.0.0.1", port: 0, application });
});

afterAll(() => edge.close(0));

/** The answer as it came, one character a byte. */
function raw(method: string, query: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const pieces: Buffer[] = [];
  const socket = connect(edge.port, "127.0.0.1", () => {
    socket.write(`${method} /bucket/key?${query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
  socket.on("data", (piece) => void pieces.push(Buffer.from(piece)));
  socket.on("error", reject);
  socket.on("close", () => resolve(Buffer.concat(pieces).toString("latin1")));
  return promise;
}

const NAMES = [
  ["response-content-type", "Content-Type"],
  ["response-content-language", "Content-Language"],
  ["response-expires", "Expires"],
  ["response-cache-control", "Cache-Control"],
  ["response-content-disposition", "Content-Disposition"],
  ["response-content-encoding", "Content-Encoding"],
] as const;

test.each(NAMES)("%s: what Latin-1 holds is sent in Latin-1", async (parameter, header) => {
  const value = 'attachment; filename="\u00c9t\u00e9 \u00a3\u00ff.txt"';
  for (const method of ["GET", "HEAD"]) {
    const answer = await raw(method, `${parameter}=${encodeURIComponent(value)}`);
    expect(answer.split("\r\n")[0]).toBe("HTTP/1.1 200 OK");
    // One byte each: E9 for é, and not the C3 A9 of UTF-8.
    expect(answer.split("\r\n")).toContain(`${header}: ${value}`);
    expect(answer.match(new RegExp(`^${header}:`, "gm"))).toHaveLength(1);
  }
});

test.each(NAMES)("%s: what it cannot hold is refused in S3's words", async (parameter) => {
  for (const value of ["\u5009.carto", "D\u2019Arcy.jpg", "\u0100", "\u{1f600}", "ok\u20ac"]) {
    const answer = await h.call("GET", `/bucket/key?${parameter}=${encodeURIComponent(value)}`);
    expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([
      400,
      "InvalidArgument",
      "Header value cannot be represented using ISO-8859-1.",
    ]);
    expect([answer.tag("ArgumentName"), answer.tag("ArgumentValue")]).toEqual([parameter, value]);
  }
  expect(await raw("GET", `${parameter}=%E5%80%89`)).toStartWith("HTTP/1.1 400 ");
  expect(await raw("HEAD", `${parameter}=%E5%80%89`)).toStartWith("HTTP/1.1 400 ");
});

test.each(NAMES)("%s: no control character gets into the head", async (parameter) => {
  for (const bad of [
    "%0D%0AX-Injected:%20yes",
    "%0AX-Injected:%20yes",
    "%0D",
    "a%00b",
    "%1F",
    "%7F",
    "%08",
  ]) {
    const answer = await raw("GET", `${parameter}=a${bad}`);
    expect(answer).toStartWith("HTTP/1.1 400 ");
    expect(answer).toContain("<Code>InvalidArgument</Code>");
    const head = answer.slice(0, answer.indexOf("\r\n\r\n"));
    expect(head).not.toContain("njected");
  }
  // U+010A and U+010D end in the bytes of LF and CR: they must not be cut down to them.
  expect(await raw("GET", `${parameter}=a%C4%8D%C4%8AX-Injected:%20yes`)).toStartWith("HTTP/1.1 400 ");
});

test("a tab and the C1 range are text of a header", async () => {
  const answer = await raw("GET", "response-content-disposition=a%09b%C2%85");
  expect(answer).toContain("Content-Disposition: a\tb\u0085\r\n");
});
