import { expect, test } from "bun:test";
import type { ControlToConsensus } from "../../src/messages/messages.ts";
import { ClusterControl, type ClusterControlOptions } from "../../src/node/cluster-control.ts";
import type { Timers } from "../../src/platform/timers.ts";
import { noLog } from "../support/no-log.ts";

const ROSTER = [{ id: 1, name: "n1", address: "h:1", instance: "i" }];

function control(more: Partial<ClusterControlOptions> = {}) {
  const sent: ControlToConsensus[] = [];
  const events: string[] = [];
  const due: (() => void)[] = [];
  const timers: Timers = {
    later: (task) => {
      due.push(task);
      return () => due.splice(due.indexOf(task), 1);
    },
    every: () => () => {},
    soon: (task) => task(),
  };
  const cluster = new ClusterControl({
    consensus: { send: (message) => void sent.push(message) },
    timers,
    log: noLog,
    formed: false,
    keepRoster: (clusterId) => void events.push(`kept ${clusterId}`),
    keepIncarnations: (peers, since) => void events.push(`starts of ${peers.length} since ${since}`),
    onFenced: (message, removed) => void events.push(`fenced ${removed} ${message}`),
    onFatal: (message) => void events.push(`fatal ${message}`),
    ...more,
  });
  return { cluster, sent, events, due };
}

test("formation: who is missing, then the roster on disk, and only then the answer", async () => {
  const { cluster, sent, events } = control();
  const formed = cluster.whenFormed();
  cluster.receive({ kind: "waiting-for", members: ["n2"], why: "not met yet" });
  expect(cluster.waiting).toEqual({ members: ["n2"], why: "not met yet" });
  cluster.receive({ kind: "keep-roster", clusterId: "c", roster: ROSTER });
  await formed;
  expect(events).toEqual(["kept c"]);
  expect(sent).toEqual([{ kind: "roster-kept" }]);
  expect(cluster.waiting).toBeUndefined();
});

test("a roster that cannot be written ends the node: it says nothing to consensus", () => {
  const { cluster, sent, events } = control({
    keepRoster: () => {
      throw new Error("ENOSPC");
    },
  });
  cluster.receive({ kind: "keep-roster", clusterId: "c", roster: ROSTER });
  expect(events).toEqual(["fatal ENOSPC"]);
  expect(sent).toEqual([]);
  expect(cluster.waiting).toBeDefined();
});

test("starts of peers: on the disk, and only then the answer; one that cannot be written ends nothing", () => {
  const peers = [{ id: 7, instance: "i7", boot: "00000000000000b1" }];
  const good = control();
  good.cluster.receive({ kind: "keep-incarnations", id: 3, peers, since: "" });
  expect(good.events).toEqual(["starts of 1 since "]);
  expect(good.sent).toEqual([{ kind: "incarnations-kept", id: 3, ok: true }]);
  const bad = control({
    keepIncarnations: () => {
      throw new Error("ENOSPC");
    },
  });
  bad.cluster.receive({ kind: "keep-incarnations", id: 4, peers, since: "" });
  expect(bad.sent).toEqual([{ kind: "incarnations-kept", id: 4, ok: false }]);
  expect(bad.events).toEqual([]);
});

test("a directory that is too old: marked, and ended whether that can be written or not", () => {
  for (const fails of [false, true]) {
    const marked: string[] = [];
    const { cluster, events } = control({
      keepRolledBack: (message) => {
        if (fails) throw new Error("ENOSPC");
        marked.push(message);
      },
    });
    cluster.receive({ kind: "rolled-back", message: "n3 is old" });
    cluster.receive({ kind: "fenced", removed: false, message: "n3 is old" });
    expect(marked).toEqual(fails ? [] : ["n3 is old"]);
    expect(events).toEqual(["fenced false n3 is old"]);
  }
});

test("answers find their questions, in any order", async () => {
  const { cluster, sent, due } = control();
  const first = cluster.ask({ kind: "status" }, 100);
  const second = cluster.ask({ kind: "status" }, 100);
  const ids = sent.map((message) => (message.kind === "cluster-request" ? message.id : 0));
  const reply = (index: number) => ({ kind: "done", changed: true, configurationIndex: index }) as const;
  cluster.receive({ kind: "cluster-reply", id: ids[1] as number, reply: reply(2) });
  cluster.receive({ kind: "cluster-reply", id: ids[0] as number, reply: reply(1) });
  expect([await first, await second]).toEqual([reply(1), reply(2)]);
  expect(due).toEqual([]);
});

test("no answer in time is a refusal, and a late answer nothing", async () => {
  const { cluster, due } = control();
  const asked = cluster.ask({ kind: "status" }, 2_000);
  due[0]?.();
  expect(await asked).toMatchObject({
    kind: "refused",
    code: "TIMEOUT",
    message: expect.stringContaining("within 2 s"),
  });
  cluster.receive({
    kind: "cluster-reply",
    id: 1,
    reply: { kind: "done", changed: true, configurationIndex: 1 },
  });
});

test("step-down: done, not done, or no answer", async () => {
  for (const done of [true, false]) {
    const { cluster, sent } = control();
    const stepped = cluster.stepDown(100);
    expect(sent).toEqual([{ kind: "step-down" }]);
    cluster.receive({ kind: "stepped-down", done });
    expect(await stepped).toBe(done);
  }
  const { cluster, due } = control();
  const stepped = cluster.stepDown(100);
  due[0]?.();
  expect(await stepped).toBe(false);
});

test("fenced: passed on with what it means for the exit code", () => {
  const { cluster, events } = control();
  cluster.receive({ kind: "fenced", removed: true, message: "n3 was removed" });
  expect(events).toEqual(["fenced true n3 was removed"]);
});
