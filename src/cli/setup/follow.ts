/** Shows how far a node is on its way to a vote, until it has one. */
import type { ClusterStatus } from "../../api/schemas.ts";
import { SERVICE_SOCKET, socketIn } from "../../config/admin-socket.ts";
import type { AdminTarget } from "../cluster-arguments.ts";
import { ClusterClient, ClusterError } from "../cluster-client.ts";
import { type ClusterContext, firstThere } from "../cluster-context.ts";

const POLL_MS = 1_000;
const ASK_MS = 5_000;

export interface FollowOptions {
  readonly targets: readonly AdminTarget[];
  readonly timeoutMs: number;
  /** @returns what to say of this status; `done` ends the wait. */
  /** The node has ended and does not start again. Default: nobody knows. */
  readonly failed?: () => Promise<boolean>;
  readonly judge: (status: ClusterStatus) => { readonly line: string; readonly done: boolean };
}

/** The admin sockets of a node in this data directory: started by hand, or as a service. */
export function localTargets(dataDir: string): readonly AdminTarget[] {
  return [
    { kind: "socket", path: socketIn(dataDir) },
    { kind: "socket", path: SERVICE_SOCKET },
  ];
}

/** @throws ClusterError TIMEOUT, FAILED */
export async function follow(
  { targets, timeoutMs, judge, failed }: FollowOptions,
  context: ClusterContext,
): Promise<void> {
  const endsAtMs = context.clock.monotonicMs() + timeoutMs;
  let said = "";
  const say = (line: string): void => {
    if (line !== said) context.print(`${line}\n`);
    said = line;
  };
  for (;;) {
    try {
      const client = new ClusterClient(await firstThere(targets, context), context.fetch);
      const { status } = await client.status(ASK_MS);
      const { line, done } = judge(status);
      say(line);
      if (done) return;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if ((await failed?.()) === true) {
        throw new ClusterError("FAILED", "the service has failed: journalctl -u elastickv -n 20 says why");
      }
      say("waiting for the node to start");
    }
    if (context.clock.monotonicMs() >= endsAtMs) {
      throw new ClusterError(
        "TIMEOUT",
        `not done in time (--timeout): ${said}. It goes on by itself: elastickv cluster status`,
      );
    }
    await context.sleep(POLL_MS);
  }
}

/** How far the node `name` is. */
export function progressOf(name: string, { members, joint }: ClusterStatus): { line: string; done: boolean } {
  const member = members.find(({ id }) => id === name);
  const waits = (line: string) => ({ line, done: false });
  if (member === undefined) return waits(`${name} looks for its cluster`);
  if (member.role === "learner") {
    if (member.snapshot === true) return waits(`${name} receives a snapshot`);
    if (member.registered === false || member.reachable === false) {
      return waits(`${name} is a learner, and waits until the leader has met it`);
    }
    const lag = member.lag === null || member.lag === 0 ? "" : `, ${member.lag} log entries behind`;
    return waits(`${name} is a learner and copies the data${lag}`);
  }
  if (joint) return waits(`${name} gets its vote`);
  const voters = members.filter(({ role }) => role !== "learner").length;
  return { line: `${name} is a voter: ${voters} of ${members.length} members have a vote`, done: true };
}
