/**
 * A cluster made by the product's own commands: `setup` on the first host, a join line on every other one, certificates of the
 * cluster's own CA between all nodes. Hosts are directories on loopback; the test starts `serve` in systemd's place.
 *
 * More than 400 lines: the steps act on the same hosts one after the other.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnvFile } from "../../src/config/env-file.ts";
import { factsOf, issue, makeAuthority, makeRequest } from "../../src/pki/certificates.ts";
import { formatJoinToken, parseJoinToken } from "../../src/pki/join-token.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { type ClusterStatus, waitFor } from "./lib/cluster.ts";
import { freePorts, LOOPBACK, NodeProcess, serverCommand, temporaryDirectory } from "./lib/node-process.ts";
import { argumentListsWith } from "./lib/proc.ts";
import { S3Client } from "./lib/s3-client.ts";
import { heardInTheClear, heardOverTls, notAfterOf } from "./lib/strangers.ts";

const STEP_MS = 60_000;
const DAY_MS = 86_400_000;
/** No keys are configured: the cluster makes a pair, and each node gets it. */
const OWN_KEYS = { ELASTICKV_ROOT_ACCESS_KEY: "", ELASTICKV_ROOT_SECRET_KEY: "" };

interface Host {
  readonly configDir: string;
  readonly dataDir: string;
  readonly flags: readonly string[];
  readonly peerPort: number;
  readonly s3Port: number;
  node: NodeProcess | undefined;
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

const children = new Set<Bun.Subprocess>();
const hosts: Host[] = [];
/** Secrets of every token that was used, as they stand in the join lines. */
const tokens: string[] = [];
/** Argument lists in which a token was seen. */
const seen: string[] = [];
let first: Host;
let setup: Ended;
let authorityKey = "";

async function newHost(): Promise<Host> {
  const directory = temporaryDirectory("join");
  const [peerPort = 0, s3Port = 0] = await freePorts(2);
  const configDir = join(directory, "etc");
  const dataDir = join(directory, "data");
  const flags = ["--config-dir", configDir, "--data-dir", dataDir, "--no-start"];
  const places = ["--address", `${LOOPBACK}:${peerPort}`, "--s3-address", `${LOOPBACK}:${s3Port}`];
  const host = { configDir, dataDir, peerPort, s3Port, flags: [...flags, ...places], node: undefined };
  hosts.push(host);
  return host;
}

/** Runs the binary to its end, and looks meanwhile whether a token stands in any argument list of this machine. */
function run(words: readonly string[], stdin = ""): { readonly ended: Promise<Ended>; output(): string } {
  const child = Bun.spawn([...serverCommand(), ...words], {
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] },
  });
  children.add(child);
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const piece of stream) output += decoder.decode(piece, { stream: true });
  };
  const ended = (async () => {
    const drained = Promise.all([collect(child.stdout), collect(child.stderr)]);
    while (child.exitCode === null && child.signalCode === null) {
      seen.push(...argumentListsWith(tokens));
      await Bun.sleep(5);
    }
    await drained;
    children.delete(child);
    return { code: child.exitCode ?? -1, output };
  })();
  return { ended, output: () => output };
}

/** `serve` with the settings that `setup` or `join` wrote. */
async function serve(host: Host): Promise<NodeProcess> {
  const env = Object.fromEntries(
    parseEnvFile(readFileSync(join(host.configDir, "cluster.env"), "utf8"), "cluster.env"),
  );
  host.node = await NodeProcess.spawn({
    dataDir: host.dataDir,
    s3Port: host.s3Port,
    env: { ...env, ...OWN_KEYS },
  });
  return host.node;
}

/** With the root keys as this node has them. */
function client({ dataDir, s3Port }: Host): S3Client {
  const path = join(dataDir, "root-credentials.env");
  const keys = parseEnvFile(readFileSync(path, "utf8"), path);
  const [accessKey = "", secretKey = ""] = Object.keys(OWN_KEYS).map((name) => keys.get(name));
  return new S3Client(s3Port, 4, { accessKey, secretKey });
}

const tokensIn = (text: string): string[] => {
  const found = [...text.matchAll(/echo (ekj1\.\S+) \| elastickv join$/gm)].map(([, token]) => token ?? "");
  tokens.push(...found);
  return found;
};
const clusterCommand = (host: Host, ...words: readonly string[]) =>
  run(["cluster", ...words, "--admin-socket", host.node?.adminSocket ?? ""]);

