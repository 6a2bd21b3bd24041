/** One line over TLS and one back: what ends it, each with a reason. */
import { afterEach, expect, test } from "bun:test";
import { issue, makeAuthority, makeRequest } from "../../src/pki/certificates.ts";
import { askOverTls, type TlsQuestion } from "../../src/platform/network/tls-question.ts";
import { systemRandom } from "../../src/platform/random.ts";

const authority = await makeAuthority(Date.now(), systemRandom);
const servers: { stop(closeActive?: boolean): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.stop(true);
});

type Answer = (socket: { write(text: string): unknown; end(): unknown }, question: string) => void;

async function serve(answer: Answer, madeMs = Date.now()): Promise<number> {
  const { key, request } = await makeRequest();
  const cert = await issue(authority, request, "n1", madeMs, systemRandom);
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key },
    socket: { data: (socket, bytes) => answer(socket, bytes.toString()) },
  });
  servers.push(server);
  return server.port;
}

const ask = (port: number, more: Partial<TlsQuestion> = {}) =>
  askOverTls({
    host: "127.0.0.1",
    port,
    ca: authority.certificate,
    line: "who",
    maxBytes: 100,
    timeoutMs: 10_000,
    ...more,
  });

test("a line that comes in pieces is one answer, and this end's address is known", async () => {
  const port = await serve((socket, question) => {
    socket.write(`${question.trimEnd()}:`);
    setTimeout(() => socket.write("me\nand more"), 20);
  });
  expect(await ask(port)).toEqual({ line: "who:me", localHost: "127.0.0.1" });
});

test.each([
  ["too long", (socket) => void socket.write("x".repeat(200)), {}, "the answer is too long"],
  [
    "cut",
    (socket) => {
      socket.write("half");
      socket.end();
    },
    {},
    "hung up",
  ],
  ["silent", () => {}, { timeoutMs: 50 }, "no answer in time"],
] as readonly (readonly [string, Answer, Partial<TlsQuestion>, string])[])(
  "%s",
  async (_, answer, more, message) => {
    await expect(ask(await serve(answer), more)).rejects.toThrow(message);
  },
);

test("another CA, an expired certificate, no TLS and nobody there", async () => {
  let asked = 0;
  const port = await serve(() => void asked++);
  const other = await makeAuthority(Date.now(), systemRandom);
  await expect(ask(port, { ca: other.certificate })).rejects.toThrow("its certificate is not accepted");
  const expired = await serve(() => void asked++, Date.now() - 100 * 86_400_000);
  await expect(ask(expired)).rejects.toThrow("CERT_HAS_EXPIRED");
  const plain = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: (socket) => void socket.write("EKVP"), data: () => void asked++ },
  });
  servers.push(plain);
  await expect(ask(plain.port, { timeoutMs: 2_000 })).rejects.toThrow();
  await expect(ask(1)).rejects.toThrow("ECONNREFUSED");
  expect(asked).toBeLessThanOrEqual(1);
});
