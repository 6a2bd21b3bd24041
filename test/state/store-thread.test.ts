/** More than 400 lines: one thread, message by message. */
import { describe, expect, test } from "bun:test";
import { encodeMembership, MEMBERSHIP_STATE } from "../../src/cluster/registry/membership-codec.ts";
import type {
  ConsensusToStore,
  ControlToStore,
  GatewayToStore,
  StoreToConsensus,
  StoreToControl,
  StoreToGateway,
} from "../../src/messages/messages.ts";
import type { Logger } from "../../src/monitoring/log.ts";
import type { SnapshotMetadata } from "../../src/raft/core/types.ts";
import { DURABLE_INTERVAL_MS, HOLD_MAX_MS } from "../../src/state/maintenance.ts";
import { Fsm } from "../../src/state/state-machine.ts";
import { StoreThread } from "../../src/state/store-thread.ts";
import { StoreIdentityError } from "../../src/store/generations/store-identity.ts";
import type { FsmSyncMode, KeyspaceGenerations } from "../../src/store/types.ts";
import { PublishedState } from "../../src/threads/shared-state.ts";
import { localChannel } from "../support/local-channel.ts";
import { ManualTime, settle } from "../support/manual-time.ts";
import { MemoryGenerations } from "../support/memory-store/memory-generations.ts";
import { noLog } from "../support/no-log.ts";
import { entry, FullGenerations, IDENTITY, MEMBERSHIP, ORIGIN } from "./support/store-threads.ts";

const newGenerations = (fsmSyncMode: FsmSyncMode = "sync"): FullGenerations =>
  new FullGenerations({ fsmSyncMode, identity: IDENTITY });

function startThread(generations: KeyspaceGenerations, clientIds: readonly Uint8Array[] = [ORIGIN]) {
  const timers = new ManualTime();
  const [consensus, back] = localChannel<StoreToConsensus, ConsensusToStore>();
  const [control, controlBack] = localChannel<StoreToControl, ControlToStore>();
  const gateways = clientIds.map((clientId) => ({
    clientId,
    ends: localChannel<StoreToGateway, GatewayToStore>(),
    received: [] as StoreToGateway[],
  }));
  const fromStore: StoreToConsensus[] = [];
  const toControl: StoreToControl[] = [];
  const fatal: string[] = [];
  const warnings: string[] = [];
  const published = new PublishedState();
  consensus.onBatch((messages) => void fromStore.push(...messages));
  control.onBatch((messages) => void toControl.push(...messages));
  for (const { ends, received } of gateways) ends[0].onBatch((messages) => void received.push(...messages));
  const log: Logger = { ...noLog, warn: (message) => void warnings.push(message) };
  const thread = new StoreThread({
    generations,
    timers,
    log,
    published,
    consensus: back,
    control: controlBack,
    gateways: gateways.map(({ clientId, ends }) => ({ clientId, channel: ends[1] })),
    retentionMs: 1,
    metrics: { applied: () => {}, compacted: () => {} },
    seconds: () => 0,
    fatal: (message) => fatal.push(message),
  });
  const opened = thread.start();
  const apply = (id: number, ...indexes: number[]): void =>
    consensus.send({ kind: "apply", group: 0, id, entries: indexes.map(entry) });
  const [first, second] = gateways;
  if (first === undefined) throw new Error("no gateway");
  const reopen = (gateway = first): void => gateway.ends[0].send({ kind: "reader-reopened", group: 0 });
  const toGateway = first.received;
  return {
    ...{ timers, consensus, fromStore, toGateway, toControl, fatal, warnings, published, opened, apply },
    ...{ reopen, second },
  };
}

const BOOTSTRAP: ConsensusToStore = { kind: "open", group: 0, marker: undefined, bootstrap: MEMBERSHIP };

async function openThread(generations: KeyspaceGenerations, open: ConsensusToStore = BOOTSTRAP) {
  const thread = startThread(generations);
  thread.consensus.send(open);
  await thread.opened;
  await settle();
  return thread;
}

const metadata = (index: number): SnapshotMetadata => ({ index, term: 1, confState: MEMBERSHIP.confState });

