import { isStorageThread } from "./message.ts";
import { UNLIMITED } from "./sizes.ts";
import type { Storage } from "./storage.ts";
import { NONE, ReadOnlyOption } from "./types.ts";

/** A source of numbers for the randomised election timeout: an integer in [0, bound). */
type NextInt = (bound: number) => number;

export interface Config {
  /** This node's id: a safe integer above 0, never used by another node, not even a removed one. */
  readonly id: number;
  readonly storage: Storage;
  readonly nextInt: NextInt;
  /** Ticks without a leader after which a follower campaigns: the drawn timeout lies in [this, 2 * this). */
  readonly electionTicks: number;
  /** Ticks between two heartbeats. Well below `electionTicks`. */
  readonly heartbeatTicks: number;
  /** Index up to which the state machine has applied the log already: it is not handed out again. Default 0. */
  readonly applied?: number;
  /** Storage work is asked for by messages, and the next Ready does not wait for it. Default false. */
  readonly asyncStorageWrites?: boolean;
  /** Bytes of entries in one append message; a larger entry goes alone. Default: unlimited. */
  readonly maxSizePerMsgBytes?: number;
  /** Bytes of committed entries out for application at a time; 0 = as `maxSizePerMsgBytes`. Default 0. */
  readonly maxCommittedSizePerReadyBytes?: number;
  /** Bytes of proposals not yet applied above which more are dropped; 0 = unlimited. Default 0. */
  readonly maxUncommittedEntriesBytes?: number;
  /** Append messages in flight to one follower. */
  readonly maxInflightMsgs: number;
  /** Bytes of entries in flight to one follower; 0 = unlimited. Default 0. */
  readonly maxInflightBytes?: number;
  /** A leader that does not hear from a quorum for an election timeout steps down; followers of a leader that is
   * alive ignore other candidates. Default false. */
  readonly checkQuorum?: boolean;
  /** Ask before campaigning, so that a node coming back from a partition does not disturb (thesis, 9.6). */
  readonly preVote?: boolean;
  /** Default Safe. */
  readonly readOnlyOption?: ReadOnlyOption;
  /** Followers drop proposals rather than pass them to the leader. Default false. */
  readonly disableProposalForwarding?: boolean;
  /** Trust the application to propose membership changes only when they are possible. Default false. */
  readonly disableConfChangeValidation?: boolean;
  /** A leader that removes or demotes itself steps down when it applies that. Default false. */
  readonly stepDownOnRemoval?: boolean;
}

/** A Config with its defaults filled in and its relations checked. */
export type ValidConfig = Readonly<Required<Config>>;

/** The configuration contradicts itself; `field` names the setting and the message its value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly field: string;
  constructor(field: string, value: unknown, rule: string) {
    super(`raft config: ${field}=${String(value)}: ${rule}`);
    this.field = field;
  }
}

/** Fills in the defaults. Throws ConfigError. */
export function validateConfig(config: Config): ValidConfig {
  const maxSizePerMsgBytes = config.maxSizePerMsgBytes ?? UNLIMITED;
  const valid: ValidConfig = {
    id: config.id,
    storage: config.storage,
    nextInt: config.nextInt,
    electionTicks: config.electionTicks,
    heartbeatTicks: config.heartbeatTicks,
    applied: config.applied ?? 0,
    asyncStorageWrites: config.asyncStorageWrites ?? false,
    maxSizePerMsgBytes,
    maxCommittedSizePerReadyBytes: config.maxCommittedSizePerReadyBytes || maxSizePerMsgBytes,
    maxUncommittedEntriesBytes: config.maxUncommittedEntriesBytes || UNLIMITED,
    maxInflightMsgs: config.maxInflightMsgs,
    maxInflightBytes: config.maxInflightBytes || UNLIMITED,
    checkQuorum: config.checkQuorum ?? false,
    preVote: config.preVote ?? false,
    readOnlyOption: config.readOnlyOption ?? ReadOnlyOption.Safe,
    disableProposalForwarding: config.disableProposalForwarding ?? false,
    disableConfChangeValidation: config.disableConfChangeValidation ?? false,
    stepDownOnRemoval: config.stepDownOnRemoval ?? false,
  };
  checkNumbers(valid);
  checkRelations(valid);
  return valid;
}

function checkNumbers(config: ValidConfig): void {
  const integer = (field: "id" | "heartbeatTicks" | "electionTicks" | "maxInflightMsgs"): void => {
    if (!Number.isSafeInteger(config[field]) || config[field] <= 0) {
      throw new ConfigError(field, config[field], "must be a safe integer above 0");
    }
  };
  integer("id");
  integer("heartbeatTicks");
  integer("electionTicks");
  integer("maxInflightMsgs");
  if (!Number.isSafeInteger(config.applied) || config.applied < 0) {
    throw new ConfigError("applied", config.applied, "must be a safe integer, 0 or more");
  }
  const sizes = [
    "maxSizePerMsgBytes",
    "maxCommittedSizePerReadyBytes",
    "maxUncommittedEntriesBytes",
    "maxInflightBytes",
  ] as const;
  for (const field of sizes) {
    const value = config[field];
    if (Number.isNaN(value) || value < 0) throw new ConfigError(field, value, "must be 0 or more bytes");
  }
  if (config.maxCommittedSizePerReadyBytes === 0) {
    throw new ConfigError("maxCommittedSizePerReadyBytes", 0, "must be above 0 when maxSizePerMsgBytes is 0");
  }
}

function checkRelations(config: ValidConfig): void {
  if (config.id === NONE || isStorageThread(config.id)) {
    throw new ConfigError("id", config.id, "is reserved");
  }
  if (config.electionTicks <= config.heartbeatTicks) {
    throw new ConfigError(
      "electionTicks",
      config.electionTicks,
      `must exceed heartbeatTicks=${config.heartbeatTicks}`,
    );
  }
  if (config.maxInflightBytes < config.maxSizePerMsgBytes && config.maxInflightBytes !== UNLIMITED) {
    throw new ConfigError(
      "maxInflightBytes",
      config.maxInflightBytes,
      `must be at least maxSizePerMsgBytes=${config.maxSizePerMsgBytes}`,
    );
  }
  if (config.readOnlyOption === ReadOnlyOption.LeaseBased && !config.checkQuorum) {
    throw new ConfigError("checkQuorum", false, "lease-based reads need it: without it no lease ever ends");
  }
}
