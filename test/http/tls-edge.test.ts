/** All tests of the edge once more, over TLS; and what TLS alone has. */
import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { startEdge } from "../../src/http/edge.ts";
import type { Edge, EdgeOptions } from "../../src/http/options.ts";
import { startSmallServer } from "../../src/http/small-server.ts";
import { Certificates } from "../../src/http/tls-certificates.ts";
import { selfSigned } from "../platform/support/certificates.ts";
import { recordingMetrics, text, until } from "./fixture.ts";

test("every test of the edge passes over TLS", async () => {
  const files = readdirSync(import.meta.dir).filter((name) => /^edge-.*\.test\.ts$/.test(name));
  expect(files.length).toBeGreaterThan(5);
  const child = Bun.spawn(
    [process.execPath, "test", "--timeout", "30000", ...files.map((name) => join(import.meta.dir, name))],
    {
      env: { ...process.env, ELASTICKV_TEST_EDGE_TLS: "true" },
      stdout: "ignore",
      stderr: "pipe",
    },
  );
  const said = await new Response(child.stderr).text();
  expect([await child.exited, said.split("\n").filter((line) => line.startsWith("(fail)"))]).toEqual([0, []]);
}, 120_000);

const opened: Edge[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((edge) => edge.close(0)));
});

const FIRST = selfSigned("first.example");
const SECOND = selfSigned("s3.example", "*.s3.example");
const THIRD = selfSigned("third.example", "exact.s3.example");

async function edgeWith(certificates: Certificates, more: Partial<EdgeOptions> = {}): Promise<Edge> {
  const application = async () => text(200, "ok");
  const edge = await startEdge({ host: "127.0.0.1", port: 0, application, certificates, ...more });
  opened.push(edge);
  return edge;
}

function secure(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    socket.on("error", reject);
  });
}

test("a request says which TLS it came over", async () => {
  const certificates = new Certificates([FIRST]);
  const seen: (string | undefined)[] = [];
  const edge = await edgeWith(certificates, {
    application: async ({ tlsVersion }) => {
      seen.push(tlsVersion);
      return text(200, "ok");
    },
  });
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const socket = await secure(edge.port, { minVersion: version, maxVersion: version });
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await new Promise((resolve) => socket.resume().on("close", resolve));
  }
  expect(seen).toEqual(["1.2", "1.3"]);
});

async function nameAt(port: number, servername?: string): Promise<string | undefined> {
  const socket = await secure(port, servername === undefined ? {} : { servername });
  const subject = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return String(subject);
}