/** A keyspace that has applied entries 2 to `last`, waiting to be installed in `generations`. */
function receive(generations: KeyspaceGenerations, last: number): void {
  const source = new MemoryGenerations({ fsmSyncMode: "sync", identity: IDENTITY });
  const store = source.open();
  store.raftBatch({ index: 1, term: 1, commitTs: 0n }, (batch) =>
    batch.putState(MEMBERSHIP_STATE, encodeMembership(MEMBERSHIP)),
  );
  new Fsm(store).apply(Array.from({ length: last - 1 }, (_, i) => entry(i + 2)));
  const stream = source.openExport();
  const target = generations.createImport();
  for (let piece = stream.next(4_096); piece !== undefined; piece = stream.next(4_096)) target.write(piece);
  target.finish();
}

test("a message for another Raft group is a fault of its sender, and is not taken for this group's", async () => {
  const thread = await openThread(new MemoryGenerations({ fsmSyncMode: "sync", identity: IDENTITY }));
  thread.consensus.send({ kind: "apply", group: 1, id: 1, entries: [entry(2)] });
  expect(() => thread.consensus.flush()).toThrow("a message for Raft group 1, and there is only 0");
  thread.consensus.send({ kind: "install", group: 1, id: 1, snapshot: metadata(5) });
  expect(() => thread.consensus.flush()).toThrow("a message for Raft group 1");
  expect(thread.published.group(0).appliedIndex).toBe(1);
});

describe("open", () => {
  test("the first state of a cluster is written down once", async () => {
    const generations = newGenerations();
    const { fromStore, published } = await openThread(generations);
    expect(fromStore).toEqual([
      {
        kind: "opened",
        group: 0,
        applied: { index: 1, term: 1, commitTs: 0n },
        ceilingMs: 0,
        membership: MEMBERSHIP,
      },
    ]);
    expect(published.group(0).appliedIndex).toBe(1);
    generations.crash();
    const other = { ...MEMBERSHIP, index: 99 };
    const again = await openThread(generations, {
      kind: "open",
      group: 0,
      marker: undefined,
      bootstrap: other,
    });
    expect(again.fromStore).toEqual(fromStore);
  });

  test("a node that joins has an empty keyspace and no membership", async () => {
    const { fromStore } = await openThread(newGenerations(), {
      kind: "open",
      group: 0,
      marker: undefined,
      bootstrap: undefined,
    });
    expect(fromStore).toEqual([
      {
        kind: "opened",
        group: 0,
        applied: { index: 0, term: 0, commitTs: 0n },
        ceilingMs: 0,
        membership: undefined,
      },
    ]);
  });

  test.each([
    ["the marker names it", { index: 5, term: 1 }, 5],
    ["the marker names another position", { index: 4, term: 1 }, 1],
    ["the marker is of another term", { index: 5, term: 2 }, 1],
    ["there is no marker", undefined, 1],
  ] as const)("a received snapshot that waits: %s", async (_name, marker, applied) => {
    const generations = newGenerations();
    await openThread(generations);
    receive(generations, 5);
    generations.crash();
    const { opened } = await openThread(generations, {
      kind: "open",
      group: 0,
      marker,
      bootstrap: undefined,
    });
    expect((await opened).index).toBe(applied);
    expect(generations.pendingImport()).toBeUndefined();
  });

  test("one that is older than the keyspace is discarded, marker or not", async () => {
    const generations = newGenerations();
    const { apply } = await openThread(generations);
    apply(1, 2, 3, 4, 5, 6);
    await settle();
    receive(generations, 5);
    generations.crash();
    const marker = { index: 5, term: 1 };
    const { opened } = await openThread(generations, {
      kind: "open",
      group: 0,
      marker,
      bootstrap: undefined,
    });
    expect((await opened).index).toBe(6);
    expect(generations.pendingImport()).toBeUndefined();
  });

  test("what keeps it from being opened is the answer to start, not a death later", async () => {
    const generations = newGenerations();
    generations.open().putMeta("node-id", new TextEncoder().encode("n2"));
    const thread = startThread(generations);
    thread.consensus.send(BOOTSTRAP);
    expect(thread.opened).rejects.toBeInstanceOf(StoreIdentityError);
    await settle();
    expect(thread.fatal).toEqual([]);
  });
});

