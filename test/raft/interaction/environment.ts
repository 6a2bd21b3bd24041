import {
  APPEND_THREAD,
  APPLY_THREAD,
  EMPTY_SNAPSHOT,
  hardStateOf,
  isStorageThread,
  type Message,
  MessageType,
  NO_MESSAGES,
  newMessage,
  type Ready,
  type Snapshot,
} from "../../../src/raft/core/index.ts";
import { describeEntries, describeMessage, describeReady } from "./describe.ts";
import { InteractionNode, type NodeOptions } from "./node.ts";
import { Output } from "./output.ts";

export interface Recipient {
  readonly id: number;
  readonly drop: boolean;
}

/** Sees what every node decides, before anybody acts on it. */
export interface Watcher {
  onStart(node: InteractionNode): void;
  onReady(node: InteractionNode, ready: Ready): void;
  /** A message leaves `node`. */
  onSent(node: InteractionNode, message: Message): void;
}

/** Several nodes and the messages between them. docs/design/raft-interaction.md, sections 2 and 3. */
export class Environment {
  readonly output = new Output();
  readonly nodes: InteractionNode[] = [];
  messages: Message[] = [];
  readonly #nextInt: (bound: number) => number;
  readonly #watcher: Watcher | undefined;

  constructor(nextInt: (bound: number) => number, watcher?: Watcher) {
    this.#nextInt = nextInt;
    this.#watcher = watcher;
  }

  addNodes(count: number, options: NodeOptions, bootstrap: Snapshot | null): void {
    if (bootstrap !== null && bootstrap.metadata.index <= 1) {
      throw new Error("index must be specified as > 1 due to bootstrap");
    }
    for (let i = 0; i < count; i++) {
      const id = this.nodes.length + 1;
      const node = new InteractionNode(id, bootstrap ?? EMPTY_SNAPSHOT, options, this.#nextInt);
      this.nodes.push(node);
      this.#watcher?.onStart(node);
    }
  }

  node(id: number): InteractionNode {
    const node = this.nodes[id - 1];
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  processReady(node: InteractionNode): void {
    const ready = node.rawNode.ready();
    this.#watcher?.onReady(node, ready);
    this.output.write(describeReady(ready));
    if (!node.async) {
      node.processAppend(ready.hardState, ready.entries, ready.snapshot);
      node.processApply(ready.committedEntries);
    }
    for (const message of ready.messages) {
      this.#watcher?.onSent(node, message);
      if (message.to === APPEND_THREAD) node.appendWork.push(message);
      else if (message.to === APPLY_THREAD) node.applyWork.push(message);
      else this.messages.push(message);
    }
    if (!node.async) node.rawNode.advance();
  }

  processAppendThread(node: InteractionNode): void {
    const work = this.#takeWork(node.appendWork, "append");
    if (work === null) return;
    node.processAppend(hardStateOf(work), work.entries, work.snapshot);
    this.#respond(node, work);
  }

  processApplyThread(node: InteractionNode): void {
    const work = this.#takeWork(node.applyWork, "apply");
    if (work === null) return;
    node.processApply(work.entries);
    this.#respond(node, work);
  }

  #takeWork(queue: Message[], kind: "append" | "apply"): Message | null {
    const work = queue.shift();
    if (work === undefined) {
      this.output.write(`no ${kind} work to perform`);
      return null;
    }
    this.output.write(`Processing:\n${describeMessage({ ...work, responses: NO_MESSAGES })}\n`);
    return work;
  }

  #respond(node: InteractionNode, work: Message): void {
    this.output.write("Responses:\n");
    for (const response of work.responses) {
      this.#watcher?.onSent(node, response);
      this.output.write(`${describeMessage(response)}\n`);
    }
    this.messages.push(...work.responses);
  }

  /** Returns how many messages were delivered or dropped. `type` restricts both. */
  deliver(recipients: readonly Recipient[], type: MessageType | null = null): number {
    let handled = 0;
    for (const { id, drop } of recipients) {
      const taken: Message[] = [];
      const kept: Message[] = [];
      for (const message of this.messages) {
        const chosen =
          message.to === id && (type === null || message.type === type) && !(drop && isLocal(message));
        (chosen ? taken : kept).push(message);
      }
      this.messages = kept;
      handled += taken.length;
      for (const message of taken) {
        this.output.write(`${drop ? "dropped: " : ""}${describeMessage(message)}\n`);
        if (drop) continue;
        const refusal = this.node(id).rawNode.step(message);
        if (refusal !== null) this.output.write(`${refusal.message}\n`);
      }
    }
    return handled;
  }

  /** Runs `nodes` until nothing is left to do among them. */
  stabilize(nodes: readonly InteractionNode[]): void {
    for (let busy = true; busy; ) {
      busy = false;
      const phase = (
        pending: (node: InteractionNode) => boolean,
        header: string,
        work: (node: InteractionNode) => void,
      ): void => {
        for (const node of nodes) {
          if (!pending(node)) continue;
          busy = true;
          this.output.write(`> ${node.id} ${header}\n`);
          work(node);
        }
      };
      phase(
        (node) => node.rawNode.hasReady(),
        "handling Ready",
        (node) => this.output.indented(() => this.processReady(node)),
      );
      phase(
        (node) => this.messages.some((message) => message.to === node.id),
        "receiving messages",
        (node) => this.output.indented(() => this.deliver([{ id: node.id, drop: false }])),
      );
      phase(
        (node) => node.appendWork.length > 0,
        "processing append thread",
        (node) => {
          while (node.appendWork.length > 0) this.output.indented(() => this.processAppendThread(node));
        },
      );
      phase(
        (node) => node.applyWork.length > 0,
        "processing apply thread",
        (node) => {
          while (node.applyWork.length > 0) this.output.indented(() => this.processApplyThread(node));
        },
      );
    }
  }

  /** Queues a snapshot of the last applied state, without the core's knowledge. */
  sendSnapshot(from: InteractionNode, to: number): void {
    const message = newMessage(MessageType.Snap, to);
    message.from = from.id;
    message.term = from.rawNode.basicStatus().term;
    message.snapshot = from.storage.snapshot();
    this.messages.push(message);
    this.output.write(describeMessage(message));
  }

  writeLog(node: InteractionNode): void {
    const { storage } = node;
    const first = storage.firstIndex();
    const last = storage.lastIndex();
    if (last < first) {
      this.output.write(`log is empty: first index=${first}, last index=${last}`);
      return;
    }
    this.output.write(describeEntries(storage.entries(first, last + 1, Number.POSITIVE_INFINITY)));
  }

  restart(node: InteractionNode): void {
    this.messages = this.messages.filter((message) => message.to !== node.id || !isLocal(message));
    node.restart();
    this.#watcher?.onStart(node);
  }
}

/** Between a node and itself or its storage threads: never lost by a network. */
function isLocal(message: Message): boolean {
  return message.from === message.to || isStorageThread(message.from) || isStorageThread(message.to);
}
