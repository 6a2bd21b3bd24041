import {
  ConfChangeTransition,
  InvariantViolation,
  NO_BYTES,
  StateType,
} from "../../../src/raft/core/index.ts";
import { parseCases } from "../interaction/datadriven.ts";
import { Environment } from "../interaction/environment.ts";
import { runInteraction } from "../interaction/interaction-suite.ts";
import type { InteractionNode } from "../interaction/node.ts";
import { parseChanges } from "../interaction/tokens.ts";
import type { SeededRandom } from "./random.ts";
import { SafetyChecker } from "./safety.ts";

const MAX_NODES = 7;

/**
 * A random interaction script, written while it runs: each directive is chosen by the state that the last ones led to,
 * and every node is checked after each. `text` is the script with its output: a case file.
 */
export class RandomScript {
  text = "";
  readonly #random: SeededRandom;
  readonly #checker = new SafetyChecker();
  readonly #environment: Environment;
  /** Membership changes and restarts exclude each other (docs/design/raft-interaction.md, section 9). */
  readonly #changesMembers: boolean;
  readonly #nodeOptions: string;
  #proposals = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#environment = new Environment(random.nextInt, {
      onStart: (node) => this.#checker.onStart(node.id, node.storage),
      onReady: (node, ready) => this.#checker.onReady(node.id, ready, node.rawNode.basicStatus().term),
      onSent: (node, message) => {
        // Injected snapshots and local messages promise nothing.
        if (message.from === node.id) this.#checker.onSent(message, node.storage);
      },
    });
    this.#changesMembers = random.chance(50);
    const options: string[] = [];
    for (const flag of ["async-storage-writes", "prevote", "checkquorum", "step-down-on-removal"]) {
      if (random.chance(50)) options.push(`${flag}=true`);
    }
    if (random.chance(30)) options.push(`inflight=${1 + random.nextInt(4)}`);
    if (random.chance(30)) options.push(`max-committed-size-per-ready=${20 + random.nextInt(60)}`);
    if (options.includes("checkquorum=true") && random.chance(30)) options.push("read-only=lease-based");
    this.#nodeOptions = options.join(" ");
    const size = 3 + random.nextInt(5);
    const voters = Array.from({ length: size }, (_, i) => i + 1);
    const learners = size > 3 && random.chance(30) ? [voters.pop()] : [];
    const learnersOption = learners.length > 0 ? ` learners=(${learners.join(",")})` : "";
    const index = 2 + random.nextInt(10);
    this.#run(
      `add-nodes ${size} voters=(${voters.join(",")})${learnersOption} index=${index} ${this.#nodeOptions}`,
    );
  }

  /**
   * Runs one random directive. Returns false when the script has to end there, by a limit of the environment and not of
   * the core: it cannot store a snapshot together with entries; and a node that has received a snapshot still gives out
   * the ones from before, with an outdated configuration (which makes a later change impossible) or even none.
   * Throws SafetyViolation, InvariantViolation.
   */
  step(): boolean {
    const directive = this.#choose();
    try {
      return directive === null || !ENDS.test(this.#run(directive));
    } catch (error) {
      if (error instanceof InvariantViolation && error.message.includes("and there is none")) return false;
      throw error;
    }
  }

  #run(directive: string): string {
    const [testCase] = parseCases(`${directive}\n----\n`);
    if (testCase === undefined) throw new Error(`no case in "${directive}"`);
    this.text += `${directive}\n----\n`;
    const output = runInteraction(this.#environment, testCase);
    this.text += output.endsWith("\n") ? `${output}\n` : `${output}\n\n`;
    for (const node of this.#environment.nodes) this.#checker.onStatus(node.rawNode.basicStatus());
    return output;
  }

  #choose(): string | null {
    const random = this.#random;
    const id = (): number => 1 + random.nextInt(this.#environment.nodes.length);
    const some = (): string => [...new Set([id(), id(), id()])].slice(0, 1 + random.nextInt(3)).join(" ");
    switch (random.weighted(WEIGHTS)) {
      case "campaign":
        return `campaign ${id()}`;
      case "compact":
        return this.#compact(id());
      case "deliver":
        return `deliver-msgs ${some()}`;
      case "deliverType":
        return `deliver-msgs ${id()} type=${random.pick(TYPES)}`;
      case "drop":
        return `deliver-msgs drop=(${some().replaceAll(" ", ",")})`;
      case "ready":
        return `process-ready ${some()}`;
      case "append":
        return `process-append-thread ${some()}`;
      case "apply":
        return `process-apply-thread ${some()}`;
      case "stabilize":
        return `stabilize${random.chance(60) ? ` ${some()}` : ""}${random.chance(20) ? " log-level=none" : ""}`;
      case "look":
        return random.pick([`raft-log ${id()}`, "raft-state", `status ${id()}`]);
      case "heartbeat":
        return `tick-heartbeat ${id()}`;
      case "election":
        return `tick-election ${id()}`;
      case "timeout":
        return `set-randomized-election-timeout ${id()} timeout=${3 + random.nextInt(3)}`;
      case "propose":
        return `propose ${id()} p${++this.#proposals}`;
      case "confChange":
        return this.#changesMembers ? this.#confChange() : `restart ${id()}`;
      case "transfer":
        return `transfer-leadership from=${id()} to=${id()}`;
      case "forget":
        return `forget-leader ${id()}`;
      case "unreachable":
        return `report-unreachable ${id()} ${id()}`;
      case "snapshot":
        return this.#sendSnapshot(id());
    }
  }

  #compact(id: number): string | null {
    const { rawNode, storage, appliedIndex } = this.#environment.node(id);
    const committed = storage.hardState()?.commit ?? 0;
    const last = Math.min(rawNode.basicStatus().applied, appliedIndex, committed);
    const first = storage.firstIndex();
    return last < first ? null : `compact ${id} ${first + this.#random.nextInt(last - first + 1)}`;
  }

  /** Only from a leader and to another: whoever receives a snapshot takes its sender for the leader. */
  #sendSnapshot(to: number): string | null {
    const leaders = this.#environment.nodes.filter(
      ({ id, rawNode }) => id !== to && rawNode.basicStatus().raftState === StateType.Leader,
    );
    return leaders.length === 0 ? null : `send-snapshot ${this.#random.pick(leaders).id} ${to}`;
  }

  /** Only what can be applied: an impossible change, once committed, ends the reference. */
  #confChange(): string | null {
    const random = this.#random;
    const { nodes } = this.#environment;
    if (nodes.length < MAX_NODES && random.chance(20)) return `add-nodes 1 ${this.#nodeOptions}`;
    const leader = nodes.find((node) => node.rawNode.basicStatus().raftState === StateType.Leader);
    if (leader === undefined || !this.#isQuiet(leader)) return null;
    const { votersOutgoing } = leader.rawNode.confState();
    if (votersOutgoing.length > 0) return `propose-conf-change ${leader.id}`;
    const tokens = Array.from(
      { length: 1 + random.nextInt(3) },
      () => `${random.pick(["v", "v", "l", "r", "u"])}${1 + random.nextInt(nodes.length)}`,
    );
    const transition = random.pick(["auto", "implicit", "explicit"] as const);
    const change = {
      version: 2,
      transition: TRANSITIONS[transition],
      changes: parseChanges(tokens.join(" ")),
      context: NO_BYTES,
    } as const;
    if (leader.rawNode.checkConfChange(change) !== null) return null;
    return `propose-conf-change ${leader.id} transition=${transition}\n${tokens.join(" ")}`;
  }

  /** Nothing is on its way that could change the configuration before this change does. */
  #isQuiet(leader: InteractionNode): boolean {
    const { commit, applied, lastIndex, term } = leader.rawNode.basicStatus();
    const newest = this.#environment.nodes.every((node) => node.rawNode.basicStatus().term <= term);
    return newest && commit === applied && applied === lastIndex;
  }
}

const ENDS = /can't apply|config is already joint|can't leave|removed all voters|more than one voter/;

const TRANSITIONS = {
  auto: ConfChangeTransition.Auto,
  implicit: ConfChangeTransition.JointImplicit,
  explicit: ConfChangeTransition.JointExplicit,
} as const;

const TYPES = [
  "MsgApp",
  "MsgAppResp",
  "MsgVote",
  "MsgVoteResp",
  "MsgHeartbeat",
  "MsgHeartbeatResp",
  "MsgSnap",
];

const WEIGHTS = {
  campaign: 6,
  compact: 3,
  deliver: 20,
  deliverType: 5,
  drop: 6,
  ready: 30,
  append: 12,
  apply: 8,
  stabilize: 12,
  look: 4,
  heartbeat: 8,
  election: 5,
  timeout: 3,
  propose: 20,
  confChange: 6,
  transfer: 3,
  forget: 2,
  unreachable: 3,
  snapshot: 2,
} as const;
