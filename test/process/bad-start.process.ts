/** A start that cannot go on says why in one line that names it, and ends with a code that is not zero. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { has, needs } from "../platform/support/needs.ts";
import { freePorts, NodeProcess, serverCommand, temporaryDirectory } from "./lib/node-process.ts";
import { S3Client } from "./lib/s3-client.ts";

interface Outcome {
  readonly code: number;
  readonly complaint: string;
  readonly stderr: string;
}

const NOBODY = 65_534;

async function run(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const child = Bun.spawn([...serverCommand(), ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    timeout: 20_000,
  });
  const stderr = await new Response(child.stderr).text();
  return { ...complaintOf(stderr), code: await child.exited };
}

/** Log lines may come first; the complaint is the line that begins with the program's name. */
function complaintOf(stderr: string): { complaint: string; stderr: string } {
  const lines = stderr.split("\n").filter((line) => line.startsWith("elastickv: "));
  return { complaint: lines.length === 1 ? (lines[0] ?? "") : "", stderr };
}

async function failedStart(node: NodeProcess): Promise<Outcome> {
  const code = await node.exitCode(20_000);
  return { code, ...complaintOf(node.stderr) };
}

/** src/platform/exit-codes.ts; the unit starts a node again after the first only (systemd/elastickv.service). */
const MAY_MEND = 1;
const USAGE = 2;
const LASTING = 78;

function expectRefusal(outcome: Outcome, code: number, ...named: string[]): void {
  expect(outcome).toMatchObject({ code });
  // One line, the last one, without a stack.
  expect(outcome.stderr.trimEnd().split("\n").at(-1)).toBe(outcome.complaint);
  expect(
    outcome.complaint === "" ? `no single complaint in: ${outcome.stderr}` : outcome.complaint,
  ).toStartWith("elastickv: ");
  expect(outcome.stderr).not.toMatch(/^\s+at /m);
  for (const name of named) expect(outcome.complaint).toContain(name);
}

async function busyPort(): Promise<{ port: number; close: () => void }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, close: () => server.close() };
}

test("an unknown flag is named, with the nearest one", async () => {
  expectRefusal(await run(["serve", "--data-dirr", "x"]), USAGE, "--data-dirr", "--data-dir");
});

test("an unknown verb is named", async () => {
  expectRefusal(await run(["sevre"]), USAGE, "sevre");
});

test("a bad value is named with its flag", async () => {
  expectRefusal(
    await run(["serve", "--s3-address", "127.0.0.1:99999"]),
    USAGE,
    "--s3-address",
    "127.0.0.1:99999",
  );
});

test("a bad value is named with its variable", async () => {
  const outcome = await run(["serve"], { ELASTICKV_ADMIN_ADDRESS: "nonsense" });
  expectRefusal(outcome, USAGE, "ELASTICKV_ADMIN_ADDRESS", "nonsense");
});

test("a data directory that is a file", async () => {
  const path = join(temporaryDirectory("start"), "file");
  writeFileSync(path, "not a directory");
  expectRefusal(await failedStart(await NodeProcess.spawn({ dataDir: path })), LASTING, `${path} is a file`);
});

test("a data directory below a file", async () => {
  const path = join(temporaryDirectory("start"), "file");
  writeFileSync(path, "not a directory");
  expectRefusal(
    await failedStart(await NodeProcess.spawn({ dataDir: `${path}/data` })),
    LASTING,
    `${path}/data`,
  );
});

// Root reads and writes everything: then the node runs as nobody, with a copy of the binary that nobody may run. With an interpreter as
// the binary (ELASTICKV_TEST_BINARY) there is none.
const isRoot = has("root");
const canRunAsNobody = !isRoot || serverCommand().length === 1;

async function runAsNobody(parent: string, words: readonly string[]): Promise<Outcome> {
  const [binary = ""] = serverCommand();
  const copy = join(parent, "elastickv");
  copyFileSync(binary, copy);
  chmodSync(copy, 0o755);
  const command = [copy, ...words];
  const child = Bun.spawn(
    isRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", ...command] : command,
    {
      cwd: "/",
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      env: { PATH: process.env["PATH"] },
      timeout: 20_000,
    },
  );
  const stderr = await new Response(child.stderr).text();
  return { code: await child.exited, ...complaintOf(stderr) };
}

test.if(canRunAsNobody)("a data directory that may not be read", async () => {
  const parent = temporaryDirectory("start");
  chmodSync(parent, 0o755);
  const dataDir = join(parent, "data");
  mkdirSync(dataDir, { mode: 0o000 });
  const outcome = await runAsNobody(parent, ["serve", "--data-dir", dataDir]);
  expectRefusal(outcome, LASTING, dataDir);
});

