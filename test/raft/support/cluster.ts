/** More than 400 lines: the whole small world of the core in one place. */
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type ConfChange,
  ConfChangeTransition,
  ConfChangeType,
  isStorageThread,
  type Message,
  MessageType,
  NO_BYTES,
  ReadOnlyOption,
  StateType,
} from "../../../src/raft/core/index.ts";
import { Disorder } from "./disorder.ts";
import { wouldWin } from "./electable.ts";
import type { SeededRandom } from "./random.ts";
import { SafetyChecker, SafetyViolation } from "./safety.ts";
import { SimNode, type SimOptions } from "./sim-node.ts";

const MAX_NODES = 7;

/**
 * A group under a hostile schedule: messages in any order, any number of times or never; ticks, crashes and requests
 * at any moment. Everything follows from the seed. Each step is checked.
 */
export class Cluster {
  readonly checker = new SafetyChecker();
  readonly nodes: SimNode[] = [];
  /** Messages in the network, in no order. */
  network: Message[] = [];
  readonly #random: SeededRandom;
  readonly #options: SimOptions;
  /** By request context: what was committed somewhere when the request was made. */
  readonly #reads = new Map<string, number>();
  /** Snapshots whose sender is yet to be told that they arrived: it must be told, some time. */
  #arrivedSnapshots: Message[] = [];
  #proposals = 0;
  answeredReads = 0;
  answeredLeaseReads = 0;
  readonly disorder = new Disorder();

  constructor(random: SeededRandom) {
    this.#random = random;
    const quick = random.chance(50);
    const checkQuorum = random.chance(50);
    this.#options = {
      nextInt: random.nextInt,
      electionTicks: 5,
      heartbeatTicks: 1,
      asyncStorageWrites: random.chance(50),
      preVote: random.chance(50),
      checkQuorum,
      stepDownOnRemoval: random.chance(50),
      disableProposalForwarding: random.chance(20),
      maxInflightMsgs: quick ? 2 : 100,
      maxSizePerMsgBytes: quick ? 30 : Number.POSITIVE_INFINITY,
      maxCommittedSizePerReadyBytes: random.chance(50) ? 40 : 0,
      maxUncommittedEntriesBytes: random.chance(30) ? 100 : 0,
      maxInflightBytes: quick ? 60 : 0,
      readOnlyOption: checkQuorum && random.chance(60) ? ReadOnlyOption.LeaseBased : ReadOnlyOption.Safe,
    };
    const size = 1 + random.nextInt(5);
    const voters = Array.from({ length: size }, (_, i) => i + 1);
    const confState = { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
    for (const id of voters) this.#add(new SimNode(id, confState, this.#options));
  }

