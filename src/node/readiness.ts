/** Computes the answer of /readyz from the node's state. */
import type { NotReadyReason, Readiness } from "../admin/types.ts";
import type { Waiting } from "./cluster-control.ts";

export type Phase = "starting" | "replaying" | "serving" | "stopping";

export interface ReadinessFacts {
  readonly phase: Phase;
  /** The reason why this node is no longer a member. */
  readonly fenced: string | undefined;
  /** The data directory began by joining a cluster. */
  readonly joins: boolean;
  readonly waiting: Waiting | undefined;
  readonly leaderKnown: boolean;
  /** A linearizable read has succeeded since the start. */
  readonly readable: boolean;
  readonly diskFull: boolean;
  /** This node needs the cluster's sealing key to serve, and no member has given it the key yet. */
  readonly waitsForKey: boolean;
  /** A recent check found no free file descriptor. */
  readonly descriptorsExhausted: boolean;
  /** The node gives its work to the others. */
  readonly draining: boolean;
  /** The S3 port is open. */
  readonly listening: boolean;
}

export function readinessOf(facts: ReadinessFacts): Readiness {
  const reasons = reasonsOf(facts);
  return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
}

function reasonsOf(facts: ReadinessFacts): NotReadyReason[] {
  if (facts.fenced !== undefined) return [{ code: "fenced", message: facts.fenced }];
  switch (facts.phase) {
    case "starting":
      return [{ code: "starting", message: "the node is starting" }];
    case "replaying":
      if (facts.waiting !== undefined) return [waitingReason(facts.waiting, facts.joins)];
      return [
        { code: "replaying-log", message: "the node opens its log and applies what was not applied yet" },
      ];
    case "stopping":
      return [{ code: "stopping", message: "the node was told to stop" }];
    case "serving":
      return servingReasons(facts);
  }
}

function waitingReason({ members, why }: Waiting, joins: boolean): NotReadyReason {
  const names = members.length === 0 ? "its members" : members.join(", ");
  const because = why === "" ? "" : `: ${why}`;
  return { code: joins ? "joining" : "forming", message: `waiting for ${names}${because}` };
}

function servingReasons(facts: ReadinessFacts): NotReadyReason[] {
  const { draining, leaderKnown, readable, diskFull, descriptorsExhausted, waitsForKey, listening } = facts;
  const reasons: NotReadyReason[] = [];
  if (draining) {
    const message = "the node drains: use another one (elastickv drain --off ends it)";
    reasons.push({ code: "draining", message });
  }
  if (!leaderKnown) {
    const message = "no leader is known: reads and writes wait (/v1/cluster says what to do)";
    reasons.push({ code: "no-leader", message });
  } else if (!readable) {
    reasons.push({ code: "catching-up", message: "the node catches up with the leader" });
  } else if (!listening && waitsForKey) {
    const message = "it waits for the cluster's sealing key: a member that has the key must run";
    reasons.push({ code: "sealing-key", message });
  } else if (!listening) {
    reasons.push({ code: "starting", message: "the S3 port is about to open" });
  }
  if (diskFull) {
    reasons.push({ code: "disk-full", message: "the disk is full: reads are served, writes are refused" });
  }
  if (descriptorsExhausted) {
    const message = "no file descriptor is left: new connections wait (raise LimitNOFILE or ulimit -n)";
    reasons.push({ code: "out-of-descriptors", message });
  }
  return reasons;
}
