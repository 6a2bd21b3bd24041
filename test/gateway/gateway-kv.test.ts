/** A gateway's kv side between fake threads: when requests can be served, and what becomes of reads that a snapshot overtakes. */
import { expect, test } from "bun:test";
import { GatewayKv } from "../../src/gateway/gateway-kv.ts";
import type {
  ConsensusToGateway,
  GatewayToConsensus,
  GatewayToStore,
  StoreToGateway,
} from "../../src/messages/messages.ts";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";
import type { Timers } from "../../src/platform/timers.ts";
import type { KeyspaceReader } from "../../src/store/types.ts";
import { PublishedState } from "../../src/threads/shared-state.ts";
import { localChannel } from "../support/local-channel.ts";
import { MemoryStore } from "../support/memory-store/memory-store.ts";
import { noLog } from "../support/no-log.ts";

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

function gatewayOf() {
  const [consensus, consensusThread] = localChannel<ConsensusToGateway, GatewayToConsensus>();
  const [store, storeThread] = localChannel<StoreToGateway, GatewayToStore>();
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
  published.group(0).publishApplied(APPLIED.index, APPLIED.commitTs);
  storeThread.onBatch((messages) => messages.forEach(({ kind }) => void toStore.push(kind)));
  consensusThread.onBatch((messages) => {
    for (const message of messages) {
      if (message.kind === "read-index") {
        consensusThread.send({ kind: "read-state", group: 0, id: message.id, index: APPLIED.index });
      }
    }
  });
  const gateway = new GatewayKv({
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
    clientId: new Uint8Array(8),
    maxTxnBytes: 1 << 20,
    metrics: new ThreadMetrics("front"),
    log: noLog,
    onServeable: (yes) => void serveable.push(yes),
  });
  gateway.start();
  const lead = async (leaderId: number): Promise<void> => {
    consensusThread.send({ kind: "leadership", group: 0, leading: false, leaderId, term: 1 });
    await turn();
  };
  const swap = async (): Promise<void> => {
    storeThread.send({ kind: "keyspace-replaced", group: 0, applied: APPLIED });
    await turn();
  };
  return { gateway, lead, swap, keyspaces, serveable, due, toStore, consensusThread, storeThread };
}

test("requests can be served while there are a keyspace and a leader", async () => {
  const { gateway, lead, serveable } = gatewayOf();
  await lead(2);
  gateway.keyspaceOpen();
  await lead(0);
  await lead(3);
  expect(serveable).toEqual([false, true, false, true]);
});

test("a snapshot takes the keyspace's place: reads that began before end on the old one, which is closed later", async () => {
  const { gateway, lead, swap, keyspaces, due, toStore } = gatewayOf();
  gateway.keyspaceOpen();
  await lead(2);
  const before = await gateway.kv.system.snapshot();
  await swap();
  expect(toStore).toEqual(["reader-reopened"]);
  expect(keyspaces.length).toBe(2);
  expect(await before.get(new Uint8Array([1]))).toBeUndefined();
  expect(await (await gateway.kv.system.snapshot()).get(new Uint8Array([1]))).toBeUndefined();
  expect(keyspaces.map(({ closed }) => closed)).toEqual([false, false]);
  due.find(({ delayMs }) => delayMs === 10_000)?.task();
  expect(keyspaces.map(({ closed }) => closed)).toEqual([true, false]);
});

test("the end closes every keyspace once, also one that was replaced a moment ago", async () => {
  const { gateway, lead, swap, keyspaces, due } = gatewayOf();
  gateway.keyspaceOpen();
  await lead(2);
  await swap();
  const late = due.find(({ delayMs }) => delayMs === 10_000);
  gateway.close();
  gateway.closeReader();
  expect(keyspaces.map(({ closed }) => closed)).toEqual([true, true]);
  late?.task();
});

test("what is said of another Raft group is not taken for this one's", async () => {
  const { gateway, consensusThread, storeThread } = gatewayOf();
  consensusThread.send({ kind: "leadership", group: 1, leading: true, leaderId: 9, term: 9 });
  expect(() => consensusThread.flush()).toThrow("a message for Raft group 1, and there is only 0");
  expect(gateway.leadership.leaderId).toBe(0);
  storeThread.send({ kind: "applied", group: 1, applied: APPLIED, answers: [], changed: undefined });
  expect(() => storeThread.flush()).toThrow("a message for Raft group 1");
});
