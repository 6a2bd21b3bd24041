import { describe, expect, test } from "bun:test";
import type {
  ConsensusToStore,
  FrontToStore,
  StoreToConsensus,
  StoreToFront,
} from "../../src/messages/messages.ts";
import { type Logger, noLog } from "../../src/monitoring/log.ts";
import type { SnapshotMetadata } from "../../src/raft/core/types.ts";
import { encodeMembership, MEMBERSHIP_STATE } from "../../src/raft/engine/membership-codec.ts";
import { DURABLE_INTERVAL_MS, HOLD_MAX_MS } from "../../src/state/maintenance.ts";
import { Fsm } from "../../src/state/state-machine.ts";
import { StoreRoom } from "../../src/state/store-thread.ts";
import { StoreIdentityError } from "../../src/store/generations/store-identity.ts";
import type { FsmSyncMode, KeyspaceDepot } from "../../src/store/types.ts";
import { localChannel } from "../../src/threads/channel.ts";
import { PublishedState } from "../../src/threads/shared-state.ts";
import { MemoryDepot } from "../support/memory-store/memory-generations.ts";
import {
  entry,
  FullDepot,
  IDENTITY,
  ManualTimers,
  MEMBERSHIP,
  ORIGIN,
  settle,
} from "./support/store-threads.ts";

const newDepot = (fsmSyncMode: FsmSyncMode = "sync"): FullDepot =>
  new FullDepot({ fsmSyncMode, identity: IDENTITY });

function startRoom(depot: KeyspaceDepot) {
  const timers = new ManualTimers();
  const [consensus, back] = localChannel<StoreToConsensus, ConsensusToStore>();
  const [front, frontBack] = localChannel<StoreToFront, FrontToStore>();
  const fromStore: StoreToConsensus[] = [];
  const toFront: StoreToFront[] = [];
  const fatal: string[] = [];
  const warnings: string[] = [];
  const published = new PublishedState();
  consensus.onBatch((messages) => void fromStore.push(...messages));
  front.onBatch((messages) => void toFront.push(...messages));
  const log: Logger = { ...noLog, warn: (message) => void warnings.push(message) };
  const room = new StoreRoom({
    depot,
    timers,
    log,
    published,
    consensus: back,
    front: frontBack,
    origin: ORIGIN,
    retentionMs: 1,
    metrics: { applied: () => {}, compacted: () => {} },
    seconds: () => 0,
    fatal: (message) => fatal.push(message),
  });
  const opened = room.start();
  const apply = (id: number, ...indexes: number[]): void =>
    consensus.send({ kind: "apply", id, entries: indexes.map(entry) });
  return { timers, consensus, front, fromStore, toFront, fatal, warnings, published, opened, apply };
}

const BOOTSTRAP: ConsensusToStore = { kind: "open", marker: undefined, bootstrap: MEMBERSHIP };

async function openRoom(depot: KeyspaceDepot, open: ConsensusToStore = BOOTSTRAP) {
  const room = startRoom(depot);
  room.consensus.send(open);
  await room.opened;
  await settle();
  return room;
}

const metadata = (index: number): SnapshotMetadata => ({ index, term: 1, confState: MEMBERSHIP.confState });

/** A keyspace that has applied entries 2 to `last`, waiting to be installed in `depot`. */
function receive(depot: KeyspaceDepot, last: number): void {
  const source = new MemoryDepot({ fsmSyncMode: "sync", identity: IDENTITY });
  const store = source.open();
  store.raftBatch({ index: 1, term: 1, commitTs: 0n }, (batch) =>
    batch.putState(MEMBERSHIP_STATE, encodeMembership(MEMBERSHIP)),
  );
  new Fsm(store).apply(Array.from({ length: last - 1 }, (_, i) => entry(i + 2)));
  const stream = source.openExport();
  const target = depot.createImport();
  for (let piece = stream.next(4_096); piece !== undefined; piece = stream.next(4_096)) target.write(piece);
  target.finish();
}

