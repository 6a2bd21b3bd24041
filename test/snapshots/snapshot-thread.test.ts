import { describe, expect, test } from "bun:test";
import { encodeMembership, MEMBERSHIP_STATE } from "../../src/cluster/registry/membership-codec.ts";
import {
  type ConsensusToSnapshot,
  SNAPSHOT_CHUNK_BYTES,
  type SnapshotToConsensus,
} from "../../src/messages/messages.ts";
import { SNAPSHOT_SENDS_MAX, SnapshotThread } from "../../src/snapshots/snapshot-thread.ts";
import type { KeyspaceExport, KeyspaceGenerations, KeyspaceImport } from "../../src/store/types.ts";
import { BLIND, StoreError } from "../../src/store/types.ts";
import { IDENTITY, MEMBERSHIP } from "../state/support/store-threads.ts";
import { localChannel } from "../support/local-channel.ts";
import { ManualTime } from "../support/manual-time.ts";
import { MemoryGenerations } from "../support/memory-store/memory-generations.ts";

/** Counts what is open, and can fail. */
class WatchedGenerations extends MemoryGenerations {
  exports = 0;
  imports = 0;
  fail: Error | undefined;

  override openExport(): KeyspaceExport {
    const real = super.openExport();
    this.exports++;
    return {
      position: real.position,
      getState: (name) => real.getState(name),
      next: (maxBytes) => {
        if (this.fail !== undefined) throw this.fail;
        return real.next(maxBytes);
      },
      close: () => {
        this.exports--;
        real.close();
      },
    };
  }

  override createImport(): KeyspaceImport {
    const real = super.createImport();
    this.imports++;
    return {
      write: (bytes) => {
        if (this.fail !== undefined) throw this.fail;
        real.write(bytes);
      },
      finish: () => {
        const position = real.finish();
        this.imports--;
        return position;
      },
      abort: () => {
        this.imports--;
        real.abort();
      },
    };
  }
}

const emptyGenerations = (): WatchedGenerations =>
  new WatchedGenerations({ fsmSyncMode: "sync", identity: IDENTITY });

/** At position 1/4, with about `chunks` chunks. */
function filledGenerations(chunks = 3): WatchedGenerations {
  const generations = emptyGenerations();
  generations.open().raftBatch({ index: 4, term: 1, commitTs: 9n }, (batch) => {
    for (let n = 0; n < chunks; n++) {
      const key = new TextEncoder().encode(`k${n}`);
      const payload = new Uint8Array(SNAPSHOT_CHUNK_BYTES - 2_000).fill(n);
      batch.applyMutationsRaft([{ kind: "put", key, value: key, payload }], BLIND, 9n);
    }
    batch.putState(MEMBERSHIP_STATE, encodeMembership(MEMBERSHIP));
  });
  return generations;
}

function startThread(generations: KeyspaceGenerations) {
  const timers = new ManualTime();
  const fatal: string[] = [];
  const mail: SnapshotToConsensus[] = [];
  const [channel, back] = localChannel<SnapshotToConsensus, ConsensusToSnapshot>();
  channel.onBatch((messages) => void mail.push(...messages));
  new SnapshotThread({ generations, channel: back, timers, fatal: (message) => fatal.push(message) }).start();
  const say = async (...messages: ConsensusToSnapshot[]): Promise<SnapshotToConsensus[]> => {
    for (const message of messages) channel.send(message);
    await timers.advance(0);
    return mail.splice(0);
  };
  return { say, fatal };
}

const chunksOf = (messages: readonly SnapshotToConsensus[]): Uint8Array[] =>
  messages.flatMap((message) => (message.kind === "chunk" ? [message.bytes] : []));
const snapshot = { index: 4, term: 1, confState: MEMBERSHIP.confState };
const receive = (streamId: number, index = 4): ConsensusToSnapshot => ({
  kind: "receive",
  streamId,
  snapshot: { ...snapshot, index },
});

