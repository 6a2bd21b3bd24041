/** The transport over the sockets, clock and timers that a node really has. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/platform/clock.ts";
import { realNetwork, type TlsFiles } from "../../src/platform/network/real-network.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { systemTimers } from "../../src/platform/timers.ts";
import { PeerTransport } from "../../src/raft/transport/transport.ts";
import type { Lane, Peer, PeerMessage, Verdict } from "../../src/raft/transport/types.ts";
import { makeCertificates, type TestCertificates } from "../platform/support/certificates.ts";
import { needs } from "../platform/support/needs.ts";
import { EVERY_MESSAGE, plain } from "./support/messages.ts";
import { SECRET } from "./support/node.ts";

interface Node {
  readonly transport: PeerTransport;
  readonly peer: Peer;
  readonly received: PeerMessage[];
  readonly refusals: string[];
}

const open: PeerTransport[] = [];
afterEach(() => {
  for (const transport of open.splice(0)) transport.close();
});

async function start(
  id: number,
  tls?: TlsFiles,
  secrets: readonly Uint8Array[] = tls === undefined ? [SECRET] : [],
): Promise<Node> {
  const name = `n${id}`;
  const received: PeerMessage[] = [];
  const refusals: string[] = [];
  const transport: PeerTransport = new PeerTransport({
    network: realNetwork(tls),
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    authentication: { secrets, tls: tls !== undefined },
    hello: () => ({
      clusterId: "c1",
      id,
      name,
      instance: `instance-${id}`,
      protocol: 2,
      boot: `00000000000000b${id}`,
      version: "0.1.0",
      capabilities: [],
      address: `127.0.0.1:${transport.address?.port ?? 0}`,
    }),
    listen: { host: "127.0.0.1", port: 0 },
    lanes: 4,
    maxInflightMsgs: 512,
    maxSizePerMsgBytes: 4 << 20,
    admit: () => ({ ok: true }),
    certify: (hello, certificate): Verdict =>
      tls === undefined || certificate?.names.includes(hello.name)
        ? { ok: true }
        : {
            ok: false,
            code: "CERTIFICATE",
            message: `the certificate of ${hello.name} names ${certificate?.names}`,
          },
    onMessage: (_, message) => void received.push(message),
    onUnreachable: () => {},
    onRefused: (_, code, message) => void refusals.push(`${code}: ${message}`),
    onHello: () => {},
    metrics: {
      dropped() {},
      sent() {},
      received() {},
      protocolError() {},
      handshakeFailed() {},
      connected() {},
    },
    allocate: (bytes) => new Uint8Array(new SharedArrayBuffer(bytes)),
  });
  await transport.start();
  open.push(transport);
  const peer = { id, name, address: transport.address ?? { host: "", port: 0 } };
  return { transport, peer, received, refusals };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(2);
}

async function meet(a: Node, b: Node): Promise<void> {
  a.transport.setPeers([b.peer]);
  b.transport.setPeers([a.peer]);
  await until(() => [a, b].every(({ transport }) => transport.status()[0]?.reachable === true));
}

async function exchange(a: Node, b: Node): Promise<void> {
  await meet(a, b);
  for (const message of EVERY_MESSAGE) {
    // The other lanes follow the heartbeat lane.
    await until(() => a.transport.send(b.peer.id, message));
  }
  await until(() => b.received.length >= EVERY_MESSAGE.length);
  const sorted = (messages: readonly PeerMessage[]) =>
    messages.map((message) => JSON.stringify(plain(message))).sort();
  expect(sorted(b.received)).toEqual(sorted(EVERY_MESSAGE));
}

test("every message arrives over TCP", async () => exchange(await start(1), await start(2)));

test("a peer that goes away and comes back at its address is met again", async () => {
  const [a, b] = [await start(1), await start(2)];
  await meet(a, b);
  b.transport.close();
  await until(() => a.transport.status()[0]?.reachable === false);
  const again = await start(3);
  a.transport.setPeers([again.peer]);
  again.transport.setPeers([a.peer]);
  await until(() => a.transport.status()[0]?.reachable === true);
  const lane: Lane = "heartbeat";
  expect([lane, a.transport.send(2, EVERY_MESSAGE[0] as PeerMessage)]).toEqual([lane, false]);
});

describe.if(needs("openssl"))("mutual TLS", () => {
  let certificates: TestCertificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => certificates.remove());

  test("every message arrives, and the certificate's names reach `admit` on both ends", async () =>
    exchange(await start(1, certificates.node("n1")), await start(2, certificates.node("n2"))));

  test("a certificate that names another node is refused, with the reason", async () => {
    const a = await start(1, certificates.node("n1"));
    const b = await start(2, certificates.node("n3"));
    a.transport.setPeers([b.peer]);
    b.transport.setPeers([a.peer]);
    await until(() => b.refusals.length > 0);
    expect(b.refusals[0]).toBe("CERTIFICATE: the certificate of n2 names n3,n3.example,192.0.2.7");
    expect(b.transport.status()[0]).toMatchObject({ reachable: false, hello: undefined });
  });

  test("a secret as well: every message arrives", async () => {
    const [n1, n2] = [certificates.node("n1"), certificates.node("n2")];
    await exchange(await start(1, n1, [SECRET]), await start(2, n2, [SECRET]));
  });

  test("the secret on one node only: a good certificate is not enough, and both are told", async () => {
    const a = await start(1, certificates.node("n1"), [SECRET]);
    const b = await start(2, certificates.node("n2"));
    a.transport.setPeers([b.peer]);
    b.transport.setPeers([a.peer]);
    await until(() => a.refusals.length > 0 && b.refusals.length > 0);
    for (const { refusals, transport } of [a, b]) {
      expect(refusals[0]).toContain("UNAUTHENTICATED");
      expect(transport.status()[0]).toMatchObject({ reachable: false, hello: undefined });
    }
  });

  test("TLS on one node only: both say what is wrong", async () => {
    const a = await start(1, certificates.node("n1"));
    const b = await start(2);
    a.transport.setPeers([b.peer]);
    b.transport.setPeers([a.peer]);
    const errorOf = ({ transport }: Node) => transport.status()[0]?.lastError ?? "";
    await until(() => errorOf(a).includes("TLS") && errorOf(b).includes("TLS"));
    expect(errorOf(a)).toContain("the other end does not speak TLS");
    expect(errorOf(b)).toContain("the other end speaks TLS and this node does not");
  });
});