  #add(node: SimNode): void {
    this.nodes.push(node);
    this.checker.onStart(node.id, node.storage);
    this.#observe(node);
  }

  #observe(node: SimNode): void {
    this.checker.onStatus(node.raw.basicStatus());
  }

  /** One random thing happens. */
  step(weights: Readonly<Record<Action, number>> = HOSTILE): void {
    const node = this.#random.pick(this.nodes);
    this.act(this.#random.weighted(weights), node);
  }

  act(action: Action, node: SimNode): void {
    switch (action) {
      case "ready":
        this.ready(node);
        break;
      case "deliver":
        this.#deliverRandom();
        break;
      case "drop":
        this.#dropRandom();
        break;
      case "write":
        this.#route(node, node.writeOne());
        break;
      case "apply":
        this.#route(node, node.applyOne());
        break;
      case "tick":
        node.raw.tick();
        break;
      case "propose":
        node.raw.propose(this.#payload());
        break;
      case "proposeMany":
        node.raw.proposeEntries(
          Array.from({ length: 1 + this.#random.nextInt(5) }, () => ({
            term: 0,
            index: 0,
            type: 0,
            data: this.#payload(),
          })),
        );
        break;
      case "confChange":
        node.raw.proposeConfChange(this.#confChange());
        break;
      case "readIndex":
        this.#read(node);
        break;
      case "restart":
        node.restart();
        // Between a node and its threads nothing survives a crash.
        this.network = this.network.filter(
          (message) => message.to !== node.id || !isStorageThread(message.from),
        );
        this.checker.onStart(node.id, node.storage);
        break;
      case "compact":
        this.#compact(node);
        break;
      case "reportSnapshots":
        this.#reportSnapshots();
        break;
      case "campaign":
        node.raw.campaign();
        break;
      case "transfer":
        node.raw.transferLeader(1 + this.#random.nextInt(this.nodes.length));
        break;
      case "forgetLeader":
        node.raw.forgetLeader();
        break;
      case "unreachable":
        node.raw.reportUnreachable(1 + this.#random.nextInt(this.nodes.length));
        break;
    }
    this.#observe(node);
  }

  ready(node: SimNode): void {
    if (!node.raw.hasReady()) return;
    const ready = node.raw.ready();
    this.checker.onReady(node.id, ready, node.raw.basicStatus().term);
    for (const { requestCtx, index } of ready.readStates) this.#answered(requestCtx, index);
    if (!node.async) {
      node.write(ready.hardState, ready.entries, ready.snapshot);
      node.apply(ready.committedEntries);
    }
    this.#route(node, ready.messages);
    if (!node.async) node.raw.advance();
    if (node.raw.hasReady() === false) {
      const { commit, applied, lastIndex } = node.raw.basicStatus();
      if (!node.async && applied !== commit && commit <= lastIndex) {
        throw new SafetyViolation(`node ${node.id} is idle with applied ${applied} < commit ${commit}`);
      }
    }
  }

  #route(node: SimNode, messages: readonly Message[]): void {
    for (const message of messages) {
      this.checker.onSent(message, node.storage);
      if (message.to === APPEND_THREAD) node.appendWork.push(message);
      else if (message.to === APPLY_THREAD) node.applyWork.push(message);
      else if (message.to === node.id) this.#deliver(message);
      else {
        this.disorder.sent(message);
        this.network.push(message);
      }
    }
  }

  #deliverRandom(): void {
    if (this.network.length === 0) return;
    const at = this.#random.nextInt(this.network.length);
    const message = this.network[at] as Message;
    // One in ten stays in the network, to come again.
    if (!this.#random.chance(10)) this.#remove(at);
    this.disorder.delivered(message);
    this.#deliver(message);
  }

  #dropRandom(): void {
    if (this.network.length === 0) return;
    const at = this.#random.nextInt(this.network.length);
    const message = this.network[at] as Message;
    this.#remove(at);
    if (message.type === MessageType.Snap) this.#node(message.from)?.raw.reportSnapshot(message.to, "failed");
  }

  #remove(at: number): void {
    this.network[at] = this.network[this.network.length - 1] as Message;
    this.network.pop();
  }

  #deliver(message: Message): void {
    const node = this.#node(message.to);
    if (node === undefined) return;
    node.raw.step(message);
    if (message.type === MessageType.Snap) this.#arrivedSnapshots.push(message);
    this.#observe(node);
  }

  #reportSnapshots(): void {
    for (const { from, to } of this.#arrivedSnapshots) this.#node(from)?.raw.reportSnapshot(to, "finished");
    this.#arrivedSnapshots = [];
  }

  #node(id: number): SimNode | undefined {
    return this.nodes[id - 1];
  }

  #payload(): Uint8Array {
    return new TextEncoder().encode(`p${++this.#proposals}`.padEnd(this.#random.nextInt(20), "."));
  }

  #confChange(): ConfChange {
    const random = this.#random;
    if (random.chance(30)) {
      return { version: 2, transition: ConfChangeTransition.Auto, changes: [], context: NO_BYTES };
    }
    const changes = Array.from({ length: 1 + random.nextInt(3) }, () => {
      const type = random.pick([
        ConfChangeType.AddNode,
        ConfChangeType.AddNode,
        ConfChangeType.RemoveNode,
        ConfChangeType.AddLearnerNode,
      ]);
      return { type, nodeId: this.#memberId(type === ConfChangeType.RemoveNode) };
    });
    const transition = random.pick([
      ConfChangeTransition.Auto,
      ConfChangeTransition.JointImplicit,
      ConfChangeTransition.JointExplicit,
    ]);
    return { version: 2, transition, changes, context: NO_BYTES };
  }

  /** An id that exists, or sometimes one of a node that is started for it. */
  #memberId(existing: boolean): number {
    if (!existing && this.nodes.length < MAX_NODES && this.#random.chance(40)) {
      this.#add(new SimNode(this.nodes.length + 1, null, this.#options));
      return this.nodes.length;
    }
    return 1 + this.#random.nextInt(this.nodes.length);
  }

  #read(node: SimNode): void {
    // One in four repeats an earlier context, as a careless caller might.
    const context = this.#random.chance(25) ? "again" : `r${this.#reads.size}`;
    const floor = this.#reads.get(context);
    // Of several requests with one context the answer may be to the first.
    this.#reads.set(context, Math.min(floor ?? Number.POSITIVE_INFINITY, this.#readFloor(node)));
    node.raw.readIndex(new TextEncoder().encode(context));
  }

  /**
   * What a read that `node` asks for now must see. A lease may outlive its leader here, where clocks run as they like;
   * but also then nothing may be missing that was committed in the term of whoever answers or before: it leads the
   * asking node's term, or a later one, and has committed in it.
   */
  #readFloor(node: SimNode): number {
    if (!this.#leased) return this.checker.highestCommitted;
    return this.checker.committedUpToTerm(node.raw.basicStatus().term);
  }

  get #leased(): boolean {
    return this.#options.readOnlyOption === ReadOnlyOption.LeaseBased;
  }

  #answered(context: Uint8Array, index: number): void {
    const floor = this.#reads.get(new TextDecoder().decode(context)) ?? 0;
    if (index < floor) throw new SafetyViolation(`stale read: index ${index}, committed when asked ${floor}`);
    if (this.#leased) this.answeredLeaseReads++;
    else this.answeredReads++;
  }

  #compact(node: SimNode): void {
    // Not beyond what would be known as committed and applied after a crash.
    const committed = node.storage.hardState()?.commit ?? 0;
    const applied = Math.min(node.raw.basicStatus().applied, node.machine.index, committed);
    const first = node.storage.firstIndex();
    if (applied < first) return;
    node.storage.compact(first + this.#random.nextInt(applied - first + 1));
  }

  /**
   * The storm is over: everything is delivered, in order, until all members have applied the same. Returns whether it
   * came to that. It need not when nobody is `electable`.
   */
  heal(): boolean {
    for (let round = 0; round < 400; round++) {
      for (const node of this.nodes) {
        if (round % 3 === 0) this.act("tick", node);
        for (let i = 0; i < 20 && isBusy(node); i++) {
          this.ready(node);
          this.act("write", node);
          this.act("apply", node);
        }
      }
      const messages = this.network;
      this.network = [];
      for (const message of messages) this.#deliver(message);
      this.#reportSnapshots();
      if (round === 60) this.#leader()?.raw.propose(this.#payload());
      if (round > 80 && this.#settled(this.#memberNodes())) return true;
    }
    return false;
  }

  /**
   * Whether some node may campaign and would be elected, as the logs are now. That need not be when a voter was removed
   * or demoted: one that led may have taken with it the longer log, because of which it refuses its vote to those who do
   * not know yet that they need none of it; and it may not campaign itself.
   */
  get electable(): boolean {
    return this.nodes.some((node) => wouldWin(node, this.nodes));
  }

  describe(): string {
    return this.nodes.map((node) => JSON.stringify(node.raw.basicStatus())).join("\n");
  }

  #leader(): SimNode | undefined {
    const leaders = this.nodes.filter((node) => node.raw.basicStatus().raftState === StateType.Leader);
    return leaders.sort((a, b) => b.raw.basicStatus().term - a.raw.basicStatus().term)[0];
  }

  #memberNodes(): readonly SimNode[] {
    const leader = this.#leader();
    if (leader === undefined) return [];
    const { voters, votersOutgoing, learners } = leader.raw.confState();
    return this.nodes.filter((node) => [...voters, ...votersOutgoing, ...learners].includes(node.id));
  }

  #settled(members: readonly SimNode[]): boolean {
    const leader = this.#leader();
    if (leader === undefined || members.length === 0) return false;
    const { lastIndex, commit } = leader.raw.basicStatus();
    return (
      commit === lastIndex &&
      members.every(({ machine }) => machine.index === commit && machine.digest === leader.machine.digest)
    );
  }
}

