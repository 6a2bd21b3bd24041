/** Runs `elastickv cluster ...`: reads the status, requests the change, prints the result. */

import type { ChangeDone, ClusterStatus } from "../api/schemas.ts";
import { newClusterSecret } from "../config/cluster-secret.ts";
import { systemRandom } from "../platform/random.ts";
import type { ClusterAction, ClusterCommand } from "./cluster-arguments.ts";
import { ClusterClient, ClusterError } from "./cluster-client.ts";
import { type ClusterContext, firstThere } from "./cluster-context.ts";
import { clusterTable } from "./cluster-view.ts";
import { printJoinToken, replaceByJoin } from "./setup/tokens.ts";
import { updateLock } from "./update-lock.ts";

/** All actions that look at the status first. */
type NodeAction = Exclude<ClusterAction, { verb: "secret" | "update-lock" }>;
type Replace = Extract<ClusterAction, { member: unknown; remove: string }>;
type Change = Exclude<NodeAction, { verb: "status" | "replace" | "join-token" }>;

/** A leader is known but did not answer: the shown view is another node's. */
const LEADER_SILENT_EXIT = 3;
/** Interval of the status checks while a node copies data. */
const POLL_MS = 1_000;
/** Refusals that mean "not yet": the same request may succeed later. */
const PASSING = [
  "NOT_CAUGHT_UP",
  "NOT_REGISTERED",
  "CHANGE_IN_PROGRESS",
  "STALE_CONFIGURATION",
  "NO_LEADER",
  "TIMEOUT",
];

/** @returns the exit code. @throws ClusterError with the line to show. */
export async function runCluster(command: ClusterCommand, context: ClusterContext): Promise<number> {
  const { action } = command;
  if (action.verb === "secret") {
    context.print(`${newClusterSecret(systemRandom)}\n`);
    return 0;
  }
  const client = new ClusterClient(await firstThere(command.admin, context), context.fetch);
  const endsAtMs = context.clock.monotonicMs() + command.timeoutMs;
  const left = (): number => endsAtMs - context.clock.monotonicMs();
  if (action.verb === "update-lock") return updateLock(action, client, context, left());
  const { status, raw } = await client.status(left());
  if (action.verb === "status") {
    context.print(action.json ? `${JSON.stringify(raw, undefined, 2)}\n` : clusterTable(status));
    if (status.leaderId === null) return 1;
    return status.view === "leader" ? 0 : LEADER_SILENT_EXIT;
  }
  if (action.verb === "join-token") return printJoinToken(action, client, context, left());
  context.print(`${clusterTable(status)}\n`);
  if (action.verb === "replace") {
    return "joins" in action
      ? replaceByJoin(action, { targets: command.admin, client, status }, context, left)
      : replace(action, client, context, left);
  }
  const done = await change(action, client, guardOf(status), left());
  context.print(`${outcome(action, done, status)}\n`);
  return 0;
}

/** @throws ClusterError when there is no configuration yet to decide on. */
function guardOf({ configurationIndex, nodeId }: ClusterStatus): number {
  if (configurationIndex !== null) return configurationIndex;
  throw new ClusterError("NO_LEADER", `NO_LEADER: ${nodeId} has not found its cluster yet`);
}

function change(
  action: Change,
  client: ClusterClient,
  guard: number,
  timeoutMs: number,
): Promise<ChangeDone> {
  switch (action.verb) {
    case "add-learner":
      return client.addLearner(action.member, guard, timeoutMs);
    case "promote":
      return client.promote(action.name, guard, timeoutMs);
    case "remove":
      return client.remove(action.name, guard, timeoutMs);
    case "transfer-leader":
      return client.transferLeader(action.to, guard, timeoutMs);
  }
}

