/** `elastickv drain`: parses the command, asks the node, and waits. */

import { type DrainStatus, drainSchema } from "../api/operations.ts";
import { ConfigError } from "../config/config.ts";
import type { Environment } from "../config/load.ts";
import { parseDuration } from "../config/units.ts";
import { type AdminTarget, adminTargets } from "./cluster-arguments.ts";
import { ClusterClient } from "./cluster-client.ts";
import { type ClusterContext, firstThere } from "./cluster-context.ts";
import { CLUSTER_OPTIONS } from "./cluster-help.ts";
import { described } from "./columns.ts";
import { parseFlags } from "./flags.ts";
import { Progress, type Screen } from "./maintenance/progress.ts";

export interface DrainCommand {
  readonly off: boolean;
  readonly timeoutMs: number;
  readonly admin: readonly AdminTarget[];
}

const TIMEOUT_MS = 60_000;
const POLL_MS = 250;
/** Time limit of one request. */
const REQUEST_MS = 10_000;
const PATH = "/v1/node/drain";

export const DRAIN_SUMMARY = "give a node's work to the others, before it is stopped";
export const DRAIN_OPTIONS = [
  { flag: "off", placeholder: undefined, help: "end it: the node takes work again" },
  {
    flag: "timeout",
    placeholder: "SECONDS",
    help: "how long to wait for requests in flight; also 5m [default 60]",
  },
  ...CLUSTER_OPTIONS.filter(({ flag }) => flag !== "timeout").map((option) =>
    option.flag === "admin-address"
      ? { ...option, help: "admin address of the node, on its own machine" }
      : option,
  ),
] as const;

export function drainHelp(): string {
  const lines = DRAIN_OPTIONS.map(({ flag, placeholder, help }) => {
    const head = placeholder === undefined ? `--${flag}` : `--${flag} ${placeholder}`;
    return described(head, help, 28);
  });
  return `Usage: elastickv drain [--timeout SECONDS]
       elastickv drain --off

${DRAIN_SUMMARY.charAt(0).toUpperCase()}${DRAIN_SUMMARY.slice(1)}.

Options:
${lines.join("\n")}

At once /readyz and /-/ready say 503 (draining), leadership is handed to another member and not taken again while
another one can lead, each S3 answer closes its connection (Connection: close), and connections that stay idle are
closed. New connections are served, because a balancer needs some seconds to see the 503. The command waits until no
S3 request is in flight and another member leads. A node that is the only voter keeps leading, and says so.

The node drains until it is stopped, or until "elastickv drain --off": also when this command has timed out or was
interrupted.

Exit codes: 0 drained; 1 not drained in time (it says what is left), or the node did not answer; 2 wrong usage.
`;
}

/** @throws ConfigError with one line that names the error. */
export function parseDrain(words: readonly string[], environment: Environment): DrainCommand {
  const flags = parseFlags(words, {
    known: new Map(
      DRAIN_OPTIONS.map(
        ({ flag, placeholder }) => [flag, placeholder === undefined ? "nothing" : "value"] as const,
      ),
    ),
    command: "drain",
    operand: (word) => {
      throw new ConfigError(`drain takes no operands; given: ${word}`);
    },
    flag: (name, inlineValue) => {
      if (name === "off" && inlineValue) throw new ConfigError("--off takes no value");
    },
  });
  if (flags.has("off") && flags.has("timeout")) {
    throw new ConfigError("--off and --timeout are both given: the end of a drain waits for nothing");
  }
  return {
    off: flags.has("off"),
    timeoutMs: timeoutOf(flags.get("timeout")),
    admin: adminTargets(flags, environment),
  };
}

function timeoutOf(text: string | undefined): number {
  if (text === undefined) return TIMEOUT_MS;
  try {
    const ms = parseDuration(/^[1-9][0-9]*$/.test(text.trim()) ? `${text.trim()}s` : text);
    if (ms === 0) throw new RangeError("leaves no time at all");
    return ms;
  } catch (error) {
    throw new ConfigError(
      `--timeout: ${JSON.stringify(text)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export interface DrainContext extends ClusterContext {
  readonly screen?: Screen;
  complain(line: string): void;
}

/** @returns the exit code. @throws ClusterError when the node does not answer */
export async function runDrain(command: DrainCommand, context: DrainContext): Promise<number> {
  const client = new ClusterClient(await firstThere(command.admin, context), context.fetch);
  if (command.off) {
    const { nodeId } = await client.request(drainSchema, "DELETE", PATH, undefined, REQUEST_MS);
    context.print(`${nodeId} does not drain: it takes work\n`);
    return 0;
  }
  const endsAtMs = context.clock.monotonicMs() + command.timeoutMs;
  const left = (): number => endsAtMs - context.clock.monotonicMs();
  const progress = new Progress(context.screen, context.clock);
  let status = await client.request(drainSchema, "POST", PATH, {}, Math.min(left(), REQUEST_MS));
  try {
    while (!status.drained && left() > 0) {
      const now = status;
      progress.show(() => `${now.nodeId} drains: ${remaining(now)}`);
      await context.sleep(Math.min(POLL_MS, left()));
      status = await client.request(drainSchema, "GET", PATH, undefined, REQUEST_MS);
      if (!status.draining) {
        context.complain(`elastickv: the drain of ${status.nodeId} was ended: by --off, or by a restart`);
        return 1;
      }
    }
  } finally {
    progress.clear();
  }
  if (status.drained) {
    context.print(`${status.nodeId} is drained: no request is in flight; ${leaderOf(status)}\n`);
    return 0;
  }
  const seconds = Math.round(command.timeoutMs / 1000);
  context.complain(
    `elastickv: ${status.nodeId} is not drained after ${seconds} s: ${remaining(status)}; ${leaderOf(status)}. It goes on draining (elastickv drain --off ends that)`,
  );
  return 1;
}

function leaderOf({ nodeId, leading, onlyVoter, leaderId }: DrainStatus): string {
  if (!leading) return leaderId === null ? "no leader is known" : `${leaderId} leads`;
  return onlyVoter
    ? `${nodeId} leads: it is the only voter`
    : `${nodeId} still leads: no other member has taken over`;
}

/** What the drain waits for. */
function remaining(status: DrainStatus): string {
  const { inFlight, uploads, oldestSeconds, connections, leading, onlyVoter, leaderId } = status;
  const parts: string[] = [];
  if (inFlight > 0) {
    const receiving = uploads > 0 ? `, ${uploads} of them uploads` : "";
    parts.push(`${inFlight} requests in flight${receiving}, the oldest for ${oldestSeconds ?? 0} s`);
  }
  if (leading && !onlyVoter) parts.push("it leads");
  if (!leading && leaderId === null) parts.push("no leader is known");
  parts.push(`${connections} connections open`);
  return parts.join("; ");
}
