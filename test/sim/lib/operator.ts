/** The operator: looks at the cluster through some node, and adds, promotes, removes and replaces members. */
import type {
  ClusterReply,
  ClusterRequest,
  ClusterView,
  MemberChange,
} from "../../../src/messages/cluster.ts";
import { addressOf, type Machine } from "./machine.ts";
import type { SimRandom } from "./sim-random.ts";
import type { World } from "./world.ts";

const TIMEOUT_MS = 5_000;
const RETRY_MS = 1_000;
const MAX_EXTRA_MACHINES = 3;
const RETRY_CODES = [
  "STALE_CONFIGURATION",
  "CHANGE_IN_PROGRESS",
  "NOT_CAUGHT_UP",
  "NOT_REGISTERED",
  "NO_LEADER",
  "TIMEOUT",
];

export class Operator {
  readonly #world: World;
  readonly #random: SimRandom;
  /** One change at a time, as a careful operator would have it; two would be refused by the guard, and sometimes try. */
  #busy = false;
  #added = 0;
  /** It is on its way in: if it were lost now, the change that it is for could never be done. */
  joining: string | undefined;
  /** Machines that are (or are to be) removed. */
  readonly removed = new Set<string>();

  constructor(world: World, random: SimRandom) {
    this.#world = world;
    this.#random = random;
  }

  /** Members that are meant to be there in the end. */
  get members(): readonly Machine[] {
    return this.#world.machines.filter(({ name }) => !this.removed.has(name));
  }

  /** @param done some leader has handed over */
  transfer(done: () => void): void {
    const names = this.members.map(({ name }) => name);
    const to = this.#random.chance(0.3) ? null : this.#random.pick(names);
    this.#ask(
      { kind: "change", change: { kind: "transfer-leader", to }, configurationIndex: null },
      (reply) => {
        if (reply?.kind === "done") done();
      },
    );
  }

  /** Begins some change of the membership. False: one is under way, or there is none to make. */
  change(): boolean {
    if (this.#busy) return false;
    const voters = this.members.length;
    const healthy = this.members.filter(({ state }) => state === "running");
    if (this.#added < MAX_EXTRA_MACHINES && this.#random.chance(0.6)) {
      const remove = voters > 3 || this.#random.chance(0.5) ? this.#random.pick(this.members) : undefined;
      this.#add(remove?.name);
      return true;
    }
    // Fewer voters could not spare two.
    if (voters <= 3 || healthy.length <= 3 || this.#world.faults.lost > 1) return false;
    this.#remove(this.#random.pick(this.members).name);
    return true;
  }

  /** A member's data is lost: a new machine takes its place. */
  replace(lost: Machine): void {
    if (this.removed.has(lost.name)) return;
    this.removed.add(lost.name);
    const begin = (): void => {
      if (this.#busy) this.#world.after(RETRY_MS, begin);
      else this.#add(lost.name);
    };
    begin();
  }

  #add(remove: string | undefined): void {
    this.#busy = true;
    const name = `x${++this.#added}`;
    const join = this.members.map((machine) => ({ name: machine.name, address: machine.address }));
    this.#world.note(`operator: adds ${name}${remove === undefined ? "" : ` instead of ${remove}`}`);
    const machine = this.#world.addMachine(name, join);
    this.joining = name;
    if (remove !== undefined) this.removed.add(remove);
    this.#world.after(this.#random.range(0, 1_000), () => machine.start());
    this.#insist({ kind: "add-learner", name, address: addressOf(name) }, () => {
      // Some operators look at a learner for a while.
      const lookMs = this.#random.pick([0, 0, 5_000, 15_000]);
      this.#world.after(lookMs, () => {
        if (remove === undefined) this.#insist({ kind: "promote", name }, () => this.#done());
        else this.#insist({ kind: "replace", remove, promote: name }, () => this.#done());
      });
    });
  }

  #remove(name: string): void {
    this.#busy = true;
    this.#world.note(`operator: removes ${name}`);
    this.removed.add(name);
    this.#insist({ kind: "remove", name }, () => this.#done());
  }

  #done(): void {
    this.#busy = false;
    this.joining = undefined;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Asks until it is so: every change may be asked for again. */
  #insist(change: MemberChange, done: () => void): void {
    const again = (): void => this.#world.after(RETRY_MS, () => this.#insist(change, done));
    this.#ask({ kind: "status" }, (status) => {
      if (status?.kind !== "status") return again();
      const configurationIndex = this.#random.chance(0.2) ? null : status.view.configurationIndex;
      this.#ask({ kind: "change", change, configurationIndex }, (reply) => {
        if (reply?.kind === "done") return done();
        if (reply?.kind === "refused" && !RETRY_CODES.includes(reply.code) && isDone(change, status.view))
          return done();
        again();
      });
    });
  }

  /** @param answer undefined: nobody answered */
  #ask(request: ClusterRequest, answer: (reply: ClusterReply | undefined) => void): void {
    const serving = this.#world.machines.filter((machine) => machine.serves);
    if (serving.length === 0) return void this.#world.after(RETRY_MS, () => answer(undefined));
    const machine = this.#random.pick(serving);
    const { life } = machine;
    if (life?.front === undefined) return void this.#world.after(RETRY_MS, () => answer(undefined));
    const { front, threads } = life;
    let over = false;
    const end = (reply: ClusterReply | undefined): void => {
      if (over) return;
      over = true;
      if (reply?.kind === "refused")
        this.#world.note(
          `operator: ${machine.name} refuses ${JSON.stringify(request)}: ${reply.code} ${reply.message}`,
        );
      if (reply?.kind === "done")
        this.#world.note(`operator: ${JSON.stringify(request)} done: ${JSON.stringify(reply)}`);
      this.#world.after(0, () => answer(reply));
    };
    this.#world.after(2 * TIMEOUT_MS, () => end(undefined));
    life.onDeath(() => end(undefined));
    threads.front.post(0.2, "operator", () => void front.cluster.ask(request, TIMEOUT_MS).then(end));
  }
}

function isDone(change: MemberChange, view: ClusterView): boolean {
  const member = (name: string) => view.members.find((other) => other.name === name);
  switch (change.kind) {
    case "add-learner":
      return member(change.name) !== undefined;
    case "promote":
      return member(change.name) !== undefined && member(change.name)?.role !== "learner";
    case "remove":
      return member(change.name) === undefined;
    case "replace":
      return member(change.remove) === undefined;
    case "transfer-leader":
      return true;
  }
}
