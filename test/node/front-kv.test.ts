/** The front's kv side between fake rooms: when requests can be served, and what becomes of reads that a snapshot overtakes. */
import { expect, test } from "bun:test";
import type {
  ConsensusToFront,
  FrontToConsensus,
  FrontToStore,
  StoreToFront,
} from "../../src/kv/messages.ts";
import { noLog } from "../../src/monitoring/log.ts";
import { RoomMetrics } from "../../src/monitoring/room-metrics.ts";
import { FrontKv } from "../../src/node/front-kv.ts";
import type { Timers } from "../../src/platform/timers.ts";
import { localChannel } from "../../src/rooms/channel.ts";
import { PublishedState } from "../../src/rooms/published-state.ts";
import { MemoryStore } from "../../src/store/memory-store.ts";
import type { KeyspaceReader } from "../../src/store/types.ts";

const APPLIED = { index: 9, term: 1, commitTs: 9n };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** A keyspace that knows whether it was closed, and throws when it is read after that. */
class Keyspace {
  closed = false;
  readonly reader: KeyspaceReader;

  constructor() {
    const store = new MemoryStore();
    const open = <T>(read: () => T): T => {
      if (this.closed) throw new Error("read after close");
      return read();
    };
    this.reader = {
      getAt: (key, readTs) => open(() => store.getAt(key, readTs)),
      getMetaAt: (key, readTs) => open(() => store.getMetaAt(key, readTs)),
      scanAt: (start, end, options) => open(() => store.scanAt(start, end, options)),
      getState: () => undefined,
      latestCommitTs: (key) => open(() => store.latestCommitTs(key)),
      appliedState: () => open(() => store.appliedState()),
      close: () => {
        this.closed = true;
      },
    };
  }
}

function frontOf() {
  const [consensus, consensusRoom] = localChannel<ConsensusToFront, FrontToConsensus>();
  const [store, storeRoom] = localChannel<StoreToFront, FrontToStore>();
  const due: { task: () => void; delayMs: number }[] = [];
  const timers: Timers = {
    later: (task, delayMs) => {
      const entry = { task, delayMs };
      due.push(entry);
      return () => void due.splice(due.indexOf(entry), 1);
    },
    every: () => () => {},
    soon: (task) => void setImmediate(task),
  };
  const keyspaces: Keyspace[] = [];
  const serveable: boolean[] = [];
  const toStore: string[] = [];
  const published = new PublishedState();
  published.publishApplied(APPLIED.index, APPLIED.commitTs);
  storeRoom.onBatch((messages) => messages.forEach(({ kind }) => void toStore.push(kind)));
  consensusRoom.onBatch((messages) => {
    for (const message of messages) {
      if (message.kind === "read-index") {
        consensusRoom.send({ kind: "read-state", id: message.id, index: APPLIED.index });
      }
      if (message.kind === "stop") consensusRoom.send({ kind: "stopped" });
    }
  });
  const front = new FrontKv({
    consensus,
    store,
    openReader: () => {
      const keyspace = new Keyspace();
      keyspaces.push(keyspace);
      return keyspace.reader;
    },
    published,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    timers,
    origin: new Uint8Array(8),
    maxTxnBytes: 1 << 20,
    gracePeriodMs: 0,
    diskReserveBytes: 0,
    freeDiskBytes: () => 0,
    metrics: new RoomMetrics("front"),
    log: noLog,
    formed: true,
    keepRoster: () => {},
    keepBoots: () => {},
    onExpelled: () => {},
    onServeable: (yes) => void serveable.push(yes),
    onFatal: (message) => {
      throw new Error(message);
    },
  });
  front.start();
  const lead = async (leaderId: number): Promise<void> => {
    consensusRoom.send({ kind: "leadership", leading: false, leaderId, term: 1 });
    await turn();
  };
  const swap = async (): Promise<void> => {
    storeRoom.send({ kind: "swapped", applied: APPLIED });
    await turn();
  };
  return { front, lead, swap, keyspaces, serveable, due, toStore };
}

test("requests can be served while there are a keyspace and a leader", async () => {
  const { front, lead, serveable } = frontOf();
  await lead(2);
  front.keyspaceOpen();
  await lead(0);
  await lead(3);
  expect(serveable).toEqual([false, true, false, true]);
});

test("a snapshot takes the keyspace's place: reads that began before end on the old one, which is closed later", async () => {
  const { front, lead, swap, keyspaces, due, toStore } = frontOf();
  front.keyspaceOpen();
  await lead(2);
  const before = await front.kv.snapshot();
  await swap();
  expect(toStore).toEqual(["reopened"]);
  expect(keyspaces.length).toBe(2);
  expect(await before.get(new Uint8Array([1]))).toBeUndefined();
  expect(await (await front.kv.snapshot()).get(new Uint8Array([1]))).toBeUndefined();
  expect(keyspaces.map(({ closed }) => closed)).toEqual([false, false]);
  due.find(({ delayMs }) => delayMs === 10_000)?.task();
  expect(keyspaces.map(({ closed }) => closed)).toEqual([true, false]);
});

test("the end closes every keyspace once, also one that was replaced a moment ago", async () => {
  const { front, lead, swap, keyspaces, due } = frontOf();
  front.keyspaceOpen();
  await lead(2);
  await swap();
  const late = due.find(({ delayMs }) => delayMs === 10_000);
  const stopped = front.stop(5_000);
  due.find(({ delayMs }) => delayMs === 5_000)?.task();
  await stopped;
  expect(keyspaces.map(({ closed }) => closed)).toEqual([true, true]);
  late?.task();
});