/** The whole stream of `generations`, in chunks. */
async function streamOf(generations: WatchedGenerations): Promise<Uint8Array[]> {
  const { say } = startThread(generations);
  return chunksOf(await say({ kind: "send", streamId: 1 }, { kind: "credit", streamId: 1, chunks: 100 }));
}

describe("sending", () => {
  test("position and membership first, then a chunk for each unit of credit, then the end", async () => {
    const generations = filledGenerations();
    const { say } = startThread(generations);
    expect(await say({ kind: "send", streamId: 7 })).toEqual([
      { kind: "opened", streamId: 7, applied: { index: 4, term: 1, commitTs: 9n }, membership: MEMBERSHIP },
    ]);
    const first = await say({ kind: "credit", streamId: 7, chunks: 2 });
    expect(chunksOf(first).map(({ length }) => length)).toEqual([SNAPSHOT_CHUNK_BYTES, SNAPSHOT_CHUNK_BYTES]);
    expect(generations.exports).toBe(1);
    const rest = await say({ kind: "credit", streamId: 7, chunks: 5 });
    expect(rest.map(({ kind }) => kind)).toEqual(["chunk", "sent"]);
    expect(generations.exports).toBe(0);
    // One that has ended is not known any more, whatever is said of it.
    expect(await say({ kind: "credit", streamId: 7, chunks: 5 })).toEqual([]);
    expect(await say({ kind: "cancel", streamId: 7 })).toEqual([]);
  });

  test("so many at once; more wait for their turn, with the credit they have been given", async () => {
    const generations = filledGenerations();
    const { say } = startThread(generations);
    const opened = await say(...[1, 2, 3, 4].map((streamId) => ({ kind: "send" as const, streamId })), {
      kind: "credit",
      streamId: 3,
      chunks: 1,
    });
    expect(opened.map(({ kind, ...rest }) => [kind, "streamId" in rest && rest.streamId])).toEqual([
      ["opened", 1],
      ["opened", 2],
    ]);
    expect(generations.exports).toBe(SNAPSHOT_SENDS_MAX);
    const next = await say({ kind: "cancel", streamId: 1 });
    expect(next.map(({ kind, ...rest }) => [kind, "streamId" in rest && rest.streamId])).toEqual([
      ["opened", 3],
      ["chunk", 3],
    ]);
    const both = await say(
      { kind: "credit", streamId: 2, chunks: 2 },
      { kind: "credit", streamId: 3, chunks: 2 },
    );
    expect(both.map((message) => "streamId" in message && message.streamId)).toEqual([2, 3, 2, 3]);
    expect((await say({ kind: "cancel", streamId: 4 }, { kind: "cancel", streamId: 2 })).length).toBe(0);
    expect(generations.exports).toBe(1);
  });

  test("a keyspace that cannot be read: failed, and nothing stays open", async () => {
    const generations = filledGenerations();
    const { say, fatal } = startThread(generations);
    await say({ kind: "send", streamId: 1 });
    generations.fail = new StoreError("CORRUPT", "payload file 3: missing");
    expect(await say({ kind: "credit", streamId: 1, chunks: 4 })).toEqual([
      { kind: "failed", streamId: 1, message: "CORRUPT: payload file 3: missing" },
    ]);
    expect([generations.exports, fatal]).toEqual([0, []]);
    const joining = emptyGenerations();
    joining.open();
    expect(await startThread(joining).say({ kind: "send", streamId: 2 })).toEqual([
      { kind: "failed", streamId: 2, message: "CORRUPT: the keyspace has no membership" },
    ]);
    expect(joining.exports).toBe(0);
  });
});

