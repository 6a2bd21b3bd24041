/** A transport at a host of a World, and a record of everything that it says. */
import { PeerTransport } from "../../../src/peer/transport.ts";
import type {
  HandshakeFailure,
  HandshakeResult,
  Hello,
  Lane,
  Peer,
  PeerMessage,
  RefusalCode,
  TransportOptions,
} from "../../../src/peer/types.ts";
import type { World } from "./world.ts";

export interface TestNode {
  readonly id: number;
  readonly host: string;
  readonly transport: PeerTransport;
  readonly peer: Peer;
  /** What it says of itself. */
  readonly hello: Hello;
  readonly received: { from: number; message: PeerMessage }[];
  readonly unreachable: { peer: number; lane: Lane }[];
  readonly refusals: { peer: number; code: RefusalCode; message: string }[];
  readonly hellos: { peer: number; hello: Hello }[];
  readonly dropped: Record<Lane, number>;
  readonly sent: Record<Lane, number>;
  readonly taken: Record<Lane, number>;
  readonly allocated: Uint8Array[];
  connected: Map<string, number>;
  protocolErrors: number;
  readonly failures: HandshakeFailure[];
  admit: (hello: Hello) => HandshakeResult;
}

/** Of every node here, unless a test says otherwise. */
export const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const PORT = 9002;
const zero = (): Record<Lane, number> => ({ heartbeat: 0, replication: 0, snapshot: 0, other: 0, blob: 0 });

export function peerAt(id: number, host = `h${id}`): Peer {
  return { id, name: `n${id}`, address: { host, port: PORT } };
}

export async function startNode(
  world: World,
  id: number,
  overrides: { readonly hello?: Partial<Hello>; readonly host?: string } & Partial<
    Omit<TransportOptions, "hello">
  > = {},
): Promise<TestNode> {
  const { hello: helloFields, host = `h${id}`, ...options } = overrides;
  const hello: Hello = {
    clusterId: "c1",
    id,
    name: `n${id}`,
    instance: `instance-${id}`,
    protocol: 2,
    version: "0.1.0",
    capabilities: ["a", "b"],
    boot: `00000000000000b${id % 10}`,
    address: `${host}:${PORT}`,
    ...helloFields,
  };
  const node: TestNode = {
    id,
    host,
    peer: peerAt(id, host),
    hello,
    received: [],
    unreachable: [],
    refusals: [],
    hellos: [],
    dropped: zero(),
    sent: zero(),
    taken: zero(),
    allocated: [],
    connected: new Map(),
    protocolErrors: 0,
    failures: [],
    admit: () => ({ ok: true }),
    transport: new PeerTransport({
      network: world.network(host),
      clock: world.clock,
      timers: world.timers,
      random: world.random,
      authentication: { secrets: [SECRET], tls: false },
      hello: () => hello,
      listen: { host, port: PORT },
      lanes: 4,
      maxInflightMsgs: 512,
      maxSizePerMsgBytes: 4 << 20,
      admit: (other) => node.admit(other),
      onMessage: (from, message) => void node.received.push({ from: from.id, message }),
      onUnreachable: (peer, lane) => void node.unreachable.push({ peer: peer.id, lane }),
      onRefused: (peer, code, message) => void node.refusals.push({ peer: peer.id, code, message }),
      onHello: (peer, other) => void node.hellos.push({ peer: peer.id, hello: other }),
      metrics: {
        dropped: (lane, messages) => void (node.dropped[lane] += messages),
        sent: (lane, messages) => void (node.sent[lane] += messages),
        received: (lane, messages) => void (node.taken[lane] += messages),
        protocolError: () => void node.protocolErrors++,
        handshakeFailed: (reason) => void node.failures.push(reason),
        connected: (peer, lanes) => void node.connected.set(peer, lanes),
      },
      allocate: (size) => {
        const memory = new Uint8Array(new SharedArrayBuffer(size));
        node.allocated.push(memory);
        return memory;
      },
      ...options,
    }),
  };
  await node.transport.start();
  return node;
}

export function introduce(...nodes: readonly TestNode[]): void {
  for (const node of nodes) {
    node.transport.setPeers(nodes.filter((other) => other !== node).map(({ peer }) => peer));
  }
}

/** Nodes 1..n that know each other and have connected. */
export async function group(
  world: World,
  size: number,
  options: Parameters<typeof startNode>[2] = {},
): Promise<TestNode[]> {
  const nodes: TestNode[] = [];
  for (let id = 1; id <= size; id++) nodes.push(await startNode(world, id, options));
  introduce(...nodes);
  world.run(100);
  return nodes;
}