function outcome(action: Change, done: ChangeDone, status: ClusterStatus): string {
  const already = done.changed ? "" : " already";
  switch (action.verb) {
    case "add-learner":
      return `${action.member.name} is${already} a learner. ${startIt(action.member, status)}`;
    case "promote":
      return `${action.name} is${already} a voter (configuration ${done.configurationIndex})`;
    case "remove":
      return done.changed
        ? `${action.name} is removed (configuration ${done.configurationIndex}); its process ends by itself`
        : `${action.name} was removed already`;
    case "transfer-leader":
      return done.changed
        ? `leadership was handed over${action.to === null ? "" : ` to ${action.to}`}`
        : `${action.to ?? "the leader"} leads already`;
  }
}

function startIt(member: { name: string; address: string }, status: ClusterStatus): string {
  const known = status.members
    .filter(({ id, peerAddress }) => id !== member.name && peerAddress !== null)
    .map(({ id, peerAddress }) => `${id}=${peerAddress}`);
  return (
    "Start it with an empty data directory and the secret of the cluster:\n" +
    `  elastickv serve --node-id ${member.name} --peer-address ${member.address} --join ${known.join(",")} --cluster-secret-file FILE`
  );
}

/**
 * Reads the progress of the replacement, takes the next step, and repeats. So the command can continue an
 * interrupted replacement.
 */
async function replace(
  action: Replace,
  client: ClusterClient,
  context: ClusterContext,
  left: () => number,
): Promise<number> {
  const { remove, member } = action;
  let said = "";
  const say = (line: string): void => {
    if (line !== said) context.print(`${line}\n`);
    said = line;
  };
  let waitsFor = `${member.name} to catch up`;
  for (;;) {
    if (left() <= 0) {
      throw new ClusterError(
        "TIMEOUT",
        `gave up waiting for ${waitsFor}; the same command goes on where it stopped`,
      );
    }
    try {
      const { status } = await client.status(left());
      const done = await step(action, client, status, say, left());
      if (done) {
        say(`${member.name} has taken the place of ${remove}`);
        return 0;
      }
      waitsFor = `${member.name} to catch up`;
    } catch (error) {
      if (!(error instanceof ClusterError) || !PASSING.includes(error.code)) throw error;
      waitsFor = `this to pass: ${error.message}`;
      say(`waiting: ${error.message}`);
    }
    await context.sleep(Math.max(0, Math.min(POLL_MS, left())));
  }
}

/** @returns true when the replacement is complete. */
async function step(
  { remove, member }: Replace,
  client: ClusterClient,
  status: ClusterStatus,
  say: (line: string) => void,
  timeoutMs: number,
): Promise<boolean> {
  const guard = guardOf(status);
  const known = status.members.find(({ id }) => id === member.name);
  const old = status.members.find(({ id }) => id === remove);
  if (known !== undefined && known.peerAddress !== member.address) {
    throw new ClusterError(
      "INVALID",
      `${member.name} is a member at ${known.peerAddress}, not at ${member.address}: give that address, or another name`,
    );
  }
  if (known !== undefined && known.role !== "learner") {
    if (old === undefined) return true;
    // During the change both members have a vote. The change removes the old member's vote by itself.
    if (status.joint) {
      say("a change of voters is under way");
      return false;
    }
    // The names were mixed up, or the member was promoted by hand. Removing the old member would leave fewer
    // voters, which the operator did not ask for.
    throw new ClusterError(
      "ALREADY_MEMBER",
      `${member.name} has a vote already and takes nobody's place; if ${remove} is to leave all the same: elastickv cluster remove ${remove}`,
    );
  }
  if (old === undefined) {
    throw new ClusterError(
      "UNKNOWN_MEMBER",
      `${remove} is no member of this cluster: see elastickv cluster status`,
    );
  }
  if (known === undefined) {
    await client.addLearner(member, guard, timeoutMs);
    say(`${member.name} is a learner now. ${startIt(member, status)}`);
    return false;
  }
  if (known.registered === false || known.reachable === false) {
    say(`waiting for ${member.name} to be started. ${startIt(member, status)}`);
    return false;
  }
  if (known.snapshot === true) {
    say(`${member.name} receives a snapshot`);
    return false;
  }
  await client.replace({ remove, promote: member.name }, guard, timeoutMs);
  return true;
}
