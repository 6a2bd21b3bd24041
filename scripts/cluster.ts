/**
 * `make cluster`: three nodes on loopback for experiments. Data, logs and keys stay in the directory, and the next
 * run uses them again. ^C stops all nodes.
 *
 *     bun scripts/cluster.ts BINARY [--dir .data-cluster/BASE_PORT] [--base-port 9100] [--nodes 3]
 *
 * Node k listens on base + 10 k (S3), + 1 (admin) and + 2 (peers). The addresses are part of the cluster's
 * identity, so each base port has its own directory, and several clusters may run at once. NAME.sh in the directory
 * starts a stopped node again.
 */
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CLUSTER_SECRET_FILE, makeClusterSecret } from "../src/config/cluster-secret.ts";
import { systemRandom } from "../src/platform/random.ts";

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 200;
/** Maximum width of printed lines, unless a single word is wider. */
const COLUMNS = 100;
/** Earlier place of the data, inside the directory of make run. */
const EARLIER_DIR = ".data/cluster";
/** Interval at which a waiting start prints its reason. */
const PROGRESS_MS = 5_000;

interface NodePlace {
  readonly name: string;
  readonly s3: number;
  readonly admin: number;
  readonly peer: number;
  readonly dataDir: string;
  readonly log: string;
  /** Path of a script that runs this node in the foreground. */
  readonly script: string;
}

interface RunningNode extends NodePlace {
  readonly child: Bun.Subprocess;
}

const { binary, dir, basePort, nodes } = parseArguments(process.argv.slice(2));
const places = Array.from({ length: nodes }, (_, index) => place(index + 1));
const initialCluster = places.map(({ name, peer }) => `${name}=127.0.0.1:${peer}`).join(",");
let stopping = false;

mkdirSync(dir, { recursive: true, mode: 0o700 });
const secretFlags = clusterSecret();
const running = places.map(start);
process.on("SIGINT", () => void stop(0));
process.on("SIGTERM", () => void stop(0));
for (const node of running) void watch(node);
await ready();
if (!stopping) process.stdout.write(summary());

function parseArguments(words: readonly string[]) {
  const { values, positionals } = parsed(words);
  const [program] = positionals;
  if (program === undefined || !existsSync(program))
    fail(`${program ?? "the binary"} is not there: run make build`);
  const count = integer("--nodes", values.nodes, 1, 9);
  const port = integer("--base-port", values["base-port"], 1, 65_535 - 10 * count - 2);
  return {
    binary: resolve(program),
    dir: resolve(values.dir || defaultDir(port)),
    basePort: port,
    nodes: count,
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        dir: { type: "string", default: "" },
        "base-port": { type: "string", default: "9100" },
        nodes: { type: "string", default: "3" },
      },
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function defaultDir(port: number): string {
  const own = join(".data-cluster", String(port));
  if (!existsSync(own) && existsSync(join(EARLIER_DIR, "n1"))) {
    say(`${EARLIER_DIR} holds the cluster of an earlier day: --dir ${EARLIER_DIR} goes on with it`);
  }
  return own;
}

/** Takes the secret from the environment, or makes one secret for all nodes. */
function clusterSecret(): string[] {
  if (process.env["ELASTICKV_CLUSTER_SECRET"] || process.env["ELASTICKV_CLUSTER_SECRET_FILE"]) return [];
  const file = join(dir, CLUSTER_SECRET_FILE);
  if (!existsSync(file)) makeClusterSecret(dir, systemRandom);
  return ["--cluster-secret-file", file];
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) fail(`${name}: "${text}" is not a number from ${min} to ${max}`);
  return value;
}

function place(number: number): NodePlace {
  const name = `n${number}`;
  const port = basePort + 10 * number;
  return {
    name,
    s3: port,
    admin: port + 1,
    peer: port + 2,
    dataDir: join(dir, name),
    log: join(dir, `${name}.log`),
    script: join(dir, `${name}.sh`),
  };
}

/** The command that starts a node, here and in its script. */
function command(node: NodePlace): string[] {
  return [
    binary,
    "serve",
    ...["--node-id", node.name, "--data-dir", node.dataDir],
    ...["--s3-address", `127.0.0.1:${node.s3}`, "--admin-address", `127.0.0.1:${node.admin}`],
    ...["--peer-address", `127.0.0.1:${node.peer}`, "--initial-cluster", initialCluster],
    ...secretFlags,
  ];
}

function start(node: NodePlace): RunningNode {
  const words = command(node);
  writeFileSync(node.script, `#!/bin/sh\nexec ${words.map(quoted).join(" ")}\n`, { mode: 0o700 });
  const log = openSync(node.log, "a", 0o600);
  const child = Bun.spawn(words, { stdin: "ignore", stdout: "ignore", stderr: log, env: process.env });
  return { ...node, child };
}

/** Reports a node that ends. The other nodes continue, so that their behaviour can be watched. */
async function watch(node: RunningNode): Promise<void> {
  const code = await node.child.exited;
  if (stopping) return;
  const how = node.child.signalCode === null ? `with code ${code}` : `by ${node.child.signalCode}`;
  say(`${node.name} ended ${how}: ${lastLine(node.log)}`);
  say(`bring it back, in another terminal: sh ${shown(node.script)}`);
  if (running.every(({ child }) => hasEnded(child))) process.exit(1);
}

