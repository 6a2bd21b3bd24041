/**
 * `systemctl reload` under a real systemd: certificates and the log level change, connections and the process stay. The key of the S3 address is
 * a credential of systemd, which only root can read on the disk.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { selfSigned } from "../platform/support/certificates.ts";
import { run } from "../support/run.ts";
import { eventually, RUN } from "./lib/host.ts";
import { ACCESS_KEY, Lab, SECRET_KEY } from "./lib/lab.ts";

const FOLDER = "/etc/elastickv";
const S3_PORT = 9000;
const ADMIN_PORT = 9001;

const lab = new Lab(1);
const host = lab.hosts[0]!;
const old = selfSigned("old.example");
const fresh = selfSigned("new.example");

const property = async (name: string): Promise<string> =>
  (await host.must("systemctl", "show", "--value", "-p", name, "elastickv")).trim();
const journal = (): Promise<string> => host.must("journalctl", "-q", "-o", "cat", "-u", "elastickv");
const write = (name: string, text: string, mode: string, group = "root"): Promise<string> =>
  host.sh(`install -m ${mode} -g ${group} /dev/stdin ${FOLDER}/${name} <<'END'\n${text}END\n`);

/** Name in the certificate that a new connection is shown. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: host.address, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

async function tlsHealthy(): Promise<void> {
  const ask = ["curl", "-skf", "--max-time", "2", `https://${host.address}:${S3_PORT}/-/ready`];
  await eventually("the host to serve over TLS", async () =>
    (await run(ask)).code === 0 ? true : undefined,
  );
}

/** A connection that asks one thing after the other. */
class OpenConnection {
  readonly #socket: TLSSocket;
  #answers = 0;
  closed = false;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#answers += data.toString("latin1").split("HTTP/1.1 200").length - 1;
    });
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("error", () => {});
  }

  static open(): Promise<OpenConnection> {
    return new Promise((resolve, reject) => {
      const options = { port: S3_PORT, host: host.address, rejectUnauthorized: false };
      const socket = connect(options, () => resolve(new OpenConnection(socket)));
      socket.once("error", reject);
    });
  }

  async ask(): Promise<void> {
    const before = this.#answers;
    this.#socket.write("GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n");
    await eventually("an answer on the open connection", async () =>
      this.#answers > before ? true : undefined,
    );
  }

  close(): void {
    this.#socket.destroy();
  }
}

beforeAll(async () => {
  await lab.boot();
  await lab.install(lab.packages.first);
  // systemd mounts credentials in a child, and the mount has to reach it. On a real machine it shares its mounts at the boot; in a container it
  // leaves that to whoever made the container.
  await host.must("mount", "--make-rshared", "/");
  await write("s3.pem", old.cert, "644");
  await write("s3.key", old.key, "600");
  await write("admin.pem", old.cert, "644");
  await write("admin.key", old.key, "640", "elastickv");
  const variables = {
    S3_TLS_CERT_FILE: `${FOLDER}/s3.pem`,
    S3_TLS_KEY_FILE: "%d/s3.key",
    ADMIN_TLS_CERT_FILE: `${FOLDER}/admin.pem`,
    ADMIN_TLS_KEY_FILE: `${FOLDER}/admin.key`,
    ADMIN_ADDRESS: `${host.address}:${ADMIN_PORT}`,
  };
  const lines = ["[Service]", `LoadCredential=s3.key:${FOLDER}/s3.key`];
  for (const [name, value] of Object.entries(variables)) lines.push(`Environment=ELASTICKV_${name}=${value}`);
  const folder = "/etc/systemd/system/elastickv.service.d";
  await host.sh(`mkdir -p ${folder} && echo '${lines.join("\n")}' >${folder}/tls.conf`);
  await host.must("systemctl", "daemon-reload");
  await host.must("systemctl", "restart", "elastickv");
  await tlsHealthy();
}, 300_000);
afterAll(() => lab.powerOff());

test("the key comes by LoadCredential=: only root reads it on the disk, and the service serves with it", async () => {
  expect((await host.must("stat", "-c", "%U %a", `${FOLDER}/s3.key`)).trim()).toBe("root 600");
  const { code } = await host.run(
    "setpriv",
    "--reuid",
    "elastickv",
    "--clear-groups",
    "cat",
    `${FOLDER}/s3.key`,
  );
  expect(code).not.toBe(0);
  expect([await shown(S3_PORT), await shown(ADMIN_PORT)]).toEqual(["old.example", "old.example"]);
});

test("a reload takes a new certificate and the log level; process, connections and an upload under way stay", async () => {
  const pid = await property("MainPID");
  const open = await OpenConnection.open();
  await open.ask();
  const signed = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", `${ACCESS_KEY}:${SECRET_KEY}`];
  const unsigned = ["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"];
  const put = ["curl", "-skf", ...signed, ...unsigned, "-X", "PUT"];
  const address = `https://${host.address}:${S3_PORT}/reload`;
  expect((await run([...put, address])).code).toBe(0);
  // Eight seconds: the reload falls into it.
  const body = join(RUN(), "body");
  writeFileSync(body, new Uint8Array(8 << 20).fill(7));
  const slow = run([...put, "--limit-rate", "1M", "-T", body, `${address}/slow`]);
  await write("admin.pem", fresh.cert, "644");
  await write("admin.key", fresh.key, "640", "elastickv");
  await host.sh(`echo ELASTICKV_LOG_LEVEL=debug >>${FOLDER}/elastickv.env`);
  await host.must("systemctl", "reload", "elastickv");
  await eventually("the new certificate", async () =>
    (await shown(ADMIN_PORT)) === "new.example" ? true : undefined,
  );
  await eventually("the log level", async () =>
    (await journal()).includes('msg="log level reloaded" logLevel=debug') ? true : undefined,
  );
  await open.ask();
  expect([open.closed, (await slow).code]).toEqual([false, 0]);
  expect([await property("MainPID"), await property("NRestarts"), await property("ActiveState")]).toEqual([
    pid,
    "0",
    "active",
  ]);
  expect(await shown(S3_PORT)).toBe("old.example");
  open.close();
}, 120_000);

test("a new key behind LoadCredential= is not seen by a reload, which keeps the old pair; a restart takes it", async () => {
  const pid = await property("MainPID");
  await write("s3.pem", fresh.cert, "644");
  await write("s3.key", fresh.key, "600");
  await host.must("systemctl", "reload", "elastickv");
  await eventually("the warning", async () =>
    /certificate files cannot be used, the old certificate stays.* listener=s3/.test(await journal())
      ? true
      : undefined,
  );
  expect([await shown(S3_PORT), await property("MainPID")]).toEqual(["old.example", pid]);
  await host.must("systemctl", "restart", "elastickv");
  await tlsHealthy();
  expect(await shown(S3_PORT)).toBe("new.example");
}, 120_000);
