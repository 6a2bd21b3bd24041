/** Blob threads over real TCP on loopback: what is pushed and fetched arrives, and a node that ends is noticed. */
import { afterEach, expect, test } from "bun:test";
import { BlobConnections } from "../../../src/blob/replication/peers.ts";
import { BlobReplicator } from "../../../src/blob/replication/replicator.ts";
import { formatAddress } from "../../../src/config/address.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { realNetwork } from "../../../src/platform/network/real-network.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { systemTimers } from "../../../src/platform/timers.ts";
import { SECRET } from "../../peer/support/node.ts";
import { noLog } from "../../support/no-log.ts";
import { blob, CLUSTER, hex, MemoryBlobs, member, sha256 } from "./support/nodes.ts";

const open: BlobConnections[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function start(id: number) {
  const blobs = new MemoryBlobs();
  const peers = new BlobConnections({
    network: realNetwork(undefined),
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    authentication: { secrets: [SECRET], tls: false },
    identity: {
      id,
      name: `n${id}`,
      instance: `instance-${id}`,
      boot: `00000000000000b${id}`,
      version: "0.1.0",
      protocol: 2,
    },
    listen: { host: "127.0.0.1", port: 0 },
    advertise: undefined,
    server: blobs,
    logger: noLog,
    metrics: {
      dropped() {},
      sent() {},
      received() {},
      protocolError() {},
      handshakeFailed() {},
      connected() {},
    },
  });
  await peers.start();
  open.push(peers);
  if (peers.address === undefined) throw new Error("it does not listen");
  return { id, blobs, peers, address: formatAddress(peers.address) };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(2);
}

test("three nodes store, fetch and ask over TCP; one ends, and the other two go on", async () => {
  const nodes = [await start(1), await start(2), await start(3)] as const;
  const members = nodes.map(({ id, address }) => member(id, { blobAddress: address }));
  for (const { peers } of nodes) peers.setMembers(CLUSTER, members);
  await until(() => nodes.every(({ peers }) => peers.reachable().length === 2));
  const [a, b, c] = nodes;
  const recorded = { degraded: 0 };
  const replicator = new BlobReplicator({
    ownId: 1,
    peers: a.peers,
    writeLocal: async (sha, bytes) => void a.blobs.keep(1, sha, bytes, 0),
    failureOf: () => "IO",
    minReplicas: undefined,
    clock: systemClock,
    timers: systemTimers,
    logger: noLog,
    metrics: { pushed() {}, stored() {}, degraded: () => void recorded.degraded++ },
  });
  replicator.setMembers(members);

  const blobs = Array.from({ length: 48 }, (_, i) => blob(i, (1 << 20) - i));
  const names = blobs.map(sha256);
  const store = (bytes: Uint8Array) => replicator.store(sha256(bytes), bytes, 7);
  const outcomes = await Promise.all(blobs.map(store));
  for (const outcome of outcomes) expect(outcome.kind).toBe("stored");
  for (const name of names) {
    const held = nodes.filter(({ blobs: { held } }) => held.has(hex(name)));
    expect(held.length).toBeGreaterThanOrEqual(2);
  }
  expect(recorded.degraded).toBe(0);

  for (const node of [b, c]) {
    const states = await a.peers.ask(node.id, names, true);
    for (const [i, state] of states.entries()) {
      const fetched = await a.peers.fetch(node.id, names[i] as Uint8Array, 1 << 20);
      expect([state, fetched.kind]).toEqual(
        state === "present" ? ["present", "blob"] : ["missing", "not-found"],
      );
      if (fetched.kind === "blob") expect(hex(sha256(fetched.bytes))).toBe(hex(names[i] as Uint8Array));
    }
  }

  c.peers.close();
  await until(() => a.peers.reachable().length === 1);
  expect(await store(blob(100))).toEqual({ kind: "stored", copies: 2 });
  b.peers.close();
  await until(() => a.peers.reachable().length === 0);
  expect(await store(blob(101))).toMatchObject({ kind: "failed", failure: "TOO_FEW_COPIES" });
});
