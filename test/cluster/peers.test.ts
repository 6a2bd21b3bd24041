import { expect, test } from "bun:test";
import { ClusterPeers } from "../../src/cluster/peers.ts";
import type { Membership } from "../../src/cluster/registry/membership.ts";
import { bootstrapMembership } from "../../src/cluster/registry/membership.ts";
import type { ClusterIdentity, TransportCallbacks } from "../../src/cluster/types.ts";
import type { Logger } from "../../src/monitoring/log.ts";
import type { HandshakeResult, Hello, Peer, Transport } from "../../src/peer/types.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import { noLog } from "../support/no-log.ts";

const CLUSTER = ["n1", "n2", "n3"].map((name) => ({ name, address: `${name}.test:7000` }));
const INSTANCES = new Map(CLUSTER.map(({ name }) => [name, name.repeat(16)]));

/** n1, and the peers that it has its transport dial. */
function peersOfN1(
  identity: Partial<ClusterIdentity> = {},
  { logger = noLog, later = [] }: { logger?: Logger; later?: (() => void)[] } = {},
) {
  const events: string[] = [];
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
      incarnations: ["00000000000000a1"],
      peerIncarnations: [],
      initializing: false,
      ...identity,
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
    logger,
    timers: {
      later: (task) => {
        later.push(task);
        return () => {};
      },
      every: () => () => {},
      soon: () => {},
    },
    onMessage: () => {},
    onUnreachable: () => {},
    allocate: (bytes) => new Uint8Array(bytes),
    onHello: () => {},
    onRefused: () => {},
    onProblem: () => {},
    keepIncarnations: () => {},
    onRolledBack: (message) => void events.push(message),
  });
  const helloOf = (name: string, address: string): Hello => ({
    clusterId: "c",
    id: raftIdOf(name),
    name,
    instance: INSTANCES.get(name) ?? "",
    protocol: 2,
    boot: "00000000000000b1",
    version: "test",
    capabilities: [],
    address,
  });
  const hello = (name: string, address: string): void => {
    const said = helloOf(name, address);
    callbacks?.onHello({ id: said.id, name, address: { host: "somewhere", port: 1 } }, said);
  };
  const admit = (name: string, fields: Partial<Hello>): HandshakeResult | undefined =>
    callbacks?.admit({ ...helloOf(name, `${name}.test:7000`), ...fields });
  const address = (name: string): string | undefined => {
    const peer = dialled.find((one) => one.name === name);
    return peer === undefined ? undefined : `${peer.address.host}:${peer.address.port}`;
  };
  const given = (): TransportCallbacks => {
    if (callbacks === undefined) throw new Error("no transport was made");
    return callbacks;
  };
  return { peers, hello, admit, address, events, callbacks: given };
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
  peers.setRegistry(membership(5, "n3.test:7000"));
  expect(peers.unregistered()).toBeUndefined();
  hello("n3", "n3.new:7000");
  expect(address("n3")).toBe("n3.new:7000");
  expect(peers.unregistered()).toMatchObject({ name: "n3", address: "n3.new:7000" });
  peers.setRegistry(membership(6, "n3.new:7000"));
  expect(peers.unregistered()).toBeUndefined();
});

test("one that told only the others that it has moved is dialled there too, and its old address does not come back", () => {
  const { peers, hello, address } = peersOfN1();
  peers.setRegistry(membership(5, "n3.test:7000"));
  hello("n3", "n3.test:7000");
  peers.setRegistry(membership(6, "n3.new:7000"));
  expect(address("n3")).toBe("n3.new:7000");
  expect(peers.unregistered()).toBeUndefined();
});

test("a directory that lacks a start that a member knows is a copy: it says so once, and says nothing else", () => {
  const { peers, admit, events } = peersOfN1({ incarnations: ["00000000000000a1"] });
  peers.setRegistry(membership(5, "n3.test:7000"));
  const known = {
    boot: "00000000000000b1",
    lastIncarnationOfYou: "00000000000000a1",
    instanceOfYou: INSTANCES.get("n1") ?? "",
  };
  expect(admit("n2", known)).toEqual({ ok: true });
  // Not welcome itself: its word counts for nothing.
  expect(
    admit("n2", { ...known, instance: "wiped", lastIncarnationOfYou: "00000000000000a2" }),
  ).toMatchObject({
    code: "WRONG_INSTANCE",
  });
  expect(events).toEqual([]);
  expect(peers.send(raftIdOf("n2"), { kind: "snapshot-end", streamId: 1 })).toBe(true);
  const refused = admit("n3", { ...known, lastIncarnationOfYou: "00000000000000a2" });
  expect(refused).toMatchObject({ code: "ROLLED_BACK", message: expect.stringContaining("cluster replace") });
  expect(admit("n2", known)).toMatchObject({ code: "ROLLED_BACK" });
  expect(admit("n3", {})).toMatchObject({ code: "ROLLED_BACK" });
  expect(peers.send(raftIdOf("n2"), { kind: "snapshot-end", streamId: 1 })).toBe(false);
  expect(events).toEqual([expect.stringContaining("n3 knows its start 00000000000000a2")]);
});

test("who does not know the secret is logged with its address: once a minute, and not every address there is", () => {
  const lines: string[] = [];
  const later: (() => void)[] = [];
  const log = {
    ...noLog,
    warn: (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  };
  const { callbacks } = peersOfN1({}, { logger: log, later });
  const come = () => {
    for (let i = 0; i < 100; i++) callbacks().onUnproven?.(`10.0.0.${i % 50}`);
  };
  come();
  expect(lines).toHaveLength(16);
  expect(lines[0]).toBe('somebody at the peer port does not know the cluster secret {"from":"10.0.0.0"}');
  come();
  expect([lines.length, later.length]).toEqual([16, 1]);
  later[0]?.();
  come();
  expect(lines).toHaveLength(32);
});

test("heard is who has spoken, refused, or could not be reached", () => {
  const { peers, hello, admit, callbacks } = peersOfN1();
  peers.setRegistry(membership(5, "n3.test:7000"));
  const ids = ["n1", "n2", "n3"].map(raftIdOf);
  expect(peers.haveHeard(ids)).toBe(false);
  hello("n3", "n3.test:7000");
  expect(peers.haveHeard(ids)).toBe(false);
  callbacks().onProblem?.(
    { id: raftIdOf("n2"), name: "n2", address: { host: "n2.test", port: 7000 } },
    "refused",
  );
  expect(peers.haveHeard(ids)).toBe(true);
  expect(admit("n2", {})).toEqual({ ok: true });
});

test("the hello says which entries this release can apply that an earlier one cannot", () => {
  const { callbacks } = peersOfN1();
  expect(callbacks().hello(raftIdOf("n2")).capabilities).toEqual(["archive", "versions"]);
});