describe("receiving", () => {
  test("every chunk is answered when it is written; complete means durable beside the one in force", async () => {
    const chunks = await streamOf(filledGenerations());
    const generations = emptyGenerations();
    const { say } = startThread(generations);
    expect(await say(receive(3))).toEqual([]);
    for (const bytes of chunks) {
      expect(await say({ kind: "received-chunk", streamId: 3, bytes })).toEqual([
        { kind: "written", streamId: 3, chunks: 1 },
      ]);
    }
    expect(generations.pendingImport()).toBeUndefined();
    expect(await say({ kind: "received-end", streamId: 3 })).toEqual([{ kind: "complete", streamId: 3 }]);
    expect(generations.pendingImport()?.index).toBe(4);
    // It may be named by the log already: nobody takes it back here.
    await say({ kind: "cancel", streamId: 3 });
    expect(generations.pendingImport()?.index).toBe(4);
    generations.installImport();
    expect(generations.open().getAt(new TextEncoder().encode("k2"), 9n)?.payload?.[0]).toBe(2);
  });

  test("damaged, cut short, or not the one announced: failed, and nothing is left", async () => {
    const chunks = await streamOf(filledGenerations());
    const generations = emptyGenerations();
    const { say, fatal } = startThread(generations);
    const chunk = (bytes: Uint8Array | undefined): ConsensusToSnapshot => ({
      kind: "received-chunk",
      streamId: 1,
      bytes: bytes ?? new Uint8Array(0),
    });
    const damaged = new Uint8Array(chunks[0] ?? []);
    damaged[1_000] = (damaged[1_000] ?? 0) ^ 1;
    const end = { kind: "received-end", streamId: 1 } as const;
    const first = await say(receive(1), chunk(damaged), chunk(chunks[1]), end);
    expect(first).toEqual([
      { kind: "failed", streamId: 1, message: expect.stringContaining("checksum of this frame") },
    ]);
    const cut = await say(receive(1), chunk(chunks[0]), end);
    expect(cut.at(-1)).toMatchObject({ kind: "failed", message: expect.stringContaining("it ends at byte") });
    const other = await say(receive(1, 5), ...chunks.map(chunk), end);
    expect(other.at(-1)).toEqual({
      kind: "failed",
      streamId: 1,
      message: "CORRUPT: announced 1/5, received 1/4",
    });
    expect(generations.pendingImport()).toBeUndefined();
    expect(fatal).toEqual([]);
  });

  test("a new one ends an earlier one, a cancelled one is forgotten, a full disk is said", async () => {
    const [bytes = new Uint8Array(0)] = await streamOf(filledGenerations());
    const generations = emptyGenerations();
    const { say } = startThread(generations);
    await say(receive(1), { kind: "received-chunk", streamId: 1, bytes });
    expect(await say(receive(2))).toEqual([
      { kind: "failed", streamId: 1, message: "a newer snapshot is being received" },
    ]);
    expect(generations.imports).toBe(1);
    expect(await say({ kind: "received-chunk", streamId: 1, bytes })).toEqual([]);
    await say({ kind: "cancel", streamId: 2 });
    expect(generations.imports).toBe(0);
    await say(receive(3));
    generations.fail = new StoreError("DISK_FULL", "no space left for it");
    expect(await say({ kind: "received-chunk", streamId: 3, bytes })).toEqual([
      { kind: "failed", streamId: 3, message: "DISK_FULL: no space left for it" },
    ]);
    expect(generations.imports).toBe(0);
  });

  test("what is no fault of the store's ends the node", async () => {
    const generations = emptyGenerations();
    const { say, fatal } = startThread(generations);
    await say(receive(3));
    generations.fail = new TypeError("oops");
    await say({ kind: "received-chunk", streamId: 3, bytes: new Uint8Array(1) });
    expect(fatal).toEqual(["snapshot stream 3: TypeError: oops"]);
    expect(generations.imports).toBe(0);
  });
});

test("stop closes everything", async () => {
  const generations = filledGenerations();
  const { say } = startThread(generations);
  await say({ kind: "send", streamId: 1 }, receive(2));
  expect([generations.exports, generations.imports]).toEqual([1, 1]);
  expect(await say({ kind: "stop" })).toEqual([{ kind: "stopped" }]);
  expect([generations.exports, generations.imports]).toEqual([0, 0]);
});
