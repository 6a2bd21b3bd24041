/**
 * Somebody who reaches every port of three real nodes and wishes them ill (issue 7, item 1), step by step: what an unauthenticated
 * S3 answer gives away, hellos, a membership change over a lane, a stock node without the secret, replay, reflection, a crowd.
 * Each step gets nothing, and the cluster goes on.
 *
 * More than 400 lines: the steps attack the same three nodes one after the other.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { elastickv as gen } from "../../src/gen/peer.js";
import { encodeMessage, Kind } from "../../src/peer/codec.ts";
import { encodeFrame, PREFACE } from "../../src/peer/framing.ts";
import {
  type ConnectionHello,
  challengeFrame,
  challengeOf,
  helloFrame,
  isUnauthenticated,
  proofFrame,
  UNAUTHENTICATED_FRAME,
} from "../../src/peer/handshake.ts";
import { SLOTS, type Slot } from "../../src/peer/lanes.ts";
import { realNetwork } from "../../src/platform/network/real-network.ts";
import type { Connection, NetworkListener } from "../../src/platform/network.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import { Speaker } from "../peer/support/speaker.ts";
import { Cluster, waitFor } from "./lib/cluster.ts";
import {
  CLUSTER_SECRET,
  freePorts,
  LOOPBACK,
  NodeProcess,
  serverCommand,
  temporaryDirectory,
} from "./lib/node-process.ts";

const NETWORK = realNetwork();
const OTHER_SECRET = "0f1e2d3c4b5a6978".repeat(4);
const OTHER_LANE = SLOTS[3] as Slot;
const EVIL = { name: "evil", address: "127.0.0.1:9" };
/** Longer than a handshake may take. */
const GONE_MS = 8_000;

let cluster: Cluster;
let objects = 0;

interface Identity {
  readonly instance: string;
  readonly clusterId: string;
  readonly incarnations: readonly string[];
}

/** What only the node itself should know; the tests look whether it comes out. */
const identity = (name: string): Identity =>
  JSON.parse(readFileSync(join(cluster.node(name).dataDir, "node.json"), "utf8")) as Identity;

beforeAll(async () => {
  cluster = await Cluster.start({ proxied: false });
  await cluster.client("n1").call("PUT", "kept");
}, 120_000);
afterAll(async () => cluster.close());

/** Nobody has come in, and everybody serves. */
afterEach(async () => {
  await cluster.converged();
  const key = `kept/object-${++objects}`;
  expect((await cluster.client("n1").call("PUT", key, { body: "still here" })).status).toBe(200);
  for (const name of ["n1", "n2", "n3"]) {
    expect((await cluster.client(name).call("GET", key)).body.toString()).toBe("still here");
    const { members } = await cluster.status(name);
    expect(members.map(({ id }) => id)).not.toContain(EVIL.name);
  }
}, 60_000);

const peerPort = (name: string) => cluster.node(name).advertisedPort;
const speaker = (name: string, preface?: Uint8Array) =>
  new Speaker(NETWORK, { host: LOOPBACK, port: peerPort(name) }, preface);

/** Whoever connects hears the challenge first. */
async function asked(stranger: Speaker): Promise<Uint8Array> {
  await waitFor(() => stranger.heard.length > 0, 5_000, "asked");
  return challengeOf(stranger.heard[0] as never);
}

function expectNothing(heard: Buffer, ...names: readonly string[]): void {
  const text = heard.toString("latin1");
  for (const name of names) {
    const { instance, clusterId, incarnations } = identity(name);
    for (const known of [name, instance, clusterId, ...incarnations, CLUSTER_SECRET])
      expect(text).not.toContain(known);
  }
}

/** A hello as somebody writes it who has read everything about a member that can be read. */
function helloAs(name: string, more: Partial<ConnectionHello["hello"]> = {}): ConnectionHello {
  const { instance, clusterId, incarnations } = identity(name);
  const [boot = ""] = incarnations.slice(-1);
  const said = { clusterId, id: raftIdOf(name), name, instance, protocol: 2, version: "0.1.0", boot };
  const address = `${LOOPBACK}:${peerPort(name)}`;
  return { hello: { ...said, capabilities: [], address, ...more }, slot: OTHER_LANE, maxFrameBytes: 1 << 20 };
}

/** Says it to n1 and hears what comes. */
async function say(...frames: readonly Uint8Array[]): Promise<Speaker> {
  const stranger = speaker("n1");
  await asked(stranger);
  for (const frame of frames) stranger.write(frame);
  await waitFor(() => stranger.ended !== undefined, GONE_MS, "hung up on");
  expectNothing(Buffer.concat(stranger.raw), "n1", "n2", "n3");
  return stranger;
}

