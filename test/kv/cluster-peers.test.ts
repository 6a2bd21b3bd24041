import { expect, test } from "bun:test";
import { ClusterPeers } from "../../src/kv/cluster-peers.ts";
import type { TransportCallbacks } from "../../src/kv/consensus-options.ts";
import { noLog } from "../../src/monitoring/log.ts";
import { bootstrapMembership } from "../../src/raft/engine/membership.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import type { Membership } from "../../src/raft/engine/types.ts";
import type { Hello, Peer, Transport } from "../../src/raft/transport/types.ts";

const CLUSTER = ["n1", "n2", "n3"].map((name) => ({ name, address: `${name}.test:7000` }));
const INSTANCES = new Map(CLUSTER.map(({ name }) => [name, name.repeat(16)]));

/** n1, and the peers that it has its transport dial. */
function peersOfN1() {
  let callbacks: TransportCallbacks | undefined;
  let dialled: readonly Peer[] = [];
  const transport: Transport = {
    start: async () => {},
    setPeers: (peers) => {
      dialled = peers;
    },
    send: () => true,
    status: () => [],
    close: () => {},
  };
  const peers = new ClusterPeers({
    identity: {
      clusterId: "c",
      name: "n1",
      instance: INSTANCES.get("n1") ?? "",
      roster: [],
      initializing: false,
    },
    initialCluster: CLUSTER,
    join: [],
    peer: {
      advertise: "n1.test:7000",
      tls: false,
      transport: (given) => {
        callbacks = given;
        return transport;
      },
    },
    version: "test",
    logger: noLog,
    timers: { later: () => () => {}, every: () => () => {}, soon: () => {} },
    onMessage: () => {},
    onUnreachable: () => {},
    allocate: (bytes) => new Uint8Array(bytes),
    onHello: () => {},
    onRefused: () => {},
    onProblem: () => {},
  });
  const hello = (name: string, address: string): void => {
    const said: Hello = {
      clusterId: "c",
      id: raftIdOf(name),
      name,
      instance: INSTANCES.get(name) ?? "",
      protocol: 1,
      version: "test",
      capabilities: [],
      address,
    };
    callbacks?.onHello({ id: said.id, name, address: { host: "somewhere", port: 1 } }, said);
  };
  const address = (name: string): string | undefined => {
    const peer = dialled.find((one) => one.name === name);
    return peer === undefined ? undefined : `${peer.address.host}:${peer.address.port}`;
  };
  return { peers, hello, address };
}

function membership(index: number, addressOfN3: string): Membership {
  const initial = bootstrapMembership(CLUSTER);
  const members = initial.members.map((member) => ({
    ...member,
    instance: INSTANCES.get(member.name) ?? "",
    address: member.name === "n3" ? addressOfN3 : member.address,
  }));
  return { ...initial, index, members };
}

test("a member that has moved is dialled where it says it is, and that is what is to be registered", () => {
  const { peers, hello, address } = peersOfN1();
  peers.setMembership(membership(5, "n3.test:7000"));
  expect(peers.unregistered()).toBeUndefined();
  hello("n3", "n3.new:7000");
  expect(address("n3")).toBe("n3.new:7000");
  expect(peers.unregistered()).toMatchObject({ name: "n3", address: "n3.new:7000" });
  peers.setMembership(membership(6, "n3.new:7000"));
  expect(peers.unregistered()).toBeUndefined();
});

test("one that told only the others that it has moved is dialled there too, and its old address does not come back", () => {
  const { peers, hello, address } = peersOfN1();
  peers.setMembership(membership(5, "n3.test:7000"));
  hello("n3", "n3.test:7000");
  peers.setMembership(membership(6, "n3.new:7000"));
  expect(address("n3")).toBe("n3.new:7000");
  expect(peers.unregistered()).toBeUndefined();
});