async function newToken(...words: readonly string[]): Promise<string> {
  const { code, output } = await clusterCommand(first, "join-token", ...words).ended;
  expect({ code, output }).toMatchObject({ code: 0 });
  return tokensIn(output)[0] ?? "";
}

async function status(host: Host): Promise<ClusterStatus> {
  return JSON.parse((await host.node?.admin("/v1/cluster"))?.text ?? "{}") as ClusterStatus;
}

/** Runs the join line on a new host, and starts the node when its settings are there. */
async function joinHost(token: string, ...words: readonly string[]): Promise<{ host: Host; ended: Ended }> {
  const host = await newHost();
  const command = run(["join", ...host.flags, ...words], `${token}\n`);
  await waitFor(
    () => existsSync(join(host.configDir, "cluster.env")),
    STEP_MS,
    `let in: ${command.output()}`,
  );
  await serve(host);
  const ended = await command.ended;
  return { host, ended };
}

async function refused(token: string, ...words: readonly string[]): Promise<Ended> {
  const host = await newHost();
  const ended = await run(["join", ...host.flags, ...words], token).ended;
  expect(existsSync(join(host.configDir, "cluster.env"))).toBe(false);
  return ended;
}

beforeAll(async () => {
  first = await newHost();
  setup = await run(["setup", "--node", "n1", ...first.flags]).ended;
  expect(setup).toMatchObject({ code: 0 });
  const made = JSON.parse(readFileSync(join(first.dataDir, "new-cluster.json"), "utf8")) as {
    authorityKey: string;
  };
  authorityKey = made.authorityKey;
  await serve(first);
  await first.node?.ready();
}, STEP_MS);
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

test(
  "setup and two join lines make three voters, and what one takes the others serve",
  async () => {
    const [one = "", two = "", ...more] = tokensIn(setup.output);
    expect(more).toEqual([]);
    const watched = await joinHost(one);
    expect(watched.ended).toMatchObject({ code: 0 });
    expect(watched.ended.output).toContain("n2 is let in at ");
    expect(watched.ended.output).toContain("n2 is a voter: 2 of 2 members have a vote");
    // A command that shows nothing has ended before the node is started: the vote depends on no command.
    const unwatched = await joinHost(two, "--no-wait");
    expect(unwatched.ended).toMatchObject({ code: 0 });
    const isVoter = async () =>
      (await status(first)).members.some(({ id, role }) => id === "n3" && role === "follower");
    await waitFor(isVoter, STEP_MS, "n3 has its vote");
    const { members } = await status(first);
    expect(members.map(({ id, role }) => [id, role === "learner"])).toEqual([
      ["n1", false],
      ["n2", false],
      ["n3", false],
    ]);
    const [, second, third] = hosts as [Host, Host, Host];
    await Promise.all([second.node?.ready(), third.node?.ready()]);
    await client(first).call("PUT", "joined");
    const put = await client(second).call("PUT", "joined/object", {
      body: "from the second host",
    });
    expect(put.status).toBe(200);
    const got = await client(third).call("GET", "joined/object");
    expect(got.body.toString()).toBe("from the second host");
    // A used token lets nobody else in.
    const again = await refused(one);
    expect(again.code).toBe(1);
    expect(again.output).toContain("TOKEN_USED");
  },
  3 * STEP_MS,
);

test(
  "every other token is refused, each with its reason, and stands in no argument list",
  async () => {
    const short = await newToken("--expires", "1s");
    await Bun.sleep(1_500);
    expect(await refused(short)).toMatchObject({ code: 1, output: expect.stringContaining("TOKEN_EXPIRED") });

    const good = parseJoinToken(await newToken());
    const wrongCa = formatJoinToken({ ...good, fingerprint: "5a".repeat(32) });
    const stopped = await refused(wrongCa);
    expect(stopped).toMatchObject({
      code: 1,
      output: expect.stringContaining("shows another CA than the token names"),
    });
    const guessed = formatJoinToken({ ...good, secret: systemRandom.bytes(32) });
    expect(await refused(guessed)).toMatchObject({
      code: 1,
      output: expect.stringContaining("TOKEN_UNKNOWN"),
    });
    const taken = await refused(formatJoinToken(good), "--node", "n2");
    expect(taken).toMatchObject({ code: 1, output: expect.stringContaining("NAME_TAKEN") });
    const cut = await refused(formatJoinToken(good).slice(0, -4));
    expect(cut).toMatchObject({ code: 2, output: expect.stringContaining("copy the whole token") });
    expect(await refused("")).toMatchObject({ code: 2 });

    const host = await newHost();
    const literal = formatJoinToken({ ...good, secret: systemRandom.bytes(32) });
    const onCommandLine = await run(["join", literal, ...host.flags]).ended;
    expect(onCommandLine.code).toBe(2);
    expect(onCommandLine.output).toContain("echo TOKEN | elastickv join");
    expect(onCommandLine.output).not.toContain(literal);
    expect(seen).toEqual([]);
    // Nobody has come in.
    expect((await status(first)).members.map(({ id }) => id)).toEqual(["n1", "n2", "n3"]);
  },
  2 * STEP_MS,
);

