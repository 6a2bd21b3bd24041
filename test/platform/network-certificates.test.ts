/** Certificates that change while connections are open, and ends that have none. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realNetwork, type TlsFiles } from "../../src/platform/network/real-network.ts";
import { NetworkError } from "../../src/platform/network.ts";
import { makeCertificates, type TestCertificates } from "./support/certificates.ts";
import { end, pair } from "./support/ends.ts";
import { needs } from "./support/needs.ts";

describe.if(needs("openssl"))("certificates of a network", () => {
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

  test("new files count for new connections, in both directions; open connections go on", async () => {
    const directory = certificates.node("n1").certFile.replace(/[^/]*$/, "");
    const files = {
      certFile: join(directory, "renewed.pem"),
      keyFile: join(directory, "renewed.key"),
      caFile: n1.caFile,
    };
    const write = ({ certFile, keyFile }: TlsFiles): void => {
      copyFileSync(certFile, files.certFile);
      copyFileSync(keyFile, files.keyFile);
    };
    write(n1);
    const [server, client] = [realNetwork(files), realNetwork(n2)];
    const old = await pair(server, client);
    await old.accepted;
    await old.client.opened;
    expect(old.client.peer?.subject).toBe("CN=n1");
    write(certificates.node("n1-renewed"));
    server.reload();
    const dialled = end();
    dialled.connection = client.connect(old.listener.address, dialled.handlers);
    await dialled.opened;
    expect(dialled.peer?.subject).toBe("CN=n1-renewed");
    // What it dials from now on shows the new certificate, too.
    const back = await pair(client, server);
    await back.accepted;
    expect(back.server.peer?.subject).toBe("CN=n1-renewed");
    old.client.connection?.write(Buffer.from("still here"));
    await old.server.until("still here".length);
    // A bad file changes nothing.
    writeFileSync(files.certFile, "no certificate");
    expect(() => server.reload()).toThrow(NetworkError);
    const after = end();
    after.connection = client.connect(old.listener.address, after.handlers);
    await after.opened;
    expect(after.peer?.subject).toBe("CN=n1-renewed");
    for (const one of [old.client, dialled, back.client, after]) one.connection?.destroy("done");
    old.listener.close();
    back.listener.close();
  });

  test("an end without a certificate comes in where it may, one with a foreign certificate nowhere", async () => {
    const accepted: string[] = [];
    const heard = end();
    const listener = await realNetwork(n1).listen(
      { host: "127.0.0.1", port: 0 },
      () => {
        accepted.push("with");
        return end().handlers;
      },
      () => {
        accepted.push("without");
        return heard.handlers;
      },
    );
    const dial = async (own: { cert?: string; key?: string }) => {
      const closed = Promise.withResolvers<void>();
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: listener.address.port,
        tls: { rejectUnauthorized: false, ...own },
        socket: {
          handshake: (at) => void at.write("hello"),
          data: () => {},
          close: () => closed.resolve(),
        },
      });
      return { socket, closed: closed.promise };
    };
    const nobody = await dial({});
    await heard.until("hello".length);
    expect(accepted).toEqual(["without"]);
    nobody.socket.terminate();
    const foreign = {
      cert: readFileSync(stranger.certFile, "utf8"),
      key: readFileSync(stranger.keyFile, "utf8"),
    };
    await (await dial(foreign)).closed;
    expect(accepted).toEqual(["without"]);
    listener.close();
  });
});