describe("install", () => {
  test("nothing newer is applied or published before the gateway has opened the new keyspace", async () => {
    const generations = newGenerations();
    const thread = await openThread(generations);
    receive(generations, 5);
    thread.fromStore.length = 0;
    thread.apply(1, 2, 3);
    thread.consensus.send({ kind: "install", group: 0, id: 2, snapshot: metadata(5) });
    thread.apply(3, 6);
    await settle();
    const applied = { index: 5, term: 1, commitTs: generations.openReader().appliedState().commitTs };
    expect(thread.toGateway.map(({ kind }) => kind)).toEqual(["applied", "keyspace-replaced"]);
    expect(thread.toGateway.at(-1)).toEqual({ kind: "keyspace-replaced", group: 0, applied });
    expect(thread.published.group(0).appliedIndex).toBe(3);
    expect(thread.fromStore.map(({ kind }) => kind)).toEqual(["applied"]);
    await thread.timers.advance(5_000);
    expect(thread.published.group(0).appliedIndex).toBe(3);
    thread.reopen();
    await settle();
    expect(thread.fromStore[1]).toEqual({
      kind: "installed",
      group: 0,
      id: 2,
      applied,
      ceilingMs: 0,
      membership: MEMBERSHIP,
    });
    expect(thread.fromStore[2]).toMatchObject({ kind: "applied", group: 0, id: 3, applied: { index: 6 } });
    expect(thread.published.group(0).appliedIndex).toBe(6);
    expect(thread.fatal).toEqual([]);
  });

  test("reads that wait for what is in the snapshot are told of it, whether anything follows or not", async () => {
    const generations = newGenerations();
    const thread = await openThread(generations);
    receive(generations, 5);
    thread.consensus.send({ kind: "install", group: 0, id: 1, snapshot: metadata(5) });
    await settle();
    thread.toGateway.length = 0;
    thread.reopen();
    await settle();
    expect(thread.toGateway).toMatchObject([
      { kind: "applied", group: 0, applied: { index: 5 }, answers: [] },
    ]);
    expect(thread.published.group(0).appliedIndex).toBe(5);
  });

  test("with two gateways nothing newer is published before both have opened the new keyspace", async () => {
    const generations = newGenerations();
    const thread = startThread(generations, [ORIGIN, new Uint8Array(8).fill(9)]);
    thread.consensus.send(BOOTSTRAP);
    await thread.opened;
    receive(generations, 5);
    thread.consensus.send({ kind: "install", group: 0, id: 1, snapshot: metadata(5) });
    thread.apply(2, 6);
    await settle();
    expect(thread.second?.received.map(({ kind }) => kind)).toEqual(["keyspace-replaced"]);
    thread.reopen(thread.second);
    thread.reopen(thread.second);
    await settle();
    expect(thread.published.group(0).appliedIndex).toBe(1);
    thread.reopen();
    await settle();
    expect(thread.published.group(0).appliedIndex).toBe(6);
    expect(thread.fatal).toEqual([]);
  });

  test("entries that are in the snapshot and come after it are passed over", async () => {
    const generations = newGenerations();
    const thread = await openThread(generations);
    receive(generations, 5);
    thread.consensus.send({ kind: "install", group: 0, id: 1, snapshot: metadata(5) });
    await settle();
    thread.reopen();
    thread.apply(2, 2, 3);
    thread.apply(3, 4, 5, 6, 7);
    await settle();
    expect(thread.fromStore.at(-1)).toMatchObject({
      kind: "applied",
      group: 0,
      id: 3,
      applied: { index: 7 },
    });
    expect(thread.fatal).toEqual([]);
  });

  test("a full disk: the snapshot overtakes what it contains, and its apply ids are answered", async () => {
    const generations = newGenerations();
    const thread = await openThread(generations);
    receive(generations, 5);
    generations.full = true;
    thread.apply(1, 2);
    thread.apply(2, 3, 4);
    thread.consensus.send({ kind: "install", group: 0, id: 3, snapshot: metadata(5) });
    await settle();
    await thread.timers.advance(1_000);
    expect(thread.toControl).toEqual([
      { kind: "disk-full", full: true },
      { kind: "disk-full", full: false },
    ]);
    expect(thread.toGateway.map(({ kind }) => kind)).toEqual(["keyspace-replaced"]);
    thread.reopen();
    await settle();
    expect(thread.fromStore.slice(1)).toMatchObject([
      { kind: "installed", group: 0, id: 3 },
      { kind: "applied", group: 0, id: 2, applied: { index: 5 } },
    ]);
    expect(thread.fatal).toEqual([]);
  });

  test("a snapshot that is not there is the end of the node", async () => {
    const generations = newGenerations();
    const thread = await openThread(generations);
    thread.consensus.send({ kind: "install", group: 0, id: 1, snapshot: metadata(5) });
    await settle();
    expect(thread.fatal).toEqual([
      "cannot install the snapshot at 1/5: StoreError: the received keyspace is not there any more",
    ]);
    expect(thread.published.group(0).appliedIndex).toBe(1);
  });
});

