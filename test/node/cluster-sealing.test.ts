/** One sealing key for a cluster: who gets it, who does not, and what a lost node key means. */
import { expect, test } from "bun:test";
import type { Membership } from "../../src/cluster/registry/membership.ts";
import type { Member } from "../../src/cluster/registry/node-registry.ts";
import { ClusterSealing } from "../../src/node/cluster-sealing.ts";
import {
  boxKey,
  memberKey,
  memberRowBytes,
  readSealingRows,
  SEALING_KEY,
} from "../../src/node/sealing-rows.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { StartError } from "../../src/platform/start-error.ts";
import type { Timers } from "../../src/platform/timers.ts";
import { NodeKey } from "../../src/secrets/node-key.ts";
import type { SealingKey } from "../../src/secrets/sealing-key.ts";
import { settingKey } from "../../src/txn/keys.ts";
import { noLog } from "../support/no-log.ts";
import { Rows } from "./support/rows.ts";

const CLUSTER = "cc".repeat(16);

/** Waiting takes no time: the others do their turn. */
class World {
  readonly kv = new Rows();
  readonly members: Member[] = [];
  readonly holders: ClusterSealing[] = [];
  leader = "n1";
  nowMs = 0;
  waits = 0;

  readonly timers: Timers = {
    later: (task) => {
      if (++this.waits > 20) throw new Error("waits for ever");
      Promise.all(this.holders.map((holder) => holder.tend())).then(task);
      return () => {};
    },
    every: () => () => {},
    soon: queueMicrotask,
  };

  join(name: string): string {
    const instance = Buffer.from(systemRandom.bytes(16)).toString("hex");
    this.members.push({ id: this.members.length + 1, name, address: `${name}:1`, instance });
    return instance;
  }

  node(
    name: string,
    instance: string,
    key = NodeKey.make(systemRandom),
    clusterId = CLUSTER,
  ): ClusterSealing {
    return new ClusterSealing({
      kv: this.kv,
      key,
      self: () => ({ clusterId, name, instance }),
      membership: () => ({ members: [...this.members] }) as unknown as Membership,
      leading: () => this.leader === name,
      nowMs: () => this.nowMs,
      retentionMs: 600_000,
      timers: this.timers,
      random: systemRandom,
      log: noLog,
    });
  }

