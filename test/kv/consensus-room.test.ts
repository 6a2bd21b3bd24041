import { expect, test } from "bun:test";
import { encodeTxn } from "../../src/kv/command.ts";
import { ConsensusRoom, type EngineHooks } from "../../src/kv/consensus-room.ts";
import type {
  ConsensusToFront,
  ConsensusToStore,
  FrontToConsensus,
  StoreToConsensus,
} from "../../src/kv/messages.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Engine } from "../../src/raft/engine/engine.ts";
import { localChannel } from "../../src/rooms/channel.ts";

const ENTRY_BYTES = 1 << 20;

/** A room whose engine takes every proposal and neither commits nor applies any by itself. */
function roomHolding(maxHeldBytes: number) {
  const [front, back] = localChannel<ConsensusToFront, FrontToConsensus>();
  const [, store] = localChannel<ConsensusToStore, StoreToConsensus>();
  const taken: Uint8Array[] = [];
  const fatal: string[] = [];
  const nothing = (): void => {};
  let hooks: EngineHooks | undefined;
  const engine = {
    leading: true,
    start: nothing,
    work: nothing,
    propose: (proposals: readonly Uint8Array[]) => {
      taken.push(...proposals.filter((data) => data.byteLength >= ENTRY_BYTES));
      return true;
    },
  } as unknown as Engine;
  const room = new ConsensusRoom(
    {
      nodeId: 1,
      clock: systemClock,
      front: back,
      store,
      metrics: { proposed: nothing, dropped: nothing, tickLateness: nothing, observe: nothing },
      compactLog: nothing,
      maxHeldBytes,
      fatal: (message) => fatal.push(message),
    },
    { applied: { index: 0, term: 0, commitTs: 0n }, ceilingMs: 0 },
    (given) => {
      hooks = given;
      return engine;
    },
  );
  const dropped: number[] = [];
  const released: number[] = [];
  front.onBatch((messages) => {
    for (const message of messages) {
      if (message.kind === "dropped") dropped.push(...message.sequences);
      if (message.kind === "released") released.push(...message.slabIds);
    }
  });
  room.start();
  const propose = async (sequence: number): Promise<void> => {
    const payload = new Uint8Array(ENTRY_BYTES);
    const slab = encodeTxn(
      {
        conditions: [],
        mutations: [{ kind: "put", key: payload.subarray(0, 8), value: payload.subarray(0, 8), payload }],
      },
      { origin: new Uint8Array(8), sequence, acknowledgedBelow: 1 },
    );
    const place = { offsets: [0], lengths: [slab.byteLength] };
    front.send({ kind: "propose", slabId: sequence, slab, sequences: [sequence], ...place });
    await Bun.sleep(1);
  };
  const evictOldest = (): void => {
    const data = taken.shift();
    if (data === undefined) throw new Error("nothing was taken");
    hooks?.onEvicted([{ index: 1, term: 1, type: 0, data }]);
  };
  return { propose, evictOldest, taken, dropped, released, fatal };
}

test("what is neither applied nor refused is bounded in bytes: a store that stands still is not a leak", async () => {
  const room = roomHolding(3.5 * ENTRY_BYTES);
  for (let sequence = 1; sequence <= 10; sequence++) await room.propose(sequence);
  expect(room.fatal).toEqual([]);
  expect(room.taken.length).toBe(3);
  expect(room.dropped).toEqual([4, 5, 6, 7, 8, 9, 10]);
  // What was dropped is let go of at once.
  expect(room.released).toEqual(room.dropped);
  room.evictOldest();
  await room.propose(11);
  await room.propose(12);
  expect(room.taken.length).toBe(3);
  expect(room.dropped.at(-1)).toBe(12);
});

test("an entry larger than the bound is taken when nothing else is held: it could never be otherwise", async () => {
  const room = roomHolding(1_000);
  await room.propose(1);
  await room.propose(2);
  expect(room.taken.length).toBe(1);
  expect(room.dropped).toEqual([2]);
});
