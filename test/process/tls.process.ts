/** TLS against the binary: S3 and admin over https, new certificates under load, SIGHUP, the log level, clear text. */
import { afterAll, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { selfSigned } from "../platform/support/certificates.ts";
import { NotifyReceiver } from "../platform/support/notify-receiver.ts";
import { run } from "../support/run.ts";
import { waitFor } from "./lib/cluster.ts";
import {
  CREDENTIALS,
  cleanUp,
  LOOPBACK,
  NodeProcess,
  serverCommand,
  temporaryDirectory,
} from "./lib/node-process.ts";

afterAll(cleanUp);

const directory = temporaryDirectory("tls");
const [certFile, keyFile, envFile] = ["crt", "key", "node.env"].map((name) => join(directory, name)) as [
  string,
  string,
  string,
];
const OLD = selfSigned("old.example");
const NEW = selfSigned("new.example");

function put({ cert, key }: { readonly cert: string; readonly key: string }): void {
  writeFileSync(keyFile, key);
  chmodSync(keyFile, 0o600);
  writeFileSync(certFile, cert);
}

function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: LOOPBACK, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("a certificate is replaced while uploads run and connections stay open; SIGHUP takes the log level too", async () => {
  put(OLD);
  writeFileSync(envFile, "");
  const notify = join(directory, "notify");
  const receiver = new NotifyReceiver(notify);
  const node = await NodeProcess.spawn({
    dataDir: join(directory, "data"),
    args: [
      ...["--s3-tls-cert-file", certFile, "--s3-tls-key-file", keyFile],
      ...["--admin-tls-cert-file", certFile, "--admin-tls-key-file", keyFile, "--env-files", envFile],
    ],
    env: { NOTIFY_SOCKET: notify },
  });
  try {
    await receiver.until(/^READY=1$/);
    expect([await shown(node.s3Port), await shown(node.adminPort)]).toEqual(["old.example", "old.example"]);
    const s3 = new Bun.S3Client({
      accessKeyId: CREDENTIALS.accessKey,
      secretAccessKey: CREDENTIALS.secretKey,
      endpoint: `https://${LOOPBACK}:${node.s3Port}`,
      bucket: "uploads",
    });
    const tls = { rejectUnauthorized: false };
    /** Presigned, so that the client may be one that is told to trust this certificate. */
    const put1 = (key: string, body: Uint8Array<ArrayBuffer>) =>
      fetch(s3.presign(key, { method: "PUT" }), { method: "PUT", body, tls });
    const curl = ["curl", "-sk", "-X", "PUT", "--aws-sigv4", "aws:amz:us-east-1:s3", "-w", "%{http_code}"];
    const user = ["--user", `${CREDENTIALS.accessKey}:${CREDENTIALS.secretKey}`];
    user.push("-H", `x-amz-content-sha256: ${new Bun.CryptoHasher("sha256").update("").digest("hex")}`);
    const made = Bun.spawnSync([...curl, ...user, `https://${LOOPBACK}:${node.s3Port}/uploads`]);
    expect(made.stdout.toString()).toBe("200");
    const body = new Uint8Array(8 * 1024 * 1024).fill(7);
    expect((await put1("before", body)).status).toBe(200);

    const statuses: number[] = [];
    let running = true;
    const load = Promise.all(
      [1, 2, 3].map(async (worker) => {
        for (let i = 0; running; i++) statuses.push((await put1(`${worker}-${i}`, body)).status);
      }),
    );
    const open = connect({ port: node.s3Port, host: LOOPBACK, rejectUnauthorized: false });
    let answers = 0;
    open.on("data", (data) => {
      answers += String(data).split("HTTP/1.1 ").length - 1;
    });
    const ask = "GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n";
    open.write(ask);
    await waitFor(() => answers === 1, 10_000, "answered");
    await waitFor(() => statuses.length > 3, 20_000, "under load");
    put(NEW);
    writeFileSync(envFile, "ELASTICKV_LOG_LEVEL=debug\n");
    receiver.clear();
    node.signal("SIGHUP");
    await receiver.until(/^RELOADING=1$/);
    await receiver.until(/^MONOTONIC_USEC=\d+$/);
    await receiver.until(/^READY=1$/);
    await waitFor(
      () => node.stderr.includes('msg="log level reloaded" logLevel=debug'),
      5_000,
      "told in the log",
    );
    expect([await shown(node.s3Port), await shown(node.adminPort)]).toEqual(["new.example", "new.example"]);
    open.write(ask);
    await waitFor(() => answers === 2, 10_000, "answered on the connection that stayed open");
    // Without a signal too: the files are looked at every ten seconds.
    put(OLD);
    await waitFor(async () => (await shown(node.s3Port)) === "old.example", 30_000, "found by itself");
    running = false;
    await load;
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    const read = await fetch(s3.presign("before"), { tls });
    expect(Buffer.from(await read.arrayBuffer()).equals(body)).toBe(true);
    open.destroy();

    const told = await fetch(`http://${LOOPBACK}:${node.s3Port}/uploads/before`);
    expect([told.status, await told.text()]).toEqual([400, expect.stringContaining("use https://")]);
    const adminTold = await fetch(`http://${LOOPBACK}:${node.adminPort}/v1/cluster`);
    expect([adminTold.status, await adminTold.text()]).toEqual([
      400,
      expect.stringContaining("use https://"),
    ]);
  } finally {
    expect(await node.stop()).toBe(0);
    receiver.close();
  }
}, 120_000);

test("the command line speaks https to an admin address, with the CA that it is given and with no other", async () => {
  put(OLD);
  const node = await NodeProcess.spawn({
    dataDir: join(directory, "cli"),
    args: ["--admin-tls-cert-file", certFile, "--admin-tls-key-file", keyFile],
  });
  const cli = (words: readonly string[], env: Record<string, string> = {}) =>
    run([...serverCommand(), ...words], { env: { PATH: process.env["PATH"] ?? "", ...env } });
  try {
    await waitFor(async () => (await node.admin("/readyz")).status === 200, 30_000, "ready");
    const made = await cli(["admin", "token", "create", "--admin-socket", node.adminSocket]);
    const token = { ELASTICKV_ADMIN_TOKEN: made.out.trim() };
    const status = ["cluster", "status", "--admin-address", `https://${LOOPBACK}:${node.adminPort}`];
    const trusted = await cli(status, { ...token, ELASTICKV_ADMIN_CA_FILE: certFile });
    expect([trusted.code, trusted.out]).toEqual([0, expect.stringContaining("leader n1")]);
    const stranger = await cli(status, token);
    expect([stranger.code, stranger.err]).toEqual([1, expect.stringContaining("CERT")]);
    const missing = await cli(status, { ...token, ELASTICKV_ADMIN_CA_FILE: join(directory, "missing") });
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining("ELASTICKV_ADMIN_CA_FILE")]);
  } finally {
    await node.kill();
  }
}, 60_000);

test("a key that others may read, or of another certificate, ends the start and is named", async () => {
  put(OLD);
  const args = ["--s3-tls-cert-file", certFile, "--s3-tls-key-file", keyFile];
  chmodSync(keyFile, 0o644);
  const open = await NodeProcess.spawn({ dataDir: join(directory, "open"), args });
  expect([await open.exitCode(), open.stderr]).toEqual([
    2,
    expect.stringContaining(`${keyFile} is open to other users`),
  ]);
  put({ cert: OLD.cert, key: NEW.key });
  const other = await NodeProcess.spawn({ dataDir: join(directory, "other"), args });
  expect([await other.exitCode(), other.stderr]).toEqual([
    2,
    expect.stringContaining("is not the key of the certificate"),
  ]);
});