async function failures(name: string, reason: string): Promise<number> {
  const { text } = await cluster.node(name).running.admin("/metrics");
  const line = new RegExp(
    `^elastickv_peer_handshake_failures_total\\{.*reason="${reason}".*\\} (\\d+)$`,
    "m",
  );
  return Number(line.exec(text)?.[1] ?? Number.NaN);
}

test("1. an S3 answer names no node; its operators know whose it was", async () => {
  const ids = new Set<string>();
  for (const node of cluster.nodes) {
    const answer = await fetch(`http://${LOOPBACK}:${node.s3Port}/kept/secret`);
    const body = await answer.text();
    expect(answer.status).toBe(403);
    const id = answer.headers.get("x-amz-id-2") ?? "";
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(body).toContain(`<HostId>${id}</HostId>`);
    const all = Buffer.from(`${JSON.stringify([...answer.headers])}${body}`);
    const { instance, clusterId } = identity(node.name);
    for (const known of [`"${node.name}"`, `>${node.name}<`, instance, clusterId])
      expect(all.toString()).not.toContain(known);
    ids.add(id);
    // At any node, once the leader has registered it.
    const owner = async () => {
      const { text } = await cluster.node("n1").running.admin("/v1/cluster");
      const { members } = JSON.parse(text) as { members: { id: string; hostId: string | null }[] };
      return members.find(({ hostId }) => hostId === id)?.id;
    };
    await waitFor(async () => (await owner()) !== undefined, 10_000, "registered");
    expect(await owner()).toBe(node.name);
    expect(node.running.stderr).toMatch(new RegExp(`msg=serving .*hostId=${id}`));
  }
  expect(ids.size).toBe(3);
});

test("2. a hello as a member, without a cluster id: no refusal that would name anything", async () => {
  const before = await failures("n1", "protocol");
  const heard = await say(helloFrame(helloAs("n2", { clusterId: "", instance: "0".repeat(32) })));
  expect(heard.heard).toHaveLength(1);
  expect(await failures("n1", "protocol")).toBe(before + 1);
});

test("3. a hello with the right instance and no start: not even from whoever has the secret", async () => {
  const { boot: _, ...bootless } = helloAs("n2").hello;
  const header = {
    kind: Kind.HELLO,
    hello: { ...bootless, capabilities: [], lane: 3, maxFrameBytes: 1 << 20 },
  };
  const frame = encodeFrame(gen.peer.Header.encode(header).finish(), [], 8_192);
  expect((await say(frame)).heard).toHaveLength(1);
  const member = speaker("n1");
  member.prove(Buffer.from(CLUSTER_SECRET, "hex"));
  await waitFor(() => member.heard.length === 2, 5_000, "proved");
  member.send(frame);
  await waitFor(() => member.ended !== undefined, GONE_MS, "hung up on");
  expect(member.heard).toHaveLength(2);
});

test("4. a membership change over the lane, with everything guessed right but the secret", async () => {
  const change = { kind: "change", change: { kind: "add-learner", ...EVIL }, configurationIndex: null };
  const request = encodeMessage(
    { kind: "request", requestId: 1, body: Buffer.from(JSON.stringify(change)) },
    1 << 20,
  );
  await say(request);
  await say(helloFrame(helloAs("n2")), request);
  const stranger = speaker("n1");
  stranger.prove(Buffer.from(OTHER_SECRET, "hex"), helloAs("n2"));
  await waitFor(() => stranger.heard.length === 2, 5_000, "refused");
  expect(isUnauthenticated(stranger.heard[1] as never)).toBe(true);
  stranger.write(request);
  await waitFor(() => stranger.ended !== undefined, GONE_MS, "hung up on");
  expectNothing(Buffer.concat(stranger.raw), "n1", "n2", "n3");
  expect(await failures("n1", "secret")).toBeGreaterThan(0);
});