describe("open", () => {
  test("the first state of a cluster is written down once", async () => {
    const depot = newDepot();
    const { fromStore, published } = await openRoom(depot);
    expect(fromStore).toEqual([
      { kind: "opened", applied: { index: 1, term: 1, commitTs: 0n }, ceilingMs: 0, membership: MEMBERSHIP },
    ]);
    expect(published.appliedIndex).toBe(1);
    depot.crash();
    const other = { ...MEMBERSHIP, index: 99 };
    const again = await openRoom(depot, { kind: "open", marker: undefined, bootstrap: other });
    expect(again.fromStore).toEqual(fromStore);
  });

  test("a node that joins has an empty keyspace and no membership", async () => {
    const { fromStore } = await openRoom(newDepot(), {
      kind: "open",
      marker: undefined,
      bootstrap: undefined,
    });
    expect(fromStore).toEqual([
      { kind: "opened", applied: { index: 0, term: 0, commitTs: 0n }, ceilingMs: 0, membership: undefined },
    ]);
  });

  test.each([
    ["the marker names it", { index: 5, term: 1 }, 5],
    ["the marker names another position", { index: 4, term: 1 }, 1],
    ["the marker is of another term", { index: 5, term: 2 }, 1],
    ["there is no marker", undefined, 1],
  ] as const)("a received snapshot that waits: %s", async (_name, marker, applied) => {
    const depot = newDepot();
    await openRoom(depot);
    receive(depot, 5);
    depot.crash();
    const { opened } = await openRoom(depot, { kind: "open", marker, bootstrap: undefined });
    expect((await opened).index).toBe(applied);
    expect(depot.pendingImport()).toBeUndefined();
  });

  test("one that is older than the keyspace is discarded, marker or not", async () => {
    const depot = newDepot();
    const { apply } = await openRoom(depot);
    apply(1, 2, 3, 4, 5, 6);
    await settle();
    receive(depot, 5);
    depot.crash();
    const marker = { index: 5, term: 1 };
    const { opened } = await openRoom(depot, { kind: "open", marker, bootstrap: undefined });
    expect((await opened).index).toBe(6);
    expect(depot.pendingImport()).toBeUndefined();
  });

  test("what keeps it from being opened is the answer to start, not a death later", async () => {
    const depot = newDepot();
    depot.open().putMeta("node-id", new TextEncoder().encode("n2"));
    const room = startRoom(depot);
    room.consensus.send(BOOTSTRAP);
    expect(room.opened).rejects.toBeInstanceOf(StoreIdentityError);
    await settle();
    expect(room.fatal).toEqual([]);
  });
});

describe("install", () => {
  test("nothing newer is applied or published before the front has opened the new keyspace", async () => {
    const depot = newDepot();
    const room = await openRoom(depot);
    receive(depot, 5);
    room.fromStore.length = 0;
    room.apply(1, 2, 3);
    room.consensus.send({ kind: "install", id: 2, snapshot: metadata(5) });
    room.apply(3, 6);
    await settle();
    const applied = { index: 5, term: 1, commitTs: depot.openReader().appliedState().commitTs };
    expect(room.toFront.map(({ kind }) => kind)).toEqual(["applied", "swapped"]);
    expect(room.toFront.at(-1)).toEqual({ kind: "swapped", applied });
    expect(room.published.appliedIndex).toBe(3);
    expect(room.fromStore.map(({ kind }) => kind)).toEqual(["applied"]);
    await room.timers.advance(5_000);
    expect(room.published.appliedIndex).toBe(3);
    room.front.send({ kind: "reopened" });
    await settle();
    expect(room.fromStore[1]).toEqual({
      kind: "installed",
      id: 2,
      applied,
      ceilingMs: 0,
      membership: MEMBERSHIP,
    });
    expect(room.fromStore[2]).toMatchObject({ kind: "applied", id: 3, applied: { index: 6 } });
    expect(room.published.appliedIndex).toBe(6);
    expect(room.fatal).toEqual([]);
  });

  test("reads that wait for what is in the snapshot are told of it, whether anything follows or not", async () => {
    const depot = newDepot();
    const room = await openRoom(depot);
    receive(depot, 5);
    room.consensus.send({ kind: "install", id: 1, snapshot: metadata(5) });
    await settle();
    room.toFront.length = 0;
    room.front.send({ kind: "reopened" });
    await settle();
    expect(room.toFront).toMatchObject([{ kind: "applied", applied: { index: 5 }, answers: [] }]);
    expect(room.published.appliedIndex).toBe(5);
  });

  test("entries that are in the snapshot and come after it are passed over", async () => {
    const depot = newDepot();
    const room = await openRoom(depot);
    receive(depot, 5);
    room.consensus.send({ kind: "install", id: 1, snapshot: metadata(5) });
    await settle();
    room.front.send({ kind: "reopened" });
    room.apply(2, 2, 3);
    room.apply(3, 4, 5, 6, 7);
    await settle();
    expect(room.fromStore.at(-1)).toMatchObject({ kind: "applied", id: 3, applied: { index: 7 } });
    expect(room.fatal).toEqual([]);
  });

  test("a full disk: the snapshot overtakes what it contains, and its apply ids are answered", async () => {
    const depot = newDepot();
    const room = await openRoom(depot);
    receive(depot, 5);
    depot.full = true;
    room.apply(1, 2);
    room.apply(2, 3, 4);
    room.consensus.send({ kind: "install", id: 3, snapshot: metadata(5) });
    await settle();
    await room.timers.advance(1_000);
    expect(room.toFront.map(({ kind }) => kind)).toEqual(["disk-full", "swapped", "disk-full"]);
    room.front.send({ kind: "reopened" });
    await settle();
    expect(room.fromStore.slice(1)).toMatchObject([
      { kind: "installed", id: 3 },
      { kind: "applied", id: 2, applied: { index: 5 } },
    ]);
    expect(room.fatal).toEqual([]);
  });

  test("a snapshot that is not there is the end of the node", async () => {
    const depot = newDepot();
    const room = await openRoom(depot);
    room.consensus.send({ kind: "install", id: 1, snapshot: metadata(5) });
    await settle();
    expect(room.fatal).toEqual([
      "cannot install the snapshot at 1/5: StoreError: the received keyspace is not there any more",
    ]);
    expect(room.published.appliedIndex).toBe(1);
  });
});