test.if(canRunAsNobody).each([
  ["LOCK", 0o400],
  ["node.json", 0o000],
  ["root-credentials.env", 0o000],
  ["wal/LOCK", 0o400],
  ["wal/frontier", 0o400],
  ["keyspace/CURRENT", 0o000],
  ["keyspace/0000000001/keyspace.db", 0o000],
  ["keyspace/0000000001/keyspace.db", 0o400],
  ["keyspace/0000000001/keyspace.db-wal", 0o400],
] as const)("a file of the data directory that may not be used: %s, mode %o", async (name, mode) => {
  const parent = temporaryDirectory("start");
  chmodSync(parent, 0o755);
  const dataDir = join(parent, "data");
  // Without keys in the environment, so that there is a file of them; killed, so that SQLite's -wal stays.
  const keys = { ELASTICKV_ROOT_ACCESS_KEY: "", ELASTICKV_ROOT_SECRET_KEY: "" };
  const node = await NodeProcess.start({ dataDir, env: keys });
  await node.kill();
  if (isRoot) {
    for (const entry of ["", ...readdirSync(dataDir, { recursive: true, encoding: "utf8" })]) {
      chownSync(join(dataDir, entry), NOBODY, NOBODY);
    }
  }
  chmodSync(join(dataDir, name), mode);
  const [s3 = 0, admin = 0] = await freePorts(2);
  const addresses = ["--s3-address", `127.0.0.1:${s3}`, "--admin-address", `127.0.0.1:${admin}`];
  const outcome = await runAsNobody(parent, ["serve", "--data-dir", dataDir, ...addresses]);
  // SQLite names the database, whichever of its files it is.
  expectRefusal(
    outcome,
    name === "root-credentials.env" ? USAGE : LASTING,
    join(dataDir, name.replace(/-wal$/, "")),
  );
});

const FLAGS = { s3: "--s3-address", admin: "--admin-address", peer: "--peer-address" } as const;

test.each(["s3", "admin", "peer"] as const)(
  "a busy %s port is found before a data directory is made",
  async (which) => {
    const busy = await busyPort();
    const dataDir = join(temporaryDirectory("start"), "data");
    const node = await NodeProcess.spawn({
      dataDir,
      ...(which === "s3" ? { s3Port: busy.port } : which === "admin" ? { adminPort: busy.port } : {}),
      args: which === "peer" ? ["--peer-address", `127.0.0.1:${busy.port}`] : [],
    });
    const outcome = await failedStart(node);
    busy.close();
    expectRefusal(outcome, MAY_MEND, `127.0.0.1:${busy.port}`, "in use", FLAGS[which]);
    expect(existsSync(dataDir)).toBe(false);
  },
);

test("a busy port leaves a data directory that is there as it was", async () => {
  const dataDir = temporaryDirectory("start");
  chmodSync(dataDir, 0o755);
  const busy = await busyPort();
  const outcome = await failedStart(await NodeProcess.spawn({ dataDir, s3Port: busy.port }));
  busy.close();
  expectRefusal(outcome, MAY_MEND, "--s3-address");
  expect([readdirSync(dataDir), statSync(dataDir).mode & 0o777]).toEqual([[], 0o755]);
});

test("a tuning flag that is no good is an error; the same value in a variable is a warning", async () => {
  const dataDir = temporaryDirectory("start");
  const flagged = await NodeProcess.spawn({ dataDir, args: ["--raft-max-inflight-msgs", "many"] });
  expectRefusal(await failedStart(flagged), USAGE, '--raft-max-inflight-msgs: "many"');
  const node = await NodeProcess.start({ dataDir, env: { ELASTICKV_RAFT_MAX_INFLIGHT_MSGS: "many" } });
  expect(node.stderr).toMatch(/level=warn .*ELASTICKV_RAFT_MAX_INFLIGHT_MSGS.*using the default 512/);
  expect(await node.stop()).toBe(0);
});

// A read-only bind mount is what ProtectSystem=strict is made of.
test.if(needs("root", "mount"))(
  "a read-only place under the unit: the line says which drop-in to write",
  async () => {
    const parent = temporaryDirectory("start");
    const dataDir = join(parent, "data");
    const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
    const wrapper = ["unshare", "--mount", "sh", "-c", script, parent];
    const node = await NodeProcess.spawn({ dataDir, wrapper, env: { INVOCATION_ID: "ab".repeat(16) } });
    expectRefusal(
      await failedStart(node),
      LASTING,
      "EROFS",
      "systemctl edit elastickv",
      `ReadWritePaths=${dataDir}`,
    );
  },
);

test("both addresses the same", async () => {
  const [port = 0] = await freePorts(1);
  const node = await NodeProcess.spawn({
    dataDir: temporaryDirectory("start"),
    s3Port: port,
    adminPort: port,
  });
  expectRefusal(await failedStart(node), USAGE, String(port));
});

