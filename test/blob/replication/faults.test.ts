/** Stores of five nodes while connections break, hosts stand still, nodes restart and disks are full, by seeds. */
import { expect, test } from "bun:test";
import { World } from "../../peer/support/world.ts";
import {
  type BlobNode,
  blob,
  blobGroup,
  CLUSTER,
  hex,
  type MemoryBlobs,
  member,
  pass,
  replicatorOf,
  sha256,
  soon,
  startBlobNode,
} from "./support/nodes.ts";

const SIZE = 5;
const SEEDS = 5;
const MEMBERS = Array.from({ length: SIZE }, (_, i) => member(i + 1));

/** What each node's disk has ever held: a restart keeps it. */
type Disks = Map<number, MemoryBlobs>[];

async function run(seed: number): Promise<{ stored: number; failed: number; degraded: number }> {
  const world = new World(seed);
  const nodes = await blobGroup(world, SIZE);
  const disks: Disks = nodes.map(({ id, blobs }) => new Map([[id, blobs]]));
  const int = (max: number) => world.random.nextInt(max);
  const any = () => nodes[int(SIZE)] as BlobNode;
  const held = (name: string) =>
    disks.filter((disk) => [...disk.values()].some(({ held: blobs }) => blobs.has(name))).length;
  const totals = { stored: 0, failed: 0, degraded: 0 };
  const stores: Promise<void>[] = [];

  const store = (n: number) => {
    const node = any();
    const { replicator, recorded } = replicatorOf(world, node, MEMBERS);
    const bytes = blob(seed * 1_000 + n, 50_000 + int(300_000));
    const name = sha256(bytes);
    stores.push(
      replicator.store(name, bytes, 7).then((outcome) => {
        // The caller uses the memory again at once.
        bytes.fill(0xee);
        totals.degraded += recorded.degraded;
        totals[outcome.kind]++;
        if (outcome.kind !== "stored") return;
        expect(outcome.copies).toBeGreaterThanOrEqual(recorded.degraded > 0 ? 2 : 3);
        expect([seed, n, held(hex(name)) >= outcome.copies]).toEqual([seed, n, true]);
      }),
    );
  };
  const refuse = () => {
    const { blobs } = any();
    const results = ["disk-full", "busy", "failed", "corrupt"] as const;
    const result = results[int(results.length)] ?? "failed";
    blobs.behave = int(3) === 0 ? () => new Promise(() => {}) : async () => result;
  };
  const faults = [
    refuse,
    refuse,
    refuse,
    () => {
      const living = world.living(any().host, any().host);
      living[int(living.length || 1)]?.reset();
    },
    () => world.stopped.add(any().host),
    () => world.stopped.clear(),
    () => {
      for (const { blobs } of nodes) blobs.behave = undefined;
    },
    async () => {
      const at = int(SIZE);
      nodes[at]?.peers.close();
      const again = await startBlobNode(world, at + 1);
      again.peers.setMembers(CLUSTER, MEMBERS);
      nodes[at] = again;
      disks[at]?.set(world.clock.monotonicMs(), again.blobs);
    },
  ];
  for (let n = 0; n < 50; n++) {
    store(n);
    if (int(2) === 0) await faults[int(faults.length)]?.();
    await pass(world, int(120));
  }
  await soon(world, Promise.all(stores), 30_000);
  // Nothing that is held has other bytes than its name says, whatever memory was used again meanwhile.
  for (const disk of disks) {
    for (const { held: blobs } of disk.values()) {
      for (const [name, bytes] of blobs) expect(hex(sha256(bytes))).toBe(name);
    }
  }
  // When the faults are over every node reaches every other again, and stores are whole.
  world.stopped.clear();
  for (const { blobs } of nodes) blobs.behave = undefined;
  await pass(world, 12_000);
  for (const node of nodes) {
    expect([...node.peers.reachable()].sort()).toEqual(
      MEMBERS.map(({ id }) => id).filter((id) => id !== node.id),
    );
    const { replicator, recorded } = replicatorOf(world, node, MEMBERS);
    const bytes = blob(seed + node.id, 50_000);
    expect(await soon(world, replicator.store(sha256(bytes), bytes, 7))).toMatchObject({ kind: "stored" });
    expect(recorded.degraded).toBe(0);
  }
  return totals;
}

test("whatever breaks: an acknowledged blob has its copies, and everything comes back", async () => {
  const sum = { stored: 0, failed: 0, degraded: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const totals = await run(seed);
    sum.stored += totals.stored;
    sum.failed += totals.failed;
    sum.degraded += totals.degraded;
  }
  // The schedules reach every outcome.
  expect(sum.stored).toBeGreaterThan(SEEDS * 15);
  expect(sum.failed).toBeGreaterThan(0);
  expect(sum.degraded).toBeGreaterThan(0);
}, 60_000);
