/** The control side of the blob thread: its start of service, questions of operators, its stop. */
import type { BlobStatus, BlobToControl, ControlToBlob, CopyState } from "../messages/blobs.ts";
import type { Channel } from "../threads/channel.ts";

export type CopiesOnNodes = readonly { readonly node: number; readonly states: readonly CopyState[] }[];

export class BlobControl {
  readonly #channel: Channel<BlobToControl, ControlToBlob>;
  readonly #onFatal: (message: string) => void;
  readonly #checks = new Map<number, (copies: CopiesOnNodes) => void>();
  readonly #statuses = new Map<number, (status: BlobStatus) => void>();
  #nextId = 1;
  #stopWaiters: (() => void)[] = [];

  constructor(channel: Channel<BlobToControl, ControlToBlob>, onFatal: (message: string) => void) {
    this.#channel = channel;
    this.#onFatal = onFatal;
  }

  start(): void {
    this.#channel.onBatch((messages) => messages.forEach((message) => this.#on(message)));
  }

  /** The first linearizable read has succeeded. */
  serving(): void {
    this.#channel.send({ kind: "serving" });
  }

  /** Which members hold these blobs? Every member is asked; the answer comes within a bounded time. */
  check(blobs: readonly Uint8Array[], deep: boolean): Promise<CopiesOnNodes> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#checks.set(id, resolve);
      this.#channel.send({ kind: "check", id, blobs, deep });
    });
  }

  /** The files with this node's certificate have changed. */
  reloadCertificate(): void {
    this.#channel.send({ kind: "certificate-renewed" });
  }

  status(): Promise<BlobStatus> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#statuses.set(id, resolve);
      this.#channel.send({ kind: "status", id });
    });
  }

  /** Resolves when the blob thread has written what waits, and has closed its files. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#stopWaiters.push(resolve);
      this.#channel.send({ kind: "stop" });
    });
  }

  #on(message: BlobToControl): void {
    switch (message.kind) {
      case "checked":
        this.#checks.get(message.id)?.(message.copies);
        this.#checks.delete(message.id);
        break;
      case "status":
        this.#statuses.get(message.id)?.(message.status);
        this.#statuses.delete(message.id);
        break;
      case "fatal":
        this.#onFatal(message.message);
        break;
      case "stopped":
        for (const wake of this.#stopWaiters.splice(0)) wake();
        break;
    }
  }
}