test(
  "without a certificate of the cluster's CA the peer port has nothing but the join exchange",
  async () => {
    const plain = await heardInTheClear(first.peerPort, "hello\n");
    // Not even the challenge that a peer hears.
    expect(plain.toString("latin1")).not.toContain("EKV");
    const request = `${JSON.stringify({ v: 1, ask: "members" })}\n`;
    const answer = await heardOverTls(first.peerPort, request, {});
    expect(JSON.parse(answer.toString())).toMatchObject({ ok: false, code: "INVALID" });
    // Silent without a request, and deaf for what is no line or too long.
    expect((await heardOverTls(first.peerPort, "", {})).length).toBe(0);
    expect((await heardOverTls(first.peerPort, "x".repeat(20_000), {})).length).toBe(0);
    // A crowd that says nothing takes the places of its own connections: a node that asks is answered, peers are not touched.
    const crowd = Array.from({ length: 60 }, () => heardOverTls(first.peerPort, "", {}));
    expect(await refused(tokens[0] ?? "")).toMatchObject({
      code: 1,
      output: expect.stringContaining("TOKEN_USED"),
    });
    expect((await status(first)).members.every(({ reachable }) => reachable)).toBe(true);
    expect((await Promise.all(crowd)).every((heard) => heard.length === 0)).toBe(true);
    const stranger = await makeAuthority(Date.now(), systemRandom);
    const made = await makeRequest();
    const cert = await issue(stranger, made.request, "n2", Date.now(), systemRandom);
    expect((await heardOverTls(first.peerPort, request, { cert, key: made.key })).length).toBe(0);
  },
  STEP_MS,
);

test("the CA's private key is in no file in the clear", () => {
  const key = Buffer.from(authorityKey, "base64");
  expect(key.length).toBeGreaterThan(100);
  const forms = [key, Buffer.from(authorityKey), key.subarray(36, 68)];
  for (const { dataDir } of hosts.filter(({ node }) => node !== undefined)) {
    expect(existsSync(join(dataDir, "new-cluster.json"))).toBe(false);
    expect(existsSync(join(dataDir, "peer-request.key"))).toBe(false);
    for (const name of readdirSync(dataDir, { recursive: true }) as string[]) {
      const content = contentOf(join(dataDir, name));
      for (const form of forms) expect(content.indexOf(form)).toBe(-1);
    }
  }
});

test(
  "a host that is lost is replaced by one command and one join line",
  async () => {
    const lost = hosts[2] as Host;
    await lost.node?.kill();
    const replace = clusterCommand(first, "replace", "n3", "--with", "n4");
    await waitFor(() => /echo ekj1/.test(replace.output()), STEP_MS, "join line printed");
    const [token = ""] = tokensIn(replace.output());
    const { ended } = await joinHost(token);
    expect(ended).toMatchObject({ code: 0 });
    const done = await replace.ended;
    expect(done).toMatchObject({ code: 0 });
    expect(done.output).toContain("n4 has taken the place of n3, and all 3 members are well");
    const { members } = await status(first);
    expect(members.map(({ id }) => id)).toEqual(["n1", "n2", "n4"]);
    const fourth = hosts.at(-1) as Host;
    await fourth.node?.ready();
    const got = await client(fourth).call("GET", "joined/object");
    expect(got.body.toString()).toBe("from the second host");
    expect(seen).toEqual([]);
  },
  3 * STEP_MS,
);