describe("hold", () => {
  test("nothing is compacted while a stream holds; it goes on afterwards", async () => {
    const depot = newDepot();
    const { timers, consensus, fromStore, apply } = await openRoom(depot);
    apply(1, 2, 3);
    consensus.send({ kind: "hold", streamId: 4 });
    consensus.send({ kind: "hold", streamId: 5 });
    await timers.advance(3_000);
    expect(fromStore.filter(({ kind }) => kind === "held")).toEqual([
      { kind: "held", streamId: 4 },
      { kind: "held", streamId: 5 },
    ]);
    consensus.send({ kind: "unhold", streamId: 4 });
    await timers.advance(3_000);
    expect(depot.compactions).toBe(0);
    consensus.send({ kind: "unhold", streamId: 5 });
    await timers.advance(3_000);
    expect(depot.compactions).toBeGreaterThan(0);
  });

  test("one that is never let go ends after an hour, with a warning", async () => {
    const depot = newDepot();
    const { timers, consensus, apply, warnings } = await openRoom(depot);
    apply(1, 2, 3);
    consensus.send({ kind: "hold", streamId: 4 });
    await timers.advance(HOLD_MAX_MS - 1);
    expect([depot.compactions, warnings]).toEqual([0, []]);
    await timers.advance(2_000);
    expect(depot.compactions).toBeGreaterThan(0);
    expect(warnings).toEqual(["a snapshot is being sent for too long; old versions are compacted again"]);
  });
});

describe("nosync", () => {
  test("consensus is told what is durable: only after it was made so, at an interval", async () => {
    const depot = new MemoryDepot({ fsmSyncMode: "nosync", identity: IDENTITY });
    const { timers, apply, fromStore } = await openRoom(depot);
    apply(1, 2, 3);
    await settle();
    expect(fromStore.at(-1)).toMatchObject({ kind: "applied", applied: { index: 3 }, durable: { index: 1 } });
    await timers.advance(DURABLE_INTERVAL_MS);
    expect(fromStore.at(-1)).toMatchObject({ id: 1, applied: { index: 3 }, durable: { index: 3 } });
    const told = fromStore.length;
    await timers.advance(10 * DURABLE_INTERVAL_MS);
    expect(fromStore.length).toBe(told);
    depot.crash();
    expect(depot.open().appliedState().index).toBe(3);
  });
});

test("a full disk does not stop the compaction that gives room back", async () => {
  const depot = newDepot();
  const { timers, apply, fatal, toFront } = await openRoom(depot);
  const full = () => toFront.flatMap((message) => (message.kind === "disk-full" ? [message.full] : []));
  apply(1, 2);
  await settle();
  expect(depot.store?.appliedState().index).toBe(2);
  depot.full = true;
  apply(2, 3);
  await timers.advance(5_000);
  // Tried again every second, and said once.
  expect(full()).toEqual([true]);
  expect(depot.compactions).toBeGreaterThan(0);
  depot.full = false;
  await timers.advance(1_000);
  expect(depot.store?.appliedState().index).toBe(3);
  expect(full()).toEqual([true, false]);
  expect(fatal).toEqual([]);
});