function isBusy(node: SimNode): boolean {
  return node.raw.hasReady() || node.appendWork.length > 0 || node.applyWork.length > 0;
}

export type Action =
  | "ready"
  | "deliver"
  | "drop"
  | "write"
  | "apply"
  | "tick"
  | "propose"
  | "proposeMany"
  | "confChange"
  | "readIndex"
  | "restart"
  | "compact"
  | "reportSnapshots"
  | "campaign"
  | "transfer"
  | "forgetLeader"
  | "unreachable";

export const HOSTILE: Readonly<Record<Action, number>> = {
  ready: 250,
  deliver: 400,
  drop: 30,
  write: 150,
  apply: 100,
  tick: 100,
  propose: 40,
  proposeMany: 10,
  confChange: 8,
  readIndex: 10,
  restart: 6,
  compact: 6,
  reportSnapshots: 4,
  campaign: 5,
  transfer: 4,
  forgetLeader: 2,
  unreachable: 4,
};

/** Mostly a network and disks that work: longer terms, longer logs. */
export const CALM: Readonly<Record<Action, number>> = {
  ...HOSTILE,
  deliver: 800,
  drop: 8,
  write: 250,
  apply: 200,
  tick: 60,
  propose: 100,
  proposeMany: 40,
  confChange: 6,
  readIndex: 20,
  restart: 2,
  compact: 15,
  campaign: 1,
  transfer: 2,
};
