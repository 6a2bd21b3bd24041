import { isStorageThread } from "./message.ts";
import { UNLIMITED } from "./sizes.ts";
import type { Storage } from "./storage.ts";
import { NONE, ReadOnlyOption } from "./types.ts";

/** Returns numbers for the randomised election timeout: an integer in [0, bound). */
type NextInt = (bound: number) => number;

export interface Config {
  /** This node's id: a safe integer above 0. No other node ever had or has this id, not even a removed one. */
  readonly id: number;
  readonly storage: Storage;
  readonly nextInt: NextInt;
  /**
   * Ticks without a leader after which a follower campaigns: the drawn timeout lies in [electionTicks, 2 *
   * electionTicks).
   */
  readonly electionTicks: number;
  /** Ticks between two heartbeats; much fewer than `electionTicks`. */
  readonly heartbeatTicks: number;
  /**
   * Index up to which the state machine has already applied the log: the core does not return these entries. Default
   * 0.
   */
  readonly applied?: number;
  /** The core requests storage work by messages, and the next Ready does not wait for the work. Default false. */
  readonly asyncStorageWrites?: boolean;
  /** Maximum bytes of entries in one append message; a larger entry is sent alone. Default: unlimited. */
  readonly maxSizePerMsgBytes?: number;
  /** Maximum bytes of committed entries that are being applied; 0 = as `maxSizePerMsgBytes`. Default 0. */
  readonly maxCommittedSizePerReadyBytes?: number;
  /** Maximum bytes of proposals that are not applied; more proposals are dropped; 0 = unlimited. Default 0. */
  readonly maxUncommittedEntriesBytes?: number;
  /** Maximum number of append messages in flight to one follower. */
  readonly maxInflightMsgs: number;
  /** Maximum bytes of entries in flight to one follower; 0 = unlimited. Default 0. */
  readonly maxInflightBytes?: number;
  /**
   * A leader that hears from no quorum for an election timeout steps down; followers with a live leader ignore other
   * candidates. Default false.
   */
  readonly checkQuorum?: boolean;
  /**
   * The node asks before it campaigns, so that a node that returns from a partition does not disturb (thesis, 9.6).
   */
  readonly preVote?: boolean;
  /** How the leader confirms reads. Default Safe. */
  readonly readOnlyOption?: ReadOnlyOption;
  /** Followers drop proposals and do not forward them to the leader. Default false. */
  readonly disableProposalForwarding?: boolean;
  /** The core trusts the application to propose only possible membership changes. Default false. */
  readonly disableConfChangeValidation?: boolean;
  /** A leader that removes or demotes itself steps down when it applies the change. Default false. */
  readonly stepDownOnRemoval?: boolean;
}

/** A Config with its defaults and with checked relations. */
export type ValidConfig = Readonly<Required<Config>>;

/** The configuration is invalid; `field` names the setting, and the message has its value. */
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
