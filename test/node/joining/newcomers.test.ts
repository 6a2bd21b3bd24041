/** Nodes that came with a token get their votes from the leader's node, and from nobody else. */
import { beforeEach, expect, test } from "bun:test";
import type { ClusterStatus } from "../../../src/api/schemas.ts";
import type { Member } from "../../../src/cluster/registry/node-registry.ts";
import type { MemberChange } from "../../../src/messages/cluster.ts";
import { Newcomers } from "../../../src/node/joining/newcomers.ts";
import { newcomerBytes, newcomerKey } from "../../../src/node/joining/rows.ts";
import { ManualTime } from "../../support/manual-time.ts";
import { noLog } from "../../support/no-log.ts";
import { Rows } from "../support/rows.ts";

type MemberStatus = ClusterStatus["members"][number];

let kv: Rows;
let time: ManualTime;
let leading: boolean;
let joint: boolean;
let members: MemberStatus[];
let removed: Member[];
let changes: MemberChange[];
let refusal: "NOT_CAUGHT_UP" | undefined;
let newcomers: Newcomers;

const member = (id: string, role: MemberStatus["role"], more: Partial<MemberStatus> = {}): MemberStatus =>
  ({ id, role, registered: true, reachable: true, ...more }) as MemberStatus;
const waits = (name: string) => kv.value(newcomerKey(name)) !== undefined;

beforeEach(() => {
  kv = new Rows();
  time = new ManualTime();
  leading = true;
  joint = false;
  members = [member("n1", "leader"), member("n2", "learner")];
  removed = [];
  changes = [];
  refusal = undefined;
  kv.put(newcomerKey("n2"), newcomerBytes({}));
  newcomers = new Newcomers({
    kv,
    leading: () => leading,
    registry: () => ({ members: [], removed }),
    status: async () => ({ members, joint }),
    change: async (change) => {
      changes.push(change);
      if (refusal !== undefined) return { kind: "refused", code: refusal, message: "1000 entries behind" };
      return { kind: "done", changed: true, configurationIndex: 2 };
    },
    timers: time,
    log: noLog,
  });
});

test("a learner that can be reached is promoted, again and again until the leader allows it; then its row goes", async () => {
  refusal = "NOT_CAUGHT_UP";
  await time.advance(3_000);
  expect(changes).toEqual(Array.from({ length: 3 }, () => ({ kind: "promote" as const, name: "n2" })));
  refusal = undefined;
  await time.advance(1_000);
  expect(waits("n2")).toBe(true);
  members = [member("n1", "leader"), member("n2", "follower")];
  await time.advance(1_000);
  expect(waits("n2")).toBe(false);
  const asked = changes.length;
  await time.advance(5_000);
  expect(changes.length).toBe(asked);
});

test("nothing happens at a follower, during another change, or before the node was met", async () => {
  leading = false;
  await newcomers.tend();
  leading = true;
  joint = true;
  await newcomers.tend();
  joint = false;
  members = [member("n1", "leader"), member("n2", "learner", { registered: false })];
  await newcomers.tend();
  members = [member("n1", "leader"), member("n2", "learner", { reachable: false })];
  await newcomers.tend();
  members = [member("n1", "leader")];
  await newcomers.tend();
  expect(changes).toEqual([]);
  expect(waits("n2")).toBe(true);
  newcomers.stop();
});

test("a replacement is one change, while the other is a member, and a promotion when it has left", async () => {
  kv.put(newcomerKey("n2"), newcomerBytes({ replaces: "n3" }));
  members.push(member("n3", "follower", { reachable: false }));
  await newcomers.tend();
  expect(changes).toEqual([{ kind: "replace", remove: "n3", promote: "n2" }]);
  members.pop();
  await newcomers.tend();
  expect(changes.at(-1)).toEqual({ kind: "promote", name: "n2" });
});

test("a node that was removed meanwhile is forgotten; an operator who promoted it by hand keeps the old member", async () => {
  removed = [{ id: 2, name: "n2", address: "a:1", instance: "" }];
  members.pop();
  await newcomers.tend();
  expect(waits("n2")).toBe(false);
  removed = [];
  kv.put(newcomerKey("n4"), newcomerBytes({ replaces: "n3" }));
  members.push(member("n3", "follower"), member("n4", "follower"));
  await newcomers.tend();
  expect(waits("n4")).toBe(false);
  expect(changes).toEqual([]);
});