test(
  "certificates renew themselves: one that has expired at the start, one that is due while the node runs",
  async () => {
    const second = hosts[1] as Host;
    const file = join(second.dataDir, "peer.pem");
    const sealed = join(second.dataDir, "peer-ca.sealed");
    const caFile = join(second.dataDir, "peer-ca.pem");
    const ca = {
      certificate: readFileSync(caFile, "utf8"),
      key: new Uint8Array(Buffer.from(authorityKey, "base64")),
    };
    const replaceBy = async (ageDays: number): Promise<void> => {
      expect(await second.node?.stop()).toBe(0);
      const { key, request } = await makeRequest();
      const madeMs = Date.now() - ageDays * DAY_MS;
      writeFileSync(file, (await issue(ca, request, "n2", madeMs, systemRandom)) + key, { mode: 0o600 });
    };
    const allReachable = async () => (await status(first)).members.every(({ reachable }) => reachable);

    await replaceBy(100);
    expect(factsOf(readFileSync(file, "utf8")).notAfterMs).toBeLessThan(Date.now());
    await (await serve(second)).ready();
    expect(factsOf(readFileSync(file, "utf8")).notAfterMs).toBeGreaterThan(Date.now());
    await waitFor(allReachable, STEP_MS, "reachable with the renewed certificate");

    // Without its copy of the CA's key the node has to wait for the keyspace: it serves with the old certificate by then.
    await replaceBy(80);
    rmSync(sealed);
    const { notAfterMs } = factsOf(readFileSync(file, "utf8"));
    const node = await serve(second);
    await node.ready();
    const shown = () => notAfterOf(second.peerPort);
    await waitFor(
      async () => (await shown()) > notAfterMs,
      STEP_MS,
      "the peer port shows the renewed certificate",
    );
    expect(node.stderr).toContain("is due and cannot be renewed yet");
    expect(node.stderr).toContain("this node's certificate was renewed");
    expect(existsSync(sealed)).toBe(true);
    await waitFor(allReachable, STEP_MS, "reachable after the renewal");
    const put = await client(second).call("PUT", "joined/renewed", { body: "x" });
    expect(put.status).toBe(200);
  },
  3 * STEP_MS,
);

test(
  "every host comes back after a restart, and a host that is set up is not set up again",
  async () => {
    const second = hosts[1] as Host;
    for (const host of [first, second]) {
      expect(await host.node?.stop()).toBe(0);
      await serve(host);
      await host.node?.ready();
    }
    await waitFor(
      async () => (await status(first)).members.every(({ reachable }) => reachable),
      STEP_MS,
      "all reachable",
    );
    for (const words of [["setup"], ["join"]]) {
      const { code, output } = await run([...words, ...first.flags]).ended;
      expect(code).toBe(78);
      expect(output).toContain("this host is n1 of a cluster already");
    }
    const { text } = (await first.node?.admin("/metrics")) ?? { text: "" };
    const end = Number(/^elastickv_peer_certificate_not_after_seconds\S* (\S+)$/m.exec(text)?.[1]);
    expect(end * 1_000).toBeGreaterThan(Date.now());
  },
  2 * STEP_MS,
);

test(
  "a node that was alone becomes the first of a cluster, with its data; two others join it at one moment",
  async () => {
    const host = await newHost();
    host.node = await NodeProcess.start({ dataDir: host.dataDir, s3Port: host.s3Port, env: OWN_KEYS });
    await client(host).call("PUT", "alone");
    await client(host).call("PUT", "alone/object", { body: "before" });
    expect(await host.node.stop()).toBe(0);
    const made = await run(["setup", ...host.flags]).ended;
    expect(made).toMatchObject({ code: 0 });
    await serve(host);
    const joined = await Promise.all(tokensIn(made.output).map((token) => joinHost(token)));
    expect(joined.map(({ ended }) => ended.code)).toEqual([0, 0]);
    for (const { host: other } of joined) {
      await other.node?.ready();
      expect((await client(other).call("GET", "alone/object")).body.toString()).toBe("before");
    }
    expect((await status(host)).members.map(({ id }) => id)).toEqual(["n1", "n2", "n3"]);
  },
  3 * STEP_MS,
);

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    // A directory, a socket, or a file that the running node has removed.
    if (["EISDIR", "ENXIO", "ENOENT"].includes((error as { code?: string }).code ?? ""))
      return Buffer.alloc(0);
    throw error;
  }
}