/** Sends text in the clear; what is answered until the end. */
function plain(port: number, head: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connectPlain(port, "127.0.0.1", () => socket.write(head));
    socket.on("data", (data) => {
      answer += String(data);
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

describe("certificates", () => {
  test("are chosen by name: exact before wildcard, one label for the star, the first by default", async () => {
    const { port } = await edgeWith(new Certificates([FIRST, SECOND, THIRD]));
    expect(await nameAt(port)).toBe("first.example");
    expect(await nameAt(port, "unknown.example")).toBe("first.example");
    expect(await nameAt(port, "s3.example")).toBe("s3.example");
    expect(await nameAt(port, "photos.s3.example")).toBe("s3.example");
    expect(await nameAt(port, "PHOTOS.S3.example")).toBe("s3.example");
    expect(await nameAt(port, "exact.s3.example")).toBe("third.example");
    expect(await nameAt(port, "a.photos.s3.example")).toBe("first.example");
  });

  test("are replaced for new connections, while an open one goes on", async () => {
    const certificates = new Certificates([FIRST]);
    const { port } = await edgeWith(certificates);
    const open = await secure(port);
    let answers = 0;
    open.on("data", (data) => {
      answers += String(data).split("HTTP/1.1 200 OK").length - 1;
    });
    open.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => answers === 1);
    certificates.replace([THIRD]);
    expect(await nameAt(port)).toBe("third.example");
    open.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => answers === 2);
    open.destroy();
    expect(() => certificates.replace([{ ...FIRST, cert: "nonsense" }])).toThrow();
    expect(await nameAt(port)).toBe("third.example");
  });

  test.each([
    ["TLSv1.3", "TLSv1.3"],
    ["TLSv1.2", "TLSv1.2"],
  ] as const)("%s is spoken", async (version, expected) => {
    const { port } = await edgeWith(new Certificates([FIRST]));
    const socket = await secure(port, { minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(expected);
    socket.destroy();
  });

  test("TLS 1.1 and earlier are refused, and so is a client that wants only HTTP/2", async () => {
    const { metrics, log } = recordingMetrics();
    const edge = await edgeWith(new Certificates([FIRST]), { metrics });
    for (const maxVersion of ["TLSv1.1", "TLSv1"] as const) {
      await expect(secure(edge.port, { minVersion: "TLSv1", maxVersion })).rejects.toThrow();
    }
    await expect(secure(edge.port, { ALPNProtocols: ["h2"] })).rejects.toThrow();
    const both = await secure(edge.port, { ALPNProtocols: ["h2", "http/1.1"] });
    expect(both.alpnProtocol).toBe("http/1.1");
    both.destroy();
    await until(() => edge.connections === 0);
    expect(log.filter((line) => line === "parse malformed").length).toBeGreaterThan(0);
  });
});

describe("HTTP in clear text on a TLS port", () => {
  test("is told so, also with a body behind it, and the connection ends", async () => {
    const refused: number[] = [];
    const edge = await edgeWith(new Certificates([FIRST]), {
      onRefused: ({ status }) => refused.push(status),
    });
    for (const head of [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      `PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n${"x".repeat(300_000)}`,
    ]) {
      const answer = await plain(edge.port, head);
      expect(answer).toStartWith("HTTP/1.1 400 Bad Request\r\n");
      expect(answer).toContain("This port speaks TLS: use https:// instead of http://.");
    }
    expect(refused).toEqual([400, 400]);
    await until(() => edge.connections === 0);
  });

  test("anything else is closed without a word", async () => {
    const { port } = await edgeWith(new Certificates([FIRST]));
    expect(await plain(port, "\u0000\u0001\u0002")).toBe("");
  });

  test("on the admin address too", async () => {
    const server = await startSmallServer({
      listen: { host: "127.0.0.1", port: 0 },
      certificates: new Certificates([FIRST]),
      handle: async (request) => Response.json({ ends: request.ends.kind, text: await request.text() }),
      maxBodyBytes: 1024,
      limits: { maxConnections: 10, maxIdlePerAddress: 10 },
      onError: () => {},
    });
    expect(await plain(server.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toContain("use https://");
    const url = `https://127.0.0.1:${server.port}/`;
    const tls = { rejectUnauthorized: false };
    const answer = await fetch(url, { method: "POST", body: "hello", tls });
    expect(await answer.json()).toEqual({ ends: "tcp", text: "hello" });
    await server.close();
    await expect(fetch(url, { tls })).rejects.toThrow();
  });
});

describe("a client that does nothing", () => {
  test.each([
    ["before its handshake", ""],
    ["within its handshake", "\u0016\u0003\u0001"],
  ])("%s is closed after the time for a head", async (_, begin) => {
    const { metrics, log } = recordingMetrics();
    const edge = await edgeWith(new Certificates([FIRST]), { metrics, limits: { headersTimeoutMs: 100 } });
    expect(await plain(edge.port, begin)).toBe("");
    await until(() => edge.connections === 0);
    expect(log).toContain("parse timeout");
  });

  test("after its handshake, within a head, and between requests too", async () => {
    const limits = { headersTimeoutMs: 100, keepAliveTimeoutMs: 100 };
    const edge = await edgeWith(new Certificates([FIRST]), { limits });
    for (const head of [
      "",
      "GET / HT",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / ",
    ]) {
      const socket = await secure(edge.port);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.resume();
      if (head !== "") socket.write(head);
      await closed;
    }
    await until(() => edge.connections === 0);
  });

  test("a request that takes longer than both is not cut", async () => {
    const limits = { headersTimeoutMs: 60, keepAliveTimeoutMs: 60 };
    const application = async () => {
      await Bun.sleep(300);
      return text(200, "slow");
    };
    const edge = await edgeWith(new Certificates([FIRST]), { limits, application });
    const answer = await fetch(`https://127.0.0.1:${edge.port}/`, { tls: { rejectUnauthorized: false } });
    expect(await answer.text()).toBe("slow");
  });
});
