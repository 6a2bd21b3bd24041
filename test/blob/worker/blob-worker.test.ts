/** The blob thread on its own thread, over a real disk and a real keyspace. */
import { expect, test } from "bun:test";
import type { BlobWorkerInit } from "../../../src/blob/worker/options.ts";
import type {
  BlobToControl,
  BlobToGateway,
  BlobToStore,
  ConsensusToBlob,
  ControlToBlob,
  GatewayToBlob,
  StoreToBlob,
} from "../../../src/messages/blobs.ts";
import { SqliteGenerations } from "../../../src/store/generations/sqlite-generations.ts";
import { type Channel, PortChannel } from "../../../src/threads/channel.ts";
import { PublishedState } from "../../../src/threads/shared-state.ts";
import { workerUrl } from "../../../src/threads/worker-entrypoints.ts";
import { IDENTITY } from "../../state/support/store-threads.ts";
import { shared, temporaryDirectory } from "../../store/helpers.ts";
import { blobOf, memberOf, SETTINGS } from "../thread/support/blob-node.ts";

/** The other end of a port of the Worker; waits for messages. */
class Line<In extends { readonly kind: string }, Out> {
  readonly port: MessagePort;
  readonly #channel: Channel<In, Out>;
  #mail: In[] = [];
  #arrived = (): void => {};

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    this.#channel = new PortChannel(port1);
    this.#channel.onBatch((messages) => {
      this.#mail.push(...messages);
      this.#arrived();
    });
  }

  say(message: Out): void {
    this.#channel.send(message);
  }

  /** The next message of this kind; earlier ones are dropped. */
  async next(kind: In["kind"]): Promise<In> {
    for (;;) {
      const at = this.#mail.findIndex((message) => message.kind === kind);
      if (at >= 0) return this.#mail.splice(0, at + 1)[at] as In;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  close(): void {
    this.#channel.close();
  }
}

async function spawn(home: string, published: PublishedState) {
  const worker = new Worker(workerUrl("blob"));
  const gateway = new Line<BlobToGateway, GatewayToBlob>();
  const consensus = new Line<never, ConsensusToBlob>();
  const store = new Line<BlobToStore, StoreToBlob>();
  const control = new Line<BlobToControl, ControlToBlob>();
  const metrics = new MessageChannel();
  const init: BlobWorkerInit = {
    directory: `${home}/blobs`,
    instance: "0".repeat(32),
    node: { id: 1, name: "n1" },
    peering: undefined,
    keyspace: { directory: `${home}/keyspace`, identity: IDENTITY, fsmSyncMode: "sync" },
    settings: SETTINGS,
    minReplicas: 0,
    published: published.buffer,
    gatewayPorts: [gateway.port],
    consensusPort: consensus.port,
    storePort: store.port,
    controlPort: control.port,
    metricsPort: metrics.port2,
    logLevel: "error",
    logFormat: "logfmt",
  };
  const started = new Promise((resolve) => {
    worker.onmessage = (event: MessageEvent) => resolve(event.data);
  });
  const ports = [gateway.port, consensus.port, store.port, control.port, metrics.port2];
  worker.postMessage(init, ports);
  expect(await started).toMatchObject({ kind: "started", detail: { address: undefined } });
  consensus.say({ kind: "members", clusterId: "c", members: [memberOf(1)] });
  control.say({ kind: "serving" });
  return {
    gateway,
    store,
    control,
    end: async () => {
      control.say({ kind: "stop" });
      await control.next("stopped");
      for (const line of [gateway, consensus, store, control]) line.close();
      metrics.port1.close();
      worker.terminate();
    },
  };
}

test("a blob in shared memory is stored, read, and there after a restart", async () => {
  const home = temporaryDirectory();
  const keyspace = new SqliteGenerations({
    directory: `${home.path}/keyspace`,
    fsmSyncMode: "sync",
    identity: IDENTITY,
  });
  const writer = keyspace.open();
  const published = new PublishedState();
  const blob = blobOf("content", 1 << 20);
  const first = await spawn(home.path, published);
  expect(await first.gateway.next("offload")).toMatchObject({ open: false });
  expect(await first.gateway.next("offload")).toMatchObject({ open: true });
  const pinUntilMs = Date.now() + 60_000;
  first.gateway.say({ kind: "store", id: 1, sha256: blob.sha256, bytes: shared(blob.bytes), pinUntilMs });
  expect(await first.gateway.next("stored")).toEqual({ kind: "stored", id: 1, copies: 1 });
  first.store.say({ kind: "keyspace-replaced" });
  expect(await first.store.next("reader-reopened")).toEqual({ kind: "reader-reopened" });
  await first.end();

  const second = await spawn(home.path, published);
  const fetch = { kind: "fetch", sha256: blob.sha256, size: 1 << 20, source: 1, damaged: false } as const;
  second.gateway.say({ ...fetch, id: 2 });
  const fetched = await second.gateway.next("fetched");
  expect(fetched.kind === "fetched" && Buffer.compare(fetched.bytes, blob.bytes)).toBe(0);
  const absent = blobOf("absent");
  second.gateway.say({ ...fetch, id: 3, sha256: absent.sha256 });
  expect(await second.gateway.next("failed")).toMatchObject({ id: 3, failure: "NOT_FOUND" });
  while (published.missingBlobs === undefined) await Bun.sleep(20);
  expect(published.missingBlobs).toBe(0);
  second.control.say({ kind: "status", id: 4 });
  expect(await second.control.next("status")).toMatchObject({
    status: { blobs: 1, bytes: 1 << 20, missing: 0, offload: true },
  });
  await second.end();
  writer.close();
  home.remove();
});
