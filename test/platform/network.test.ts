import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { realNetwork, type TlsFiles } from "../../src/platform/network/real-network.ts";
import { NetworkError } from "../../src/platform/network.ts";
import { makeCertificates, type TestCertificates } from "./support/certificates.ts";
import { type End, end, pair } from "./support/ends.ts";
import { needs } from "./support/needs.ts";

const text = (end: End) => Buffer.concat(end.received).toString();

function pattern(bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) all[i] = (i * 7 + (i >>> 8) * 13) & 0xff;
  return all;
}

async function thrown(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

for (const host of ["127.0.0.1", "::1"]) {
  test(`bytes go both ways over ${host}; what is written before the connection stands waits for it`, async () => {
    const { server, client, listener } = await pair(realNetwork(), realNetwork(), host);
    client.connection?.write(Buffer.from("from the client"));
    await server.until(15);
    server.connection?.write(Buffer.from("from the server"));
    await client.until(15);
    expect([text(server), text(client)]).toEqual(["from the client", "from the server"]);
    expect([server.peer, client.peer]).toEqual([undefined, undefined]);
    client.connection?.destroy("enough");
    expect(await client.closed).toBe("enough");
    expect(typeof (await server.closed)).toBe("string");
    listener.close();
  });
}

test("a reader that pauses holds the writer up, and nothing is lost or turned around", async () => {
  const { server, client, accepted, listener } = await pair(realNetwork(), realNetwork());
  await accepted;
  server.connection?.pause();
  const all = pattern(24 << 20);
  for (let at = 0; at < all.byteLength; at += 1 << 20)
    client.connection?.write(all.subarray(at, at + (1 << 20)));
  await client.opened;
  expect(client.connection?.bufferedBytes).toBeGreaterThan(0);
  server.connection?.resume();
  await server.until(all.byteLength);
  expect(Buffer.concat(server.received).equals(all)).toBe(true);
  expect([client.connection?.bufferedBytes, client.drains]).toEqual([0, 1]);
  client.connection?.destroy("done");
  await server.closed;
  listener.close();
});

test("an address that is taken, or not ours, is named", async () => {
  const first = await realNetwork().listen({ host: "127.0.0.1", port: 0 }, () => end().handlers);
  const taken = await thrown(() => realNetwork().listen(first.address, () => end().handlers));
  expect(taken).toBeInstanceOf(NetworkError);
  expect(taken).toMatchObject({ code: "EADDRINUSE", address: `127.0.0.1:${first.address.port}` });
  const foreign = await thrown(() =>
    realNetwork().listen({ host: "203.0.113.5", port: 1 }, () => end().handlers),
  );
  expect(foreign).toMatchObject({ code: "EADDRNOTAVAIL", address: "203.0.113.5:1" });
  first.close();
});

test("nobody there: onClose says so, once, and nothing else", async () => {
  const listener = await realNetwork().listen({ host: "127.0.0.1", port: 0 }, () => end().handlers);
  listener.close();
  const client = end();
  const connection = realNetwork().connect(listener.address, client.handlers);
  connection.write(Buffer.from("lost"));
  expect(await client.closed).toContain("ECONNREFUSED");
  expect([connection.bufferedBytes, client.bytes]).toEqual([0, 0]);
});

test("an address that cannot be ends the connection, and nothing else", async () => {
  for (const address of [
    { host: "127.0.0.1", port: 70_000 },
    { host: "", port: 1 },
  ]) {
    const client = end();
    realNetwork().connect(address, client.handlers);
    expect(await client.closed).toContain("ERR_");
  }
});

test("after the end nothing is written, and a second destroy changes nothing", async () => {
  const { client, server, accepted, listener } = await pair(realNetwork(), realNetwork());
  await accepted;
  client.connection?.destroy("first");
  client.connection?.destroy("second");
  client.connection?.write(new Uint8Array(100));
  expect(await client.closed).toBe("first");
  expect(client.connection?.bufferedBytes).toBe(0);
  await server.closed;
  listener.close();
});

describe.if(needs("openssl"))("mutual TLS", () => {
  let certificates: TestCertificates;
  let n1: TlsFiles;
  let n2: TlsFiles;
  let stranger: TlsFiles;
  beforeAll(() => {
    certificates = makeCertificates();
    n1 = certificates.node("n1");
    n2 = certificates.node("n2");
    stranger = certificates.stranger();
  });
  afterAll(() => certificates.remove());

  test("each end learns the other's names, and large writes arrive whole", async () => {
    const { client, server, accepted, listener } = await pair(realNetwork(n1), realNetwork(n2));
    const all = pattern(12 << 20);
    client.connection?.write(all.subarray(0, 5));
    client.connection?.write(all.subarray(5));
    await accepted;
    await client.opened;
    expect(server.peer).toEqual({ subject: "CN=n2", names: ["n2", "n2.example", "192.0.2.7"] });
    expect(client.peer).toEqual({ subject: "CN=n1", names: ["n1", "n1.example", "192.0.2.7"] });
    await server.until(all.byteLength);
    expect(Buffer.concat(server.received).equals(all)).toBe(true);
    client.connection?.destroy("done");
    await server.closed;
    listener.close();
  });

  test("a certificate that the CA did not sign opens nothing, on either end", async () => {
    const dialler = await pair(realNetwork(n1), realNetwork(stranger));
    await dialler.client.closed;
    expect(dialler.server.connection).toBeUndefined();
    dialler.listener.close();

    const server = await pair(realNetwork(stranger), realNetwork(n2));
    expect(await server.client.closed).toContain("self signed certificate");
    expect(server.client.bytes).toBe(0);
    server.listener.close();
  });

  test("nor does one that another CA signed", async () => {
    const others = makeCertificates();
    try {
      const foreign = { ...others.node("n2"), caFile: n1.caFile };
      const dialler = await pair(realNetwork(n1), realNetwork(foreign));
      await dialler.client.closed;
      expect(dialler.server.connection).toBeUndefined();
      dialler.listener.close();
      const server = await pair(realNetwork(foreign), realNetwork(n1));
      expect(await server.client.closed).toContain("TLS: ");
      expect(server.client.peer).toBeUndefined();
      server.listener.close();
    } finally {
      others.remove();
    }
  });

  test("no certificate, no connection", async () => {
    let accepted = 0;
    const listener = await realNetwork(n1).listen({ host: "127.0.0.1", port: 0 }, () => {
      accepted++;
      return end().handlers;
    });
    const closed = Promise.withResolvers<void>();
    await Bun.connect({
      hostname: "127.0.0.1",
      port: listener.address.port,
      tls: { rejectUnauthorized: false },
      socket: { data: () => {}, close: () => closed.resolve() },
    });
    await closed.promise;
    expect(accepted).toBe(0);
    listener.close();
  });

  test("a name within another kind of entry is no name of the node", async () => {
    // CVE-2021-44532 in Node: a URI that contains ", DNS:n1" was read as two entries.
    const evil = certificates.node("evil", "URI:http://evil.example/?a, DNS:n1");
    const { client, server, accepted, listener } = await pair(realNetwork(n1), realNetwork(evil));
    await accepted;
    await client.opened;
    expect(server.peer?.names).toEqual(["evil", "evil.example", "192.0.2.7"]);
    client.connection?.destroy("done");
    listener.close();
  });

  test("who connects and does not finish TLS holds one of a few places", async () => {
    let failed = 0;
    const network = realNetwork(n1, () => failed++);
    const accepted = end();
    const listener = await network.listen({ host: "127.0.0.1", port: 0 }, () => accepted.handlers);
    let open = 0;
    const idle = await Promise.all(
      Array.from({ length: 60 }, () =>
        Bun.connect({
          hostname: "127.0.0.1",
          port: listener.address.port,
          socket: { open: () => void open++, data: () => {}, close: () => void open-- },
        }),
      ),
    );
    while (open > 32 || failed < 28) await Bun.sleep(5);
    expect([open, failed]).toEqual([32, 28]);
    // Whoever comes with a certificate is let in all the same, and counts for nothing.
    const member = end();
    const connection = realNetwork(n2).connect(listener.address, member.handlers);
    await member.opened;
    expect(member.peer?.names).toContain("n1");
    expect(failed).toBeLessThanOrEqual(29);
    connection.destroy("done");
    for (const socket of idle) socket.terminate();
    listener.close();
  });

  test("TLS on one end only fails with a reason that says so", async () => {
    const plainServer = await pair(realNetwork(), realNetwork(n2));
    plainServer.client.connection?.write(Buffer.from("hello"));
    await plainServer.accepted;
    plainServer.server.connection?.write(Buffer.from("EKVP not TLS"));
    expect(await plainServer.client.closed).toContain("does not speak TLS");
    plainServer.listener.close();

    const plainClient = await pair(realNetwork(n1), realNetwork());
    plainClient.client.connection?.write(Buffer.from("hello"));
    await plainClient.client.closed;
    expect(plainClient.server.connection).toBeUndefined();
    plainClient.listener.close();
  });

  test("files that are no good are named", () => {
    const garbage = join(certificates.directory, "garbage.pem");
    writeFileSync(garbage, "no PEM at all");
    const missing = join(certificates.directory, "missing.pem");
    const cases: [TlsFiles, string, string][] = [
      [{ ...n1, certFile: missing }, "ENOENT", missing],
      [{ ...n1, certFile: garbage }, "TLS", garbage],
      [{ ...n1, keyFile: garbage }, "TLS", garbage],
      [{ ...n1, caFile: garbage }, "TLS", garbage],
      [{ ...n1, caFile: certificates.directory }, "EISDIR", certificates.directory],
      [{ ...n1, keyFile: n2.keyFile }, "TLS", n2.keyFile],
    ];
    for (const [files, code, file] of cases) {
      let error: unknown;
      try {
        realNetwork(files);
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(NetworkError);
      expect(error).toMatchObject({ code, address: file, message: expect.stringContaining(file) });
    }
  });
});