test("5. a stock node: without a secret it does not start, with another it gets nothing, with the secret it joins", async () => {
  const [s3 = 0, admin = 0, peer = 0] = await freePorts(3);
  const member = `n4=${LOOPBACK}:${peer}`;
  const others = cluster.nodes.map(({ peer: known }) => known).join(",");
  // An operator expects it: only the secret is missing.
  expect(await cluster.command("n1", "add-learner", member)).toMatchObject({ code: 0 });
  const spawn = (secret: string, dataDir: string) =>
    NodeProcess.spawn({
      dataDir,
      s3Port: s3,
      adminPort: admin,
      args: ["--node-id", "n4", "--peer-address", `${LOOPBACK}:${peer}`, "--join", others],
      env: { ELASTICKV_CLUSTER_SECRET: secret },
    });
  const none = temporaryDirectory("none");
  const open = await spawn("", join(none, "data"));
  expect(await open.exitCode(20_000)).toBe(2);
  expect(open.stderr).toMatch(
    /^elastickv: n4 has neither a cluster secret nor a peer certificate: .*--cluster-secret-file/m,
  );
  expect(existsSync(join(none, "data"))).toBe(false);

  const thief = join(none, "thief");
  const stock = await spawn(OTHER_SECRET, thief);
  await waitFor(() => stock.stderr.includes("UNAUTHENTICATED"), 20_000, "refused");
  await Bun.sleep(3_000);
  const { status, text } = await stock.admin("/readyz");
  expect([status, text]).toEqual([503, expect.stringContaining("joining")]);
  expect(text).toContain("--cluster-secret-file");
  expect(JSON.parse(readFileSync(join(thief, "node.json"), "utf8"))).toMatchObject({ clusterId: "" });
  for (const file of ["root-credentials.env", "keyspace/CURRENT"])
    expect(existsSync(join(thief, file))).toBe(false);
  expectNothing(Buffer.from(stock.stderr.replaceAll(/n[1234]=?/g, "")), "n1");
  await stock.kill();

  const proxy = await Recorder.start(peerPort("n1"));
  const { proxied, node } = await legitimate(proxy, s3, admin, peer);
  try {
    await node.ready();
    expect((await fetch(`http://${LOOPBACK}:${s3}/kept/object-1`)).status).toBe(403);
    await cluster.converged();

    // 6. What it has said to n1, said again: byte for byte, and the proof alone.
    expect(proxied().byteLength).toBeGreaterThan(PREFACE.byteLength);
    const before = await failures("n1", "secret");
    const { configurationIndex } = JSON.parse(
      (await cluster.node("n1").running.admin("/v1/cluster")).text,
    ) as {
      configurationIndex: number;
    };
    for (const bytes of [proxied(), proxied().subarray(0, PREFACE.byteLength + 88)]) {
      const replay = speaker("n1", new Uint8Array(0));
      await asked(replay);
      replay.write(bytes);
      await waitFor(() => replay.ended !== undefined, GONE_MS, "hung up on");
      expect(replay.heard.slice(1).every(isUnauthenticated)).toBe(true);
      expectNothing(Buffer.concat(replay.raw), "n1");
    }
    expect(await failures("n1", "secret")).toBe(before + 2);
    const after = JSON.parse((await cluster.node("n1").running.admin("/v1/cluster")).text) as object;
    expect(after).toMatchObject({ configurationIndex });
    expect(await cluster.command("n1", "remove", "n4")).toMatchObject({ code: 0 });
    expect(await node.exitCode(20_000)).toBe(0);
  } finally {
    proxy.close();
    await node.kill();
  }
}, 120_000);

async function legitimate(proxy: Recorder, s3Port: number, adminPort: number, peer: number) {
  const node = await NodeProcess.spawn({
    dataDir: join(temporaryDirectory("n4"), "data"),
    s3Port,
    adminPort,
    args: [
      "--node-id",
      "n4",
      "--peer-address",
      `${LOOPBACK}:${peer}`,
      "--join",
      `n1=${LOOPBACK}:${proxy.port}`,
    ],
    env: { ELASTICKV_CLUSTER_SECRET: CLUSTER_SECRET },
  });
  return { node, proxied: () => proxy.first };
}