describe("pin", () => {
  test("nothing is compacted while a stream holds; it goes on afterwards", async () => {
    const generations = newGenerations();
    const { timers, consensus, fromStore, apply } = await openThread(generations);
    apply(1, 2, 3);
    consensus.send({ kind: "pin", streamId: 4 });
    consensus.send({ kind: "pin", streamId: 5 });
    await timers.advance(3_000);
    expect(fromStore.filter(({ kind }) => kind === "pinned")).toEqual([
      { kind: "pinned", streamId: 4 },
      { kind: "pinned", streamId: 5 },
    ]);
    consensus.send({ kind: "unpin", streamId: 4 });
    await timers.advance(3_000);
    expect(generations.compactions).toBe(0);
    consensus.send({ kind: "unpin", streamId: 5 });
    await timers.advance(3_000);
    expect(generations.compactions).toBeGreaterThan(0);
  });

  test("one that is never let go ends after an hour, with a warning", async () => {
    const generations = newGenerations();
    const { timers, consensus, apply, warnings } = await openThread(generations);
    apply(1, 2, 3);
    consensus.send({ kind: "pin", streamId: 4 });
    await timers.advance(HOLD_MAX_MS - 1);
    expect([generations.compactions, warnings]).toEqual([0, []]);
    await timers.advance(2_000);
    expect(generations.compactions).toBeGreaterThan(0);
    expect(warnings).toEqual(["a snapshot or a backup takes too long; old versions are compacted again"]);
  });
});

describe("nosync", () => {
  test("consensus is told what is durable: only after it was made so, at an interval", async () => {
    const generations = new MemoryGenerations({ fsmSyncMode: "nosync", identity: IDENTITY });
    const { timers, apply, fromStore } = await openThread(generations);
    apply(1, 2, 3);
    await settle();
    expect(fromStore.at(-1)).toMatchObject({
      kind: "applied",
      group: 0,
      applied: { index: 3 },
      durable: { index: 1 },
    });
    await timers.advance(DURABLE_INTERVAL_MS);
    expect(fromStore.at(-1)).toMatchObject({ id: 1, applied: { index: 3 }, durable: { index: 3 } });
    const told = fromStore.length;
    await timers.advance(10 * DURABLE_INTERVAL_MS);
    expect(fromStore.length).toBe(told);
    generations.crash();
    expect(generations.open().appliedState().index).toBe(3);
  });
});

test("a full disk does not stop the compaction that gives space back", async () => {
  const generations = newGenerations();
  const { timers, apply, fatal, toControl } = await openThread(generations);
  const full = () => toControl.flatMap((message) => (message.kind === "disk-full" ? [message.full] : []));
  apply(1, 2);
  await settle();
  expect(generations.store?.appliedState().index).toBe(2);
  generations.full = true;
  apply(2, 3);
  await timers.advance(5_000);
  // Tried again every second, and said once.
  expect(full()).toEqual([true]);
  expect(generations.compactions).toBeGreaterThan(0);
  generations.full = false;
  await timers.advance(1_000);
  expect(generations.store?.appliedState().index).toBe(3);
  expect(full()).toEqual([true, false]);
  expect(fatal).toEqual([]);
});

test("each gateway hears of every change, and of the answers to its own proposals only", async () => {
  const other = new Uint8Array(8).fill(9);
  const thread = startThread(newGenerations(), [ORIGIN, other]);
  thread.consensus.send(BOOTSTRAP);
  await thread.opened;
  thread.apply(1, 2);
  await settle();
  const [first] = thread.toGateway;
  const [second] = thread.second?.received ?? [];
  expect(first).toMatchObject({ kind: "applied", group: 0, applied: { index: 2 } });
  expect(second).toMatchObject({ kind: "applied", group: 0, applied: { index: 2 }, answers: [] });
  if (first?.kind !== "applied" || second?.kind !== "applied") throw new Error("not applied");
  expect(first.answers.map(({ sequence }) => sequence)).toEqual([2]);
  expect(second.changed).toEqual(first.changed);
});
