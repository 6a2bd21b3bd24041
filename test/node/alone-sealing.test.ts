/** The sealing key of a node alone: made with the first secret, opened at later starts, never a reason not to start. */
import { expect, test } from "bun:test";
import { AloneSealing } from "../../src/node/alone-sealing.ts";
import { ClusterSealing } from "../../src/node/cluster-sealing.ts";
import { readSealingRows } from "../../src/node/sealing-rows.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { NodeKey } from "../../src/secrets/node-key.ts";
import { ManualTime } from "../support/manual-time.ts";
import { noLog } from "../support/no-log.ts";
import { Rows } from "./support/rows.ts";

const SELF = { clusterId: "cc".repeat(16), name: "n1", instance: "ab".repeat(16) };
const secret = new TextEncoder().encode("a secret");

function world() {
  const kv = new Rows();
  const made: NodeKey[] = [];
  const errors: unknown[] = [];
  const start = (key: NodeKey | undefined, self = SELF) =>
    new AloneSealing({
      kv,
      key,
      makeKey: () => {
        made.push(NodeKey.make(systemRandom));
        return made.at(-1) as NodeKey;
      },
      self: () => self,
      timers: new ManualTime(),
      random: systemRandom,
      log: { ...noLog, error: (_message, fields) => void errors.push(fields) },
    });
  return { kv, made, errors, start };
}

test("nothing is made before there is a secret to seal; two at once make one key; the next start opens it", async () => {
  const { kv, made, start } = world();
  const first = start(undefined);
  await first.open();
  expect([first.sealing, made.length, (await readSealingRows(kv)).keyId]).toEqual([undefined, 0, undefined]);
  const [one, two] = await Promise.all([first.orMake(), first.orMake()]);
  expect([one === two, made.length, first.sealing === one]).toEqual([true, 1, true]);
  const sealed = one.seal("a", secret, systemRandom);
  const again = start(made[0]);
  await again.open();
  const opened = again.sealing;
  if (opened === undefined || opened === "lost") throw new Error("it was not opened");
  expect(opened.open("a", sealed)).toEqual(secret);
  expect((await again.orMake()).id).toBe(one.id);
});

test("a lost node key is logged at the start, and whoever wants to seal is told", async () => {
  const { made, errors, start } = world();
  await start(undefined).orMake();
  const lost = start(undefined);
  await lost.open();
  expect([lost.sealing, errors.length]).toEqual(["lost", 1]);
  expect(lost.orMake()).rejects.toThrow(/another node key/);
  await lost.orMake().catch(() => {});
  const elsewhere = start(made[0], { ...SELF, instance: "cd".repeat(16) });
  expect(elsewhere.orMake()).rejects.toThrow(/no box/);
  await elsewhere.orMake().catch(() => {});
});

test("who becomes a member later has the same key, also before it is registered as one", async () => {
  const { kv, made, start } = world();
  const alone = await start(undefined).orMake();
  const member = new ClusterSealing({
    kv,
    key: made[0] as NodeKey,
    self: () => SELF,
    membership: () => undefined,
    leading: () => true,
    nowMs: () => 0,
    retentionMs: 0,
    timers: { later: () => () => {}, every: () => () => {}, soon: queueMicrotask },
    random: systemRandom,
    log: noLog,
  });
  expect((await member.obtain()).id).toBe(alone.id);
  await member.tend();
  expect((await readSealingRows(kv)).boxes.has(SELF.instance)).toBe(true);
});