  async start(
    name: string,
  ): Promise<{ node: ClusterSealing; sealing: SealingKey; instance: string; key: NodeKey }> {
    const instance = this.join(name);
    const key = NodeKey.make(systemRandom);
    const node = this.node(name, instance, key);
    const sealing = await node.obtain();
    this.holders.push(node);
    return { node, sealing, instance, key };
  }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const secret = new TextEncoder().encode("the secret of all");

test("the first makes the key, the others get it from those that have it, and all open what one has sealed", async () => {
  const world = new World();
  const first = await world.start("n1");
  expect(first.node.waits).toBe(false);
  const second = await world.start("n2");
  const third = await world.start("n3");
  const sealed = second.sealing.seal("a", secret, systemRandom);
  for (const { sealing } of [first, second, third])
    expect(text(sealing.open("a", sealed))).toBe(text(secret));
  // Again after a restart, without anybody's help.
  world.holders.length = 0;
  const again = await world.node("n3", third.instance, third.key).obtain();
  expect(text(again.open("a", sealed))).toBe(text(secret));
});

test("two at once: one key", async () => {
  const world = new World();
  const [a, b] = [world.join("n1"), world.join("n2")];
  const one = world.node("n1", a);
  const two = world.node("n2", b);
  world.holders.push(one, two);
  const [first, second] = await Promise.all([one.obtain(), two.obtain()]);
  expect(second.id).toBe(first.id);
  expect(text(second.open("a", first.seal("a", secret, systemRandom)))).toBe(text(secret));
});

test("a node waits as long as nobody who has the key runs, and says so", async () => {
  const world = new World();
  await world.start("n1");
  const [holder] = world.holders.splice(0);
  const node = world.node("n2", world.join("n2"));
  let resolved = false;
  world.timers.later = (task) => {
    if (++world.waits === 3 && holder !== undefined) world.holders.push(holder);
    expect([resolved, node.waits]).toEqual([false, true]);
    Promise.all(world.holders.map((other) => other.tend())).then(task);
    return () => {};
  };
  await node.obtain();
  resolved = true;
  expect(world.waits).toBeGreaterThanOrEqual(3);
});

test("only members are given a box: not a stranger's row, and not a member's name with another directory", async () => {
  const world = new World();
  const { node } = await world.start("n1");
  world.join("n2");
  const publicKey = NodeKey.make(systemRandom).publicKey;
  world.kv.put(memberKey("ab".repeat(16)), memberRowBytes("stranger", publicKey));
  world.kv.put(memberKey("cd".repeat(16)), memberRowBytes("n2", publicKey));
  world.leader = "n9";
  await node.tend();
  expect((await readSealingRows(world.kv)).boxes.size).toBe(1);
});

test("a removed member's row and box are deleted by the leader, and by nobody else", async () => {
  const world = new World();
  const { node: first } = await world.start("n1");
  const second = await world.start("n2");
  world.members.splice(1, 1);
  world.leader = "n3";
  await first.tend();
  expect(world.kv.value(boxKey(second.instance))).toBeDefined();
  world.leader = "n1";
  await first.tend();
  expect(world.kv.value(boxKey(second.instance))).toBeUndefined();
  expect(world.kv.value(memberKey(second.instance))).toBeUndefined();
});

test("another node key than the one that was shown is an error for good, which says what to do", async () => {
  const world = new World();
  await world.start("n1");
  const second = await world.start("n2");
  const error = await world
    .node("n2", second.instance)
    .obtain()
    .catch((caught: unknown) => caught);
  if (!(error instanceof StartError)) throw new Error(`not a StartError: ${String(error)}`);
  expect(error.exitCode).toBe(EXIT.LASTING);
  expect(error.message).toContain("the cluster knows n2 by another node key");
  expect(error.message).toContain("replace n2 by a node with a new name");
});

test("a box does not open in another node's place, nor in another cluster, nor changed", async () => {
  const world = new World();
  await world.start("n1");
  const second = await world.start("n2");
  const box = world.kv.value(boxKey(second.instance)) ?? new Uint8Array(0);
  const elsewhere = world.node("n2", second.instance, second.key, "dd".repeat(16));
  const refused = (node: ClusterSealing) => node.obtain().then(() => "opened", String);
  expect(await refused(elsewhere)).toContain("does not open");
  const record = JSON.parse(text(box)) as { ciphertext: string };
  const changed = Buffer.from(record.ciphertext, "base64");
  changed[0] = (changed[0] ?? 0) ^ 1;
  world.kv.put(
    boxKey(second.instance),
    new TextEncoder().encode(JSON.stringify({ ...record, ciphertext: changed.toString("base64") })),
  );
  expect(await refused(world.node("n2", second.instance, second.key))).toContain("does not open");
});

test("damaged rows: one member's is passed over, a box that cannot be read is made again, the key's own ends the start", async () => {
  const world = new World();
  const first = await world.start("n1");
  const second = await world.start("n2");
  const junk = new TextEncoder().encode("{");
  world.kv.put(memberKey(world.join("n3")), junk);
  world.kv.put(boxKey(second.instance), junk);
  await first.node.tend();
  expect((await world.node("n2", second.instance, second.key).obtain()).id).toBe(first.sealing.id);
  world.kv.put(SEALING_KEY, junk);
  const error = await world.node("n2", second.instance, second.key).obtain().catch(String);
  expect(error).toContain("the row of the cluster's sealing key");
});

test("after a row in the clear was replaced the leader commits once more when its old version is due, also on an idle cluster", async () => {
  const world = new World();
  const key = settingKey("root-credentials");
  world.kv.put(key, new TextEncoder().encode('{"accessKey":"abc","secretKey":"geheim-und-lang"}'));
  const { node } = await world.start("n1");
  await node.tend();
  expect(world.kv.content).not.toContain("geheim");
  const { replacedTs } = await readSealingRows(world.kv);
  expect(replacedTs).toBeDefined();
  const still = async () => {
    await node.tend();
    return (await readSealingRows(world.kv)).replacedTs !== undefined;
  };
  world.nowMs = 600_000;
  expect(await still()).toBe(true);
  world.nowMs = 620_000;
  world.leader = "n2";
  expect(await still()).toBe(true);
  world.leader = "n1";
  expect(await still()).toBe(false);
});