test("a second process on the same data directory; the first one goes on", async () => {
  const dataDir = temporaryDirectory("start");
  const first = await NodeProcess.start({ dataDir });
  const second = await NodeProcess.spawn({ dataDir });
  expectRefusal(await failedStart(second), MAY_MEND, dataDir);
  const client = new S3Client(first.s3Port);
  await client.expect(200, "PUT", "still-there");
  client.close();
  expect(await first.stop()).toBe(0);
});

test("a second process on the same ports; the first one loses no request to it", async () => {
  const first = await NodeProcess.start({ dataDir: temporaryDirectory("start") });
  const second = await NodeProcess.spawn({
    dataDir: temporaryDirectory("start"),
    s3Port: first.s3Port,
    adminPort: first.adminPort,
  });
  expectRefusal(await failedStart(second), MAY_MEND, String(first.adminPort));
  const client = new S3Client(first.s3Port);
  await client.expect(200, "PUT", "mine");
  for (let i = 0; i < 20; i++) await client.expect(200, "HEAD", "mine");
  client.close();
  expect(await first.stop()).toBe(0);
});

async function stoppedDirectory(): Promise<string> {
  const dataDir = temporaryDirectory("start");
  const node = await NodeProcess.start({ dataDir });
  expect(await node.stop()).toBe(0);
  return dataDir;
}

test("a data directory of another version", async () => {
  const dataDir = await stoppedDirectory();
  const path = identityFile(dataDir);
  const identity = JSON.parse(readFileSync(path, "utf8")) as { format: number };
  writeFileSync(path, JSON.stringify({ ...identity, format: 99 }));
  expectRefusal(await failedStart(await NodeProcess.spawn({ dataDir })), LASTING, path, "99");
});

test("a data directory of another node", async () => {
  const dataDir = await stoppedDirectory();
  const outcome = await failedStart(await NodeProcess.spawn({ dataDir, args: ["--node-id", "n2"] }));
  expectRefusal(outcome, LASTING, dataDir, "n2");
});

test("a data directory whose identity is lost is not taken for a new one", async () => {
  const dataDir = await stoppedDirectory();
  const path = identityFile(dataDir);
  await Bun.file(path).delete();
  expectRefusal(await failedStart(await NodeProcess.spawn({ dataDir })), LASTING, path);
  expect(existsSync(path)).toBe(false);
});

function identityFile(dataDir: string): string {
  const names = readdirSync(dataDir).filter((name) => name.endsWith(".json"));
  expect(names).toHaveLength(1);
  return join(dataDir, names[0] ?? "");
}

test.each([
  ["ELASTICKV_ROOT_ACCESS_KEY", "ELASTICKV_ROOT_SECRET_KEY", "onlyAccessKey1"],
  ["ELASTICKV_ROOT_SECRET_KEY", "ELASTICKV_ROOT_ACCESS_KEY", "onlySecretKey1"],
])("root keys half set: only %s", async (set, missing, value) => {
  const [s3 = 0, admin = 0] = await freePorts(2);
  const addresses = ["--s3-address", `127.0.0.1:${s3}`, "--admin-address", `127.0.0.1:${admin}`];
  const dataDir = temporaryDirectory("start");
  const outcome = await run(["serve", "--data-dir", dataDir, ...addresses], { [set]: value });
  expectRefusal(outcome, USAGE, set, missing);
  expect(outcome.stderr).not.toContain(value);
});

test("without root keys they are made once, private, and kept", async () => {
  const dataDir = temporaryDirectory("start");
  const env = { ELASTICKV_ROOT_ACCESS_KEY: "", ELASTICKV_ROOT_SECRET_KEY: "" };
  const read = () => readFileSync(join(dataDir, "root-credentials.env"), "utf8");
  const first = await NodeProcess.start({ dataDir, env });
  const content = read();
  expect(await first.stop()).toBe(0);
  const second = await NodeProcess.start({ dataDir, env });
  expect(read()).toBe(content);
  const secret = /ROOT_SECRET_KEY=(.*)/.exec(content)?.[1] ?? "";
  const access = /ROOT_ACCESS_KEY=(.*)/.exec(content)?.[1] ?? "";
  expect(secret.length).toBeGreaterThanOrEqual(32);
  expect(second.stdout).toContain(access);
  expect(second.stderr).not.toContain(secret);
  expect(Bun.file(join(dataDir, "root-credentials.env")).size).toBeGreaterThan(0);
  const { mode } = await Bun.file(join(dataDir, "root-credentials.env")).stat();
  expect(mode & 0o777).toBe(0o600);
  const client = new S3Client(second.s3Port, 4, { accessKey: access, secretKey: secret });
  await client.expect(200, "PUT", "made-by-itself");
  client.close();
  expect(await second.stop()).toBe(0);
});
