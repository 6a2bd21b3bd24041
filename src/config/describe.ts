import type { Config, LoadedConfig } from "./config.ts";
import { SETTING_ROWS } from "./settings.ts";
import { formatSize } from "./units.ts";

/** One line for the log: a message and its fields. */
export interface DescribedLine {
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** Minimum length of a peer's inbound queue; otherwise a queue holds as many messages as may be in flight. */
const INBOUND_QUEUE_FLOOR = 256;

/**
 * Lines for the log at start: one line for each setting that differs from its default (secrets masked), and one
 * line with the Raft message limits in force.
 */
export function describe(loaded: LoadedConfig): DescribedLine[] {
  const lines: DescribedLine[] = [];
  for (const [name, row] of SETTING_ROWS) {
    const source = loaded.sources[name];
    if (source === "default") continue;
    lines.push({
      message: "setting",
      fields: { name: row.flag, value: row.type.format(loaded.config[name]), source },
    });
  }
  lines.push(raftLimitsLine(loaded.config));
  return lines;
}

/** @internal */
export function inboundQueueLength(config: Pick<Config, "raftMaxInflightMsgs">): number {
  return Math.max(INBOUND_QUEUE_FLOOR, config.raftMaxInflightMsgs);
}

function raftLimitsLine(config: Config): DescribedLine {
  return {
    message: "raft message limits",
    fields: {
      node: config.nodeId,
      max_inflight_msgs: config.raftMaxInflightMsgs,
      max_size_per_msg: formatSize(config.raftMaxSizePerMsg),
      max_inflight_bytes: formatSize(config.raftMaxInflightBytes),
      inbound_queue: inboundQueueLength(config),
    },
  };
}
