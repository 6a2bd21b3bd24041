/** `elastickv cluster join-token`, and `elastickv cluster replace OLD --with NEW`, which begins with such a token. */
import type { ClusterStatus } from "../../api/schemas.ts";
import type { AdminTarget, ClusterAction } from "../cluster-arguments.ts";
import { type ClusterClient, ClusterError } from "../cluster-client.ts";
import type { ClusterContext } from "../cluster-context.ts";
import { follow } from "./follow.ts";
import { joinLine } from "./lines.ts";

const MS_PER_SECOND = 1_000;
/** Time in which the operator is expected to run the join line of a replacement. */
const REPLACE_EXPIRY_SECONDS = 3_600;

type JoinTokenAction = Extract<ClusterAction, { verb: "join-token" }>;
type ReplaceByJoin = Extract<ClusterAction, { joins: string }>;

/** @returns the exit code. @throws ClusterError */
export async function printJoinToken(
  { node, expiresMs }: JoinTokenAction,
  client: ClusterClient,
  context: ClusterContext,
  timeoutMs: number,
): Promise<number> {
  const request = {
    expiresSeconds: Math.round(expiresMs / MS_PER_SECOND),
    ...(node === undefined ? {} : { name: node }),
  };
  const answer = await client.joinToken(request, timeoutMs);
  const end = new Date(answer.expiresMs).toISOString();
  context.print(`On the new host, as root (works once, until ${end}):\n  ${joinLine(answer.token)}\n`);
  return 0;
}

export interface ReplaceView {
  readonly targets: readonly AdminTarget[];
  readonly client: ClusterClient;
  readonly status: ClusterStatus;
}

/**
 * Prints the join line, unless the new node is a member already, and follows the replacement to full health. The cluster
 * itself makes the change when the new node has caught up: ended anywhere, the same command shows the progress again.
 * @returns the exit code. @throws ClusterError
 */
export async function replaceByJoin(
  { remove, joins }: ReplaceByJoin,
  { targets, client, status }: ReplaceView,
  context: ClusterContext,
  left: () => number,
): Promise<number> {
  const known = status.members.some(({ id }) => id === joins);
  const old = status.members.some(({ id }) => id === remove);
  if (!known && !old) {
    throw new ClusterError(
      "UNKNOWN_MEMBER",
      `${remove} is no member of this cluster: see elastickv cluster status`,
    );
  }
  if (!known) {
    const request = { expiresSeconds: REPLACE_EXPIRY_SECONDS, name: joins, replaces: remove };
    const { token, expiresMs } = await client.joinToken(request, left());
    const end = new Date(expiresMs).toISOString();
    context.print(`On the host of ${joins}, as root (works once, until ${end}):\n  ${joinLine(token)}\n`);
  }
  await follow({ targets, timeoutMs: left(), judge: (now) => replacementOf(remove, joins, now) }, context);
  return 0;
}

/** How far a replacement is. @internal */
export function replacementOf(
  remove: string,
  joins: string,
  { members, joint }: ClusterStatus,
): { readonly line: string; readonly done: boolean } {
  const waits = (line: string) => ({ line, done: false });
  const member = members.find(({ id }) => id === joins);
  const old = members.some(({ id }) => id === remove);
  if (member === undefined) return waits(`waiting for ${joins}: run the join line on its host`);
  if (joint) return waits(`${joins} takes the place of ${remove}`);
  if (member.role === "learner") {
    if (member.snapshot === true) return waits(`${joins} receives a snapshot`);
    if (member.registered === false || member.reachable === false)
      return waits(`waiting for ${joins} to run`);
    const lag = member.lag === null || member.lag === 0 ? "" : `, ${member.lag} log entries behind`;
    return waits(`${joins} is a learner and copies the data${lag}`);
  }
  if (old) {
    throw new ClusterError(
      "ALREADY_MEMBER",
      `${joins} has a vote already and takes nobody's place; if ${remove} is to leave all the same: elastickv cluster remove ${remove}`,
    );
  }
  const missing = members
    .filter(({ reachable, role }) => reachable === false || role === "learner")
    .map(({ id }) => id);
  if (missing.length > 0) {
    return waits(`${joins} has taken the place of ${remove}; not well yet: ${missing.join(", ")}`);
  }
  return {
    line: `${joins} has taken the place of ${remove}, and all ${members.length} members are well`,
    done: true,
  };
}
