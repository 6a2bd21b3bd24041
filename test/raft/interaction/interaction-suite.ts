import {
  type ConfChange,
  ConfChangeTransition,
  MessageType,
  NO_BYTES,
  ReadOnlyOption,
  type Refusal,
  type Snapshot,
  stateName,
} from "../../../src/raft/core/index.ts";
import {
  type Argument,
  type Case,
  CaseFormatError,
  lastValueOf,
  parseBoolean,
  parseInteger,
  positional,
  valuesOf,
} from "./datadriven.ts";
import { Environment, type Recipient } from "./environment.ts";
import type { InteractionNode, NodeOptions } from "./node.ts";
import { parseChanges } from "./tokens.ts";

type Directive = (environment: Environment, args: readonly Argument[], input: string) => void;

/** A file's state: one environment for all its cases. */
export function interactionSuite(): (testCase: Case) => string {
  // Any draw must do: what depends on it fixes it with set-randomized-election-timeout.
  const environment = new Environment(() => 0);
  return (testCase) => runInteraction(environment, testCase);
}

/** Runs one directive and returns what it prints. */
export function runInteraction(environment: Environment, { command, args, input }: Case): string {
  const { output } = environment;
  output.take();
  let failure: string | null = null;
  try {
    const directive = Object.hasOwn(DIRECTIVES, command) ? DIRECTIVES[command] : undefined;
    if (directive === undefined) throw new Error("unknown command");
    directive(environment, args, input);
  } catch (error) {
    if (!(error instanceof Error) || isDefect(error)) throw error;
    failure = error.message;
  }
  const printed = output.take();
  if (failure !== null) return output.quiet ? failure : printed + failure;
  return printed === "" ? "ok" : printed;
}

/** Defects of the core, the harness or the case file are not something that a case may expect. */
function isDefect(error: Error): boolean {
  return (
    error.name === "InvariantViolation" || error instanceof CaseFormatError || error instanceof TypeError
  );
}

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  _breakpoint: () => {},
  "add-nodes": addNodes,
  campaign: (environment, args) => firstNode(environment, args).rawNode.campaign(),
  compact: (environment, args) => {
    const [id, index] = positional(args);
    const node = environment.node(parseInteger(id ?? ""));
    node.storage.compact(parseInteger(index ?? ""));
    environment.writeLog(node);
  },
  "deliver-msgs": deliver,
  "process-ready": (environment, args) =>
    each(environment, args, "handling Ready", (node) => environment.processReady(node)),
  "process-append-thread": (environment, args) =>
    each(environment, args, "processing append thread", (node) => environment.processAppendThread(node)),
  "process-apply-thread": (environment, args) =>
    each(environment, args, "processing apply thread", (node) => environment.processApplyThread(node)),
  stabilize,
  "log-level": (environment, args) => environment.output.setLevel(args[0]?.key ?? ""),
  "raft-log": (environment, args) => environment.writeLog(firstNode(environment, args)),
  "raft-state": (environment) => {
    for (const node of environment.nodes) environment.output.write(`${describeState(node)}\n`);
  },
  status: (environment, args) => {
    const { progress } = firstNode(environment, args).rawNode.status();
    for (const [id, { description }] of progress) environment.output.write(`${id}: ${description}\n`);
  },
  "tick-heartbeat": (environment, args) => {
    const node = firstNode(environment, args);
    for (let i = 0; i < node.heartbeatTicks; i++) node.rawNode.tick();
  },
  "tick-election": (environment, args) => {
    const node = firstNode(environment, args);
    for (let i = 0; i < node.electionTicks; i++) node.rawNode.tick();
  },
  "set-randomized-election-timeout": (environment, args) => {
    const ticks = parseInteger(lastValueOf(args, "timeout") ?? "");
    firstNode(environment, args).rawNode.setRandomizedElectionTimeout(ticks);
  },
  propose: (environment, args) => {
    const [, data] = args;
    if (args.length !== 2 || data === undefined || data.values.length > 0) {
      throw new CaseFormatError("propose takes a node and one value");
    }
    throwRefusal(firstNode(environment, args).rawNode.propose(new TextEncoder().encode(data.key)));
  },
  "propose-conf-change": proposeConfChange,
  "transfer-leadership": (environment, args) => {
    const from = environment.node(parseInteger(lastValueOf(args, "from") ?? ""));
    from.rawNode.transferLeader(parseInteger(lastValueOf(args, "to") ?? ""));
  },
  "forget-leader": (environment, args) => firstNode(environment, args).rawNode.forgetLeader(),
  "report-unreachable": (environment, args) => {
    const [node, peer] = positional(args).map(parseInteger);
    environment.node(node ?? 0).rawNode.reportUnreachable(peer ?? 0);
  },
  "send-snapshot": (environment, args) => {
    const [from, to] = positional(args).map(parseInteger);
    environment.sendSnapshot(environment.node(from ?? 0), to ?? 0);
  },
  restart: (environment, args) => environment.restart(firstNode(environment, args)),
};

function firstNode(environment: Environment, args: readonly Argument[]): InteractionNode {
  return environment.node(parseInteger(args[0]?.key ?? ""));
}

function throwRefusal(refusal: Refusal | null): void {
  if (refusal !== null) throw new Error(refusal.message);
}