function hasEnded(child: Bun.Subprocess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function ready(): Promise<void> {
  const endsAt = Date.now() + START_TIMEOUT_MS;
  let speakAt = Date.now() + PROGRESS_MS;
  while (!stopping) {
    // Ended nodes were reported already; the running nodes may be a majority.
    const reasons = await Promise.all(running.filter(({ child }) => !hasEnded(child)).map(notReady));
    const open = reasons.filter((reason) => reason !== undefined);
    if (open.length === 0) return;
    if (Date.now() > endsAt) {
      say(`not ready: ${open.join("; ")}`);
      return stop(1);
    }
    if (Date.now() > speakAt) {
      say(`waiting: ${open.join("; ")}`);
      speakAt = Date.now() + PROGRESS_MS;
    }
    await Bun.sleep(POLL_MS);
  }
}

async function notReady(node: RunningNode): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${node.admin}/readyz`);
    if (response.ok) return undefined;
    const { reasons } = (await response.json()) as { reasons: { message: string }[] };
    return `${node.name}: ${reasons.map(({ message }) => message).join(", ")}`;
  } catch {
    return `${node.name} does not answer yet`;
  }
}

function summary(): string {
  const { access, secret } = keys();
  const first = places[0] as NodePlace;
  const last = places[places.length - 1] as NodePlace;
  return [
    "",
    `${places.length} nodes, one cluster:`,
    "",
    ...places.map(
      ({ name, s3, admin }) =>
        `  ${name}  S3 http://127.0.0.1:${s3}   status page http://127.0.0.1:${admin}/`,
    ),
    "",
    `  Access key   ${access}`,
    `  Secret key   ${secret}`,
    `  Data, logs   ${shown(dir)}`,
    "",
    "Write at one node, read at another (copy and paste):",
    "",
    `  export AWS_ACCESS_KEY_ID=${quoted(access)}`,
    `  export AWS_SECRET_ACCESS_KEY=${quoted(secret)}`,
    `  export AWS_DEFAULT_REGION=${process.env["ELASTICKV_REGION"] || "us-east-1"}`,
    `  aws --endpoint-url http://127.0.0.1:${first.s3} s3 mb s3://demo`,
    `  aws --endpoint-url http://127.0.0.1:${first.s3} s3 cp README.md s3://demo/README.md`,
    `  aws --endpoint-url http://127.0.0.1:${last.s3} s3 cp s3://demo/README.md -`,
    "",
    `  ${shown(binary)} cluster status --admin-socket ${shown(join(first.dataDir, "admin.sock"))}`,
    "",
    "Kill any of them, the others go on; the second line, in another terminal, brings it back:",
    "",
    ...running.flatMap(({ name, script, child }) => [
      `  kill -9 ${child.pid}    # ${name}`,
      `  sh ${shown(script)}`,
    ]),
    "",
    "^C stops them.",
    "",
  ].join("\n");
}

/** The root keys: from the environment, or those of the cluster, which are the same in every data directory. */
function keys(): { access: string; secret: string } {
  const { ELASTICKV_ROOT_ACCESS_KEY: access, ELASTICKV_ROOT_SECRET_KEY: secret } = process.env;
  if (access && secret) return { access, secret };
  const path = join((places[0] as NodePlace).dataDir, "root-credentials.env");
  if (!existsSync(path)) return { access: "(as configured)", secret: "(as configured)" };
  const value = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, "m").exec(readFileSync(path, "utf8"))?.[1] ?? "";
  return { access: value("ELASTICKV_ROOT_ACCESS_KEY"), secret: value("ELASTICKV_ROOT_SECRET_KEY") };
}

async function stop(code: number): Promise<void> {
  if (stopping) {
    for (const { child } of running) child.kill("SIGKILL");
    process.exit(1);
  }
  stopping = true;
  for (const { child } of running) child.kill("SIGTERM");
  const late = setTimeout(() => {
    for (const { child } of running) child.kill("SIGKILL");
  }, STOP_TIMEOUT_MS);
  await Promise.all(running.map(({ child }) => child.exited));
  clearTimeout(late);
  process.exit(code);
}

/** The path relative to the working directory where that is shorter, quoted for a shell. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  if (near.startsWith("..")) return quoted(path);
  return quoted(near.includes("/") ? near : `./${near}`);
}

/** Prints to standard error, in lines of at most `COLUMNS`; all lines but the first are indented. */
function say(message: string): void {
  const lines = [""];
  for (const word of message.split(/\s+/)) {
    const line = lines[lines.length - 1] ?? "";
    if (line !== "" && line.length + 1 + word.length > COLUMNS) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  console.error(lines.join("\n"));
}

/** Quotes a word for a POSIX shell when needed. */
function quoted(word: string): string {
  return /^[A-Za-z0-9._/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function lastLine(path: string): string {
  return readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? "";
}

function fail(message: string): never {
  say(`cluster: ${message}`);
  process.exit(2);
}
