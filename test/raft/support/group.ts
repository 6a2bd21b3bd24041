import {
  APPEND_THREAD,
  APPLY_THREAD,
  type ConfState,
  type DraftMessage,
  EMPTY_CONF_STATE,
  EntryType,
  type Message,
  type MessageType,
  NO_BYTES,
  newMessage,
  type ReadState,
  type Refusal,
  StateType,
} from "../../../src/raft/core/index.ts";
import { SimNode, type SimOptions } from "./sim-node.ts";

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function confState(voters: readonly number[], learners: readonly number[] = []): ConfState {
  return { ...EMPTY_CONF_STATE, voters, learners };
}

/** A message as a test writes it down. */
export function message(
  type: MessageType,
  from: number,
  to: number,
  fields: Partial<DraftMessage> = {},
): Message {
  return { ...newMessage(type, to), from, ...fields };
}

export interface GroupOptions extends Partial<SimOptions> {
  readonly voters: readonly number[];
  readonly learners?: readonly number[];
}

/**
 * A few nodes on a network that delivers in order and loses only what `lost` says. All start at index 2, term 1; node
 * ids are their place in the group. The election timeout is `electionTicks` exactly.
 */
export class Group {
  readonly nodes: SimNode[] = [];
  /** Messages that the network loses. */
  lost: (message: Message) => boolean = () => false;
  /** Everything that was ever sent. */
  readonly sent: Message[] = [];
  network: Message[] = [];
  readonly #reads = new Map<number, ReadState[]>();
  /** By message: why it was refused. */
  readonly refusals: Refusal[] = [];

  constructor({ voters, learners = [], ...options }: GroupOptions) {
    for (let id = 1; id <= voters.length + learners.length; id++) {
      this.nodes.push(
        new SimNode(id, confState(voters, learners), {
          nextInt: () => 0,
          electionTicks: 10,
          heartbeatTicks: 1,
          maxInflightMsgs: 256,
          ...options,
        }),
      );
    }
  }

  node(id: number): SimNode {
    const node = this.nodes[id - 1];
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  reads(id: number): readonly ReadState[] {
    return this.#reads.get(id) ?? [];
  }

  /** Nodes cut off from each other: what crosses between the parts is lost. */
  partition(...parts: readonly (readonly number[])[]): void {
    const partOf = (id: number): number => parts.findIndex((part) => part.includes(id));
    this.lost = ({ from, to }) => partOf(from) !== partOf(to);
  }

  heal(): void {
    this.lost = () => false;
  }

  /** Until nothing is left to do: every Ready, every write, every message. */
  settle(): void {
    for (let busy = true; busy; ) {
      busy = false;
      for (const node of this.nodes) busy = this.work(node) || busy;
      const messages = this.network;
      this.network = [];
      for (const message of messages) {
        busy = true;
        this.step(message);
      }
    }
  }

  step(message: Message): Refusal | null {
    const refusal = this.nodes[message.to - 1]?.raw.step(message) ?? null;
    if (refusal !== null) this.refusals.push(refusal);
    return refusal;
  }

  /** One node's Readies and storage work, without delivering anything to others. Returns whether there was any. */
  work(node: SimNode): boolean {
    let worked = false;
    while (node.raw.hasReady() || node.appendWork.length > 0 || node.applyWork.length > 0) {
      worked = true;
      if (node.raw.hasReady()) this.#ready(node);
      this.#route(node, node.writeOne());
      this.#route(node, node.applyOne());
    }
    return worked;
  }

  #ready(node: SimNode): void {
    const ready = node.raw.ready();
    this.#reads.set(node.id, [...this.reads(node.id), ...ready.readStates]);
    if (!node.async) {
      node.write(ready.hardState, ready.entries, ready.snapshot);
      node.apply(ready.committedEntries);
    }
    this.#route(node, ready.messages);
    if (!node.async) node.raw.advance();
  }

  #route(node: SimNode, messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.to === APPEND_THREAD) node.appendWork.push(message);
      else if (message.to === APPLY_THREAD) node.applyWork.push(message);
      else if (message.to === node.id) this.step(message);
      else {
        this.sent.push(message);
        if (!this.lost(message)) this.network.push(message);
      }
    }
  }

  /** Makes `id` the leader. */
  elect(id: number): void {
    this.node(id).raw.campaign();
    this.settle();
    if (this.state(id) !== StateType.Leader) throw new Error(`node ${id} was not elected`);
  }

  state(id: number): StateType {
    return this.node(id).raw.basicStatus().raftState;
  }

  commit(id: number): number {
    return this.node(id).raw.basicStatus().commit;
  }

  term(id: number): number {
    return this.node(id).raw.basicStatus().term;
  }

  propose(id: number, text: string): Refusal | null {
    return this.node(id).raw.propose(bytes(text));
  }

  tick(id: number, times = 1): void {
    for (let i = 0; i < times; i++) this.node(id).raw.tick();
  }

  /** Takes what was sent so far, of one type if given, and forgets it. */
  takeSent(type?: MessageType): readonly Message[] {
    const taken = this.sent.splice(0);
    return type === undefined ? taken : taken.filter((message) => message.type === type);
  }

  progress(leader: number, of: number): string {
    return this.node(leader).raw.status().progress.get(of)?.description ?? "untracked";
  }
}

export const NORMAL = { term: 0, index: 0, type: EntryType.Normal, data: NO_BYTES } as const;
