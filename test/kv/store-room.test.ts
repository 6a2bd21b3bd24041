import { expect, test } from "bun:test";
import { encodeTxn, stampCommitTs } from "../../src/kv/command.ts";
import { timestampFromMs } from "../../src/kv/hlc.ts";
import type {
  ConsensusToStore,
  FrontToStore,
  StoreToConsensus,
  StoreToFront,
} from "../../src/kv/messages.ts";
import { StoreRoom } from "../../src/kv/store-room.ts";
import { type Entry, EntryType } from "../../src/raft/core/types.ts";
import { localChannel } from "../../src/rooms/channel.ts";
import { PublishedState } from "../../src/rooms/published-state.ts";
import { MemoryStore } from "../../src/store/index.ts";
import { type AppliedState, type RaftBatch, StoreError, type Timestamp } from "../../src/store/types.ts";

/** Full until old versions are dropped. */
class FullStore extends MemoryStore {
  full = false;

  override raftBatch<T>(position: AppliedState, apply: (batch: RaftBatch) => T): T {
    if (this.full) throw new StoreError("DISK_FULL", "no space left");
    return super.raftBatch(position, apply);
  }

  override compactVersions(horizon: Timestamp, maxRows: number): number {
    this.full = false;
    return super.compactVersions(horizon, maxRows);
  }
}

function entry(index: number): Entry {
  const key = new TextEncoder().encode(`k${index}`);
  const data = encodeTxn(
    { conditions: [], mutations: [{ kind: "put", key, value: key }] },
    { origin: new Uint8Array(8), sequence: index, acknowledgedBelow: 1 },
  );
  stampCommitTs(data, timestampFromMs(1_000_000 + index));
  return { index, term: 1, type: EntryType.Normal, data };
}

test("a full disk does not stop the compaction that gives room back", async () => {
  const store = new FullStore();
  const [consensus, back] = localChannel<StoreToConsensus, ConsensusToStore>();
  const [front, frontBack] = localChannel<StoreToFront, FrontToStore>();
  let tasks: (() => void)[] = [];
  const fatal: string[] = [];
  const full: boolean[] = [];
  front.onBatch((messages) => {
    for (const message of messages) if (message.kind === "disk-full") full.push(message.full);
  });
  consensus.onBatch(() => {});
  new StoreRoom({
    store,
    published: new PublishedState(),
    consensus: back,
    front: frontBack,
    origin: new Uint8Array(8),
    retentionMs: 1_000,
    metrics: { applied: () => {}, compacted: () => {} },
    seconds: () => 0,
    later: (task) => void tasks.push(task),
    fatal: (message) => fatal.push(message),
  }).start();
  consensus.send({ kind: "apply", id: 1, entries: [entry(1)] });
  await Bun.sleep(1);
  expect(store.appliedState().index).toBe(1);
  store.full = true;
  consensus.send({ kind: "apply", id: 2, entries: [entry(2)] });
  await Bun.sleep(1);
  expect(full).toEqual([true]);
  // Still full: tried again, and not said again.
  const [compaction, retry] = tasks;
  tasks = compaction === undefined ? [] : [compaction];
  retry?.();
  await Bun.sleep(1);
  expect(full).toEqual([true]);
  // A second passes twice: the retry and the compaction take their turns, in whichever order.
  for (let round = 0; round < 2; round++) {
    const due = tasks;
    tasks = [];
    for (const task of due) task();
  }
  await Bun.sleep(1);
  expect(store.appliedState().index).toBe(2);
  expect(full).toEqual([true, false]);
  expect(fatal).toEqual([]);
});
