/** The snapshot thread on its own thread, over a real keyspace, while another thread writes to it. */
import { expect, test } from "bun:test";
import { encodeMembership, MEMBERSHIP_STATE } from "../../src/cluster/registry/membership-codec.ts";
import type { ConsensusToSnapshot, SnapshotToConsensus } from "../../src/messages/messages.ts";
import type { SnapshotWorkerInit } from "../../src/snapshots/snapshot-worker.ts";
import { SqliteGenerations } from "../../src/store/generations/sqlite-generations.ts";
import { BLIND } from "../../src/store/types.ts";
import { PortChannel } from "../../src/threads/channel.ts";
import { workerUrl } from "../../src/threads/worker-entrypoints.ts";
import { IDENTITY, MEMBERSHIP } from "../state/support/store-threads.ts";
import { temporaryDirectory } from "../store/helpers.ts";

interface Thread {
  say(...messages: ConsensusToSnapshot[]): void;
  /** Everything up to the first message of this kind. */
  until(kind: SnapshotToConsensus["kind"]): Promise<SnapshotToConsensus[]>;
  end(): Promise<void>;
}

async function spawn(directory: string): Promise<Thread> {
  const worker = new Worker(workerUrl("snapshot"));
  const ports = new MessageChannel();
  const metrics = new MessageChannel();
  const init: SnapshotWorkerInit = {
    directory,
    identity: IDENTITY,
    fsmSyncMode: "sync",
    consensusPort: ports.port2,
    metricsPort: metrics.port2,
    logLevel: "error",
    logFormat: "logfmt",
  };
  const started = new Promise((resolve) => {
    worker.onmessage = (event: MessageEvent) => resolve(event.data);
  });
  worker.postMessage(init, [ports.port2, metrics.port2]);
  expect(await started).toMatchObject({ kind: "started" });
  const channel = new PortChannel<SnapshotToConsensus, ConsensusToSnapshot>(ports.port1);
  let mail: SnapshotToConsensus[] = [];
  let arrived = (): void => {};
  channel.onBatch((messages) => {
    mail.push(...messages);
    arrived();
  });
  return {
    say: (...messages) => {
      for (const message of messages) channel.send(message);
    },
    until: async (kind) => {
      for (;;) {
        const at = mail.findIndex((message) => message.kind === kind);
        if (at >= 0) {
          const found = mail.slice(0, at + 1);
          mail = mail.slice(at + 1);
          return found;
        }
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    },
    end: async () => {
      channel.close();
      metrics.port1.close();
      worker.terminate();
    },
  };
}

test("a keyspace goes from one directory of generations to another, through two threads, while it is written to", async () => {
  const home = temporaryDirectory();
  const generationsAt = (name: string): SqliteGenerations =>
    new SqliteGenerations({ directory: `${home.path}/${name}`, fsmSyncMode: "sync", identity: IDENTITY });
  const source = generationsAt("a");
  const store = source.open();
  const write = (index: number): void =>
    store.raftBatch({ index, term: 1, commitTs: BigInt(index) }, (batch) => {
      const key = new TextEncoder().encode(`k${index}`);
      const payload = new Uint8Array(100_000).fill(index);
      batch.applyMutationsRaft([{ kind: "put", key, value: key, payload }], BLIND, BigInt(index));
      batch.putState(MEMBERSHIP_STATE, encodeMembership(MEMBERSHIP));
    });
  for (let index = 1; index <= 20; index++) write(index);
  const target = generationsAt("b");
  target.open().close();
  const [sender, receiver] = await Promise.all([spawn(`${home.path}/a`), spawn(`${home.path}/b`)]);
  try {
    sender.say({ kind: "send", streamId: 1 });
    const [opened] = await sender.until("opened");
    expect(opened).toMatchObject({ applied: { index: 20, term: 1 }, membership: MEMBERSHIP });
    for (let index = 21; index <= 30; index++) write(index);
    const snapshot = { index: 20, term: 1, confState: MEMBERSHIP.confState };
    receiver.say({ kind: "receive", streamId: 2, snapshot });
    sender.say({ kind: "credit", streamId: 1, chunks: 100 });
    for (const message of await sender.until("sent")) {
      if (message.kind === "chunk")
        receiver.say({ kind: "received-chunk", streamId: 2, bytes: message.bytes });
    }
    receiver.say({ kind: "received-end", streamId: 2 });
    await receiver.until("complete");
    expect(target.pendingImport()).toEqual({ index: 20, term: 1, commitTs: 20n });
    target.installImport();
    const copy = target.open();
    const row = copy.getAt(new TextEncoder().encode("k20"), 20n);
    expect([row?.payload?.length, row?.payload?.[99_999]]).toEqual([100_000, 20]);
    expect(copy.latestCommitTs(new TextEncoder().encode("k21"))).toBeUndefined();
    copy.close();
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
    store.close();
    home.remove();
  }
});
