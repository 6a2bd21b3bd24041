/**
 * Three nodes, each in a network namespace of its own: packets vanish, as they do when a cable is pulled or a switch dies. The proxies
 * of cluster-partition.process.ts tell of partitions where this cannot be had; they hold bytes back, which this does not.
 */
import { expect, test } from "bun:test";
import { type Cluster, waitFor, withCluster } from "./lib/cluster.ts";
import { canMakeNetworks, hasNetem, NodeNetwork } from "./lib/namespaces.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";
import { RegisterLoad } from "./lib/register-load.ts";

const NAMES = ["n1", "n2", "n3"];
const possible = canMakeNetworks();

async function withNetwork(run: (cluster: Cluster, network: NodeNetwork) => Promise<void>): Promise<void> {
  const network = await NodeNetwork.create(NAMES);
  try {
    await withCluster({ proxied: false, places: network.places }, (cluster) => run(cluster, network));
  } finally {
    await network.close();
  }
}

/** It says of itself that it leads no more. */
function steppedDown(cluster: Cluster, name: string): Promise<void> {
  const isSo = async (): Promise<boolean> => (await cluster.status(name)).leaderId !== name;
  return waitFor(isSo, 10_000, `aware that it does not lead: ${name}`);
}

test.if(possible)(
  "packets of the leader vanish, or its link is down: the others go on, and it follows when it is back",
  async () => {
    await withNetwork(async (cluster, network) => {
      const load = await RegisterLoad.start(cluster);
      await load.progress();
      for (const fault of ["cut", "unplug", "cut"] as const) {
        const leader = await cluster.leader();
        const others = cluster.others(leader).map(({ name }) => name);
        network[fault](leader);
        await load.progress(60);
        expect(await cluster.leader(others)).not.toBe(leader);
        await steppedDown(cluster, leader);
        // Asked after all that was acknowledged elsewhere: it may not answer from what it has.
        const reads = load.burst(leader);
        await Bun.sleep(500);
        network.heal();
        await reads;
        await load.progress();
        await cluster.converged();
      }
      await load.finish();
    });
  },
  180_000,
);

test.if(possible)(
  "both followers are cut off: nothing is acknowledged, nobody leads, and then everything goes on",
  async () => {
    await withNetwork(async (cluster, network) => {
      const load = await RegisterLoad.start(cluster);
      await load.progress();
      const leader = await cluster.leader();
      network.cut(...cluster.others(leader).map(({ name }) => name));
      await steppedDown(cluster, leader);
      // What was on its way to the clients has arrived.
      await Bun.sleep(300);
      const { acknowledged } = load;
      await Bun.sleep(3_000);
      expect(load.acknowledged).toBe(acknowledged);
      for (const name of NAMES)
        expect([name, (await cluster.status(name)).leaderId]).not.toEqual([name, name]);
      network.heal();
      await load.progress(60);
      await cluster.converged();
      await load.finish();
    });
  },
  180_000,
);

test.if(possible)(
  "a node starts while its link is cut: no SYN arrives, and it follows when they do",
  async () => {
    await withNetwork(async (cluster, network) => {
      const load = await RegisterLoad.start(cluster);
      await load.progress();
      // A follower, and then the leader.
      for (const leads of [false, true]) {
        const leader = await cluster.leader();
        const name = leads ? leader : (cluster.others(leader)[0]?.name ?? "");
        network.cut(name);
        await cluster.kill(name);
        const node = await cluster.spawn(name);
        await load.progress(60);
        await Bun.sleep(3_000);
        expect((await node.admin("/readyz")).status).toBe(503);
        network.heal();
        const begin = performance.now();
        await node.ready();
        console.log(`ready ${(performance.now() - begin).toFixed(0)} ms after the link was back`);
        await load.progress();
        await cluster.converged();
      }
      await load.finish();
    });
  },
  180_000,
);

test.if(possible)(
  "links that come and go: packets are lost on all of them, in the middle of everything",
  async () => {
    await withNetwork(async (cluster, network) => {
      const random = new Random(seedFromEnvironment());
      const load = await RegisterLoad.start(cluster);
      await load.progress();
      for (let round = 0; round < 40; round++) {
        network.cut(NAMES[random.between(0, 2)] ?? "");
        await Bun.sleep(random.between(20, 300));
        network.heal();
        await Bun.sleep(random.between(0, 200));
      }
      await load.progress(60);
      await cluster.converged();
      await load.finish();
    });
  },
  180_000,
);

test.if(possible && hasNetem())(
  "a bad network: packets are lost, late and out of order",
  async () => {
    await withNetwork(async (cluster, network) => {
      const load = await RegisterLoad.start(cluster);
      await load.progress();
      network.disturb("delay", "15ms", "10ms", "loss", "2%");
      await load.progress(100, 90_000);
      network.heal();
      await load.progress();
      await cluster.converged();
      await load.finish();
    });
  },
  240_000,
);