function describeState(node: InteractionNode): string {
  const { id, raftState, term, lead, configuration } = node.rawNode.status();
  const { incoming, outgoing } = configuration.voters;
  const voter = incoming.includes(id) || outgoing.includes(id) ? "Voter" : "Non-Voter";
  return `${id}: ${stateName(raftState)} (${voter}) Term:${term} Lead:${lead}`;
}

function each(
  environment: Environment,
  args: readonly Argument[],
  header: string,
  work: (node: InteractionNode) => void,
): void {
  const nodes = positional(args).map((id) => environment.node(parseInteger(id)));
  for (const node of nodes) {
    if (nodes.length === 1) {
      work(node);
    } else {
      environment.output.write(`> ${node.id} ${header}\n`);
      environment.output.indented(() => work(node));
    }
  }
}

function stabilize(environment: Environment, args: readonly Argument[]): void {
  const { output } = environment;
  const ids = positional(args);
  const nodes = ids.length === 0 ? environment.nodes : ids.map((id) => environment.node(parseInteger(id)));
  const level = output.level;
  const wanted = lastValueOf(args, "log-level");
  if (wanted !== undefined) output.setLevel(wanted);
  try {
    environment.stabilize(nodes);
  } finally {
    output.level = level;
  }
}

function deliver(environment: Environment, args: readonly Argument[]): void {
  const recipients: Recipient[] = [];
  for (const { key, values } of args) {
    if (values.length === 0) recipients.push({ id: parseInteger(key), drop: false });
    if (key === "drop") recipients.push(...values.map((id) => ({ id: parseInteger(id), drop: true })));
  }
  // Naming one twice the same way is harmless: the second finds nothing left.
  const dropped = new Set(recipients.filter(({ drop }) => drop).map(({ id }) => id));
  if (recipients.some(({ id, drop }) => !drop && dropped.has(id))) {
    throw new CaseFormatError("messages to one recipient are both to be delivered and to be dropped");
  }
  const name = lastValueOf(args, "type");
  if (environment.deliver(recipients, name === undefined ? null : messageType(name)) === 0) {
    environment.output.write("no messages\n");
  }
}

function messageType(name: string): MessageType {
  const found = Object.entries(MessageType).find(([key]) => `Msg${key}` === name);
  if (found === undefined) throw new CaseFormatError(`unknown message type ${name}`);
  return found[1];
}

function addNodes(environment: Environment, args: readonly Argument[]): void {
  const size = (key: string): number => parseInteger(lastValueOf(args, key) ?? "0");
  const flag = (key: string): boolean => parseBoolean(lastValueOf(args, key) ?? "false");
  const options: NodeOptions = {
    electionTicks: 3,
    heartbeatTicks: 1,
    maxInflightMsgs: parseInteger(lastValueOf(args, "inflight") ?? String(2 ** 31 - 1)),
    maxCommittedSizePerReadyBytes: size("max-committed-size-per-ready"),
    asyncStorageWrites: flag("async-storage-writes"),
    preVote: flag("prevote"),
    checkQuorum: flag("checkquorum"),
    readOnlyOption: readOnlyOption(lastValueOf(args, "read-only") ?? "safe"),
    disableConfChangeValidation: flag("disable-conf-change-validation"),
    stepDownOnRemoval: flag("step-down-on-removal"),
  };
  environment.addNodes(parseInteger(args[0]?.key ?? ""), options, bootstrapSnapshot(args));
}

function readOnlyOption(name: string): ReadOnlyOption {
  if (name === "safe") return ReadOnlyOption.Safe;
  if (name === "lease-based") return ReadOnlyOption.LeaseBased;
  throw new CaseFormatError(`invalid read-only option "${name}"`);
}

/** null when none of its parts is given. */
function bootstrapSnapshot(args: readonly Argument[]): Snapshot | null {
  const voters = valuesOf(args, "voters").map(parseInteger);
  const learners = valuesOf(args, "learners").map(parseInteger);
  const index = parseInteger(lastValueOf(args, "index") ?? "0");
  if (voters.length === 0 && learners.length === 0 && index === 0) return null;
  const confState = { voters, learners, votersOutgoing: [], learnersNext: [], autoLeave: false };
  return { metadata: { index, term: 1, confState }, data: NO_BYTES };
}

const TRANSITIONS: Readonly<Record<string, ConfChangeTransition>> = {
  auto: ConfChangeTransition.Auto,
  implicit: ConfChangeTransition.JointImplicit,
  explicit: ConfChangeTransition.JointExplicit,
};

function proposeConfChange(environment: Environment, args: readonly Argument[], input: string): void {
  const transition = TRANSITIONS[lastValueOf(args, "transition") ?? "auto"];
  if (transition === undefined) throw new CaseFormatError("unknown transition");
  const changes = parseChanges(input);
  let change: ConfChange = { version: 2, transition, changes, context: NO_BYTES };
  if (parseBoolean(lastValueOf(args, "v1") ?? "false")) {
    const [single] = changes;
    if (changes.length > 1 || transition !== ConfChangeTransition.Auto) {
      throw new Error("v1 conf change can only have one operation and no transition");
    }
    if (single === undefined) throw new CaseFormatError("v1 conf change without an operation");
    change = { version: 1, id: 0, change: single, context: NO_BYTES };
  }
  throwRefusal(firstNode(environment, args).rawNode.proposeConfChange(change));
}