/** Somebody on the wire, who keeps what the dialler says. */
class Recorder {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #said: Buffer[][] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(server: ReturnType<typeof createServer>, port: number, target: number) {
    this.#server = server;
    this.port = port;
    server.on("connection", (near) => {
      const said: Buffer[] = [];
      this.#said.push(said);
      const far = createConnection(target, LOOPBACK);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
      }
      near.on("data", (data) => void said.push(Buffer.from(data)));
      near.pipe(far).pipe(near);
    });
  }

  static async start(target: number): Promise<Recorder> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, LOOPBACK, done));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new Recorder(server, address.port, target);
  }

  /** Of the connection on which the most was said. */
  get first(): Uint8Array {
    const all = this.#said.map((said) => Buffer.concat(said));
    return all.sort((a, b) => b.byteLength - a.byteLength)[0] ?? Buffer.alloc(0);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

test("7. reflection: a node's own challenge, over a second connection to it, and as whoever it dials", async () => {
  const [first, second] = [speaker("n1"), speaker("n1")];
  const challenge = await asked(first);
  second.write(proofFrame(challenge, await asked(second)));
  await waitFor(() => second.heard.length === 2, 5_000, "refused");
  expect(isUnauthenticated(second.heard[1] as never)).toBe(true);
  first.close();
  second.close();

  // n3 is away, and somebody answers in its place.
  await cluster.kill("n3");
  const replies: readonly Uint8Array[] = [
    // A refusal that would end n1, if it believed it.
    encodeFrame(
      gen.peer.Header.encode({
        kind: Kind.VERDICT,
        verdict: { ok: false, code: 5, message: "removed" },
      }).finish(),
      [],
      256,
    ),
    proofFrame(new Uint8Array(32)),
    UNAUTHENTICATED_FRAME,
  ];
  const impostor = await Impostor.start(peerPort("n3"), replies);
  try {
    const open: Speaker[] = [];
    const challenges = new Set<string>();
    await waitFor(
      async () => {
        // Always one that n1 has asked a moment ago, and waits for.
        const mirror = speaker("n1");
        open.push(mirror);
        impostor.challenge = await asked(mirror);
        challenges.add(Buffer.from(impostor.challenge).toString("hex"));
        await Bun.sleep(100);
        return cluster.node("n1").running.stderr.includes("leads back to this node");
      },
      30_000,
      "found out",
    );
    expect(challenges.size).toBe(open.length);
    for (const mirror of open) mirror.close();
    impostor.challenge = new Uint8Array(32).fill(9);
    await waitFor(() => impostor.answered >= 6, 60_000, "dialled often enough");
    expectNothing(impostor.heard, "n1", "n2");
  } finally {
    impostor.close();
  }
  expect(cluster.node("n1").isRunning && cluster.node("n2").isRunning).toBe(true);
  await cluster.start("n3");
}, 180_000);

/** Listens in the place of a node, asks what it is told to, and answers a proof with what it has. */
class Impostor {
  challenge: Uint8Array = new Uint8Array(32);
  answered = 0;
  readonly #heard: Buffer[] = [];
  #listener: NetworkListener | undefined;
  readonly #connections: Connection[] = [];

  static async start(port: number, replies: readonly Uint8Array[]): Promise<Impostor> {
    const impostor = new Impostor();
    impostor.#listener = await NETWORK.listen({ host: LOOPBACK, port }, (connection) => {
      let bytes = 0;
      impostor.#connections.push(connection);
      connection.write(PREFACE);
      connection.write(challengeFrame(impostor.challenge));
      return {
        onData: (data) => {
          bytes += data.byteLength;
          impostor.#heard.push(Buffer.from(data));
          if (bytes <= PREFACE.byteLength) return;
          bytes = Number.NEGATIVE_INFINITY;
          connection.write(replies[impostor.answered++ % replies.length] as Uint8Array);
        },
        onClose: () => {},
      };
    });
    return impostor;
  }

  get heard(): Buffer {
    return Buffer.concat(this.#heard);
  }

  close(): void {
    this.#listener?.close();
    for (const connection of this.#connections) connection.destroy("enough");
  }
}

test("8. a crowd of connections that say nothing holds a few places, for a few seconds, and keeps no member out", async () => {
  await cluster.kill("n2");
  const crowd = Array.from({ length: 400 }, () => speaker("n1"));
  await Promise.all(crowd.slice(-20).map(asked));
  const alive = () => crowd.filter(({ ended }) => ended === undefined).length;
  await waitFor(() => alive() <= 32, 5_000, "thinned out");
  expect(await failures("n1", "crowded")).toBeGreaterThanOrEqual(368);
  await cluster.start("n2");
  await cluster.converged();
  await waitFor(() => alive() === 0, GONE_MS, "gone");
  expect(await failures("n1", "timeout")).toBeGreaterThan(0);
}, 60_000);

test("9. the command that makes a secret runs anywhere, before there is a node", async () => {
  const child = Bun.spawn([...serverCommand(), "cluster", "secret"], { stdout: "pipe", stderr: "pipe" });
  const [out, code] = [await new Response(child.stdout).text(), await child.exited];
  expect([code, /^[0-9a-f]{64}\n$/.test(out)]).toEqual([0, true]);
});
