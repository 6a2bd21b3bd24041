/** Parses `elastickv verify | migrate | backup | restore ...`. */
import { ConfigError } from "../../config/config.ts";
import type { Environment } from "../../config/load.ts";
import { parseDuration, parseSize } from "../../config/units.ts";
import { type AdminTarget, adminTargets } from "../cluster-arguments.ts";
import { parseFlags } from "../flags.ts";
import type { VerifyAction } from "./verify.ts";

export interface BackupAction {
  readonly verb: "backup" | "restore";
  /** Only verify what lies in the target. */
  readonly verify: boolean;
  readonly target: string;
  readonly endpoint: string | undefined;
  /** Id of a backup; undefined: the newest. */
  readonly id: string | undefined;
  readonly rate: number | undefined;
  readonly json: boolean;
}

export type MaintenanceAction = ({ readonly verb: "verify" } & VerifyAction) | BackupAction;

export type MaintenanceVerb = MaintenanceAction["verb"];

export interface MaintenanceCommand {
  readonly action: MaintenanceAction;
  readonly admin: readonly AdminTarget[];
  /** For the keys of an S3 endpoint. */
  readonly environment: Environment;
  /** How long a request is repeated, as while there is no leader. */
  readonly patienceMs: number;
}

export interface MaintenanceOption {
  readonly flag: string;
  readonly placeholder: string | undefined;
  readonly help: string;
}

const ADMIN_OPTIONS: readonly MaintenanceOption[] = [
  { flag: "admin-address", placeholder: "HOST:PORT", help: "admin address of a node, on its own machine" },
  { flag: "admin-socket", placeholder: "PATH", help: "or its admin socket" },
  {
    flag: "timeout",
    placeholder: "DURATION",
    help: "how long to wait for a leader, or for the node, before giving up [default 5m]",
  },
];
const RATE: MaintenanceOption = { flag: "rate", placeholder: "SIZE", help: "at most so many bytes a second" };
const JSON_OUTPUT: MaintenanceOption = {
  flag: "json",
  placeholder: undefined,
  help: "as JSON, for programs",
};

const ENDPOINT: MaintenanceOption = {
  flag: "s3-endpoint",
  placeholder: "URL",
  help: "for s3://BUCKET/PREFIX: where; keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
};
const BACKUP_ID: MaintenanceOption = {
  flag: "backup",
  placeholder: "ID",
  help: "which backup of the target [default: the newest complete one]",
};

interface VerbShape {
  readonly operands: readonly string[];
  readonly summary: string;
  readonly options: readonly MaintenanceOption[];
  readonly details: string;
}

export const MAINTENANCE_VERBS: Readonly<Record<MaintenanceVerb, VerbShape>> = {
  verify: {
    operands: [],
    summary: "is all data there? every object, every chunk, every copy",
    options: [
      { flag: "deep", placeholder: undefined, help: "read and verify every byte of every copy too" },
      RATE,
      { flag: "state", placeholder: "PATH", help: "keep the position there; the same command goes on" },
      JSON_OUTPUT,
      ...ADMIN_OPTIONS,
    ],
    details: `Walks over all objects of the running cluster: rows, references, and the copies on every member. With --deep each
member reads its copies and compares their SHA-256; without it, --rate counts the bytes of the objects that were passed.
An object that is overwritten or deleted meanwhile counts as it is then. Parts of uploads that were not completed are not looked at.

Exit codes: 0 everything is there, with all copies; 1 something is lost, damaged or corrupt (or the command failed);
2 wrong usage; 3 nothing is known to be lost, but copies are missing, members could not be reached, or content is of a newer release.`,
  },
  backup: {
    operands: ["[verify]", "TARGET"],
    summary: "copy everything, as of one moment, while the cluster runs",
    options: [ENDPOINT, BACKUP_ID, RATE, JSON_OUTPUT, ...ADMIN_OPTIONS],
    details: `TARGET is a directory, or s3://BUCKET/PREFIX at another endpoint. The rows are those of one position of the log; blobs that the
target holds already are not copied again. The backup counts only when latest.json names it, which is written last. It asks the admin
socket of a node, on its own machine: bytes of objects do not pass over the admin address.

"elastickv backup verify TARGET" asks no node: it reads the backup, and compares everything with its SHA-256.

Exit codes: 0 done, or intact; 1 failed, or damaged; 2 wrong usage.`,
  },
  restore: {
    operands: ["SOURCE"],
    summary: "put a backup into an empty cluster",
    options: [ENDPOINT, BACKUP_ID, RATE, JSON_OUTPUT, ...ADMIN_OPTIONS],
    details: `The cluster must run and have no buckets (NOT_EMPTY). Buckets appear when everything else is there. Interrupted anywhere, the same
command goes on. At the end every row is compared with the backup; keep clients away until then.

Exit codes: 0 restored and compared; 1 failed, or the rows differ; 2 wrong usage.`,
  },
};

export function isMaintenanceVerb(word: string): word is MaintenanceVerb {
  return Object.hasOwn(MAINTENANCE_VERBS, word);
}

const PATIENCE_MS = 5 * 60_000;

/** @param words the words after the verb. @throws ConfigError with one line that names the error. */
export function parseMaintenance(
  verb: MaintenanceVerb,
  words: readonly string[],
  environment: Environment,
): MaintenanceCommand {
  const operands: string[] = [];
  const { options } = MAINTENANCE_VERBS[verb];
  const flags = parseFlags(words, {
    known: new Map(
      options.map(
        ({ flag, placeholder }) => [flag, placeholder === undefined ? "nothing" : "value"] as const,
      ),
    ),
    command: verb,
    operand: (word) => {
      if (word === "--") throw new ConfigError(`unknown flag "--" (see elastickv ${verb} --help)`);
      operands.push(word);
    },
    flag: (name, inlineValue) => {
      if (inlineValue && options.some(({ flag, placeholder }) => flag === name && placeholder === undefined))
        throw new ConfigError(`--${name} takes no value`);
    },
  });
  return {
    action: actionOf(verb, operands, flags),
    admin: adminTargets(flags, environment),
    environment,
    patienceMs: flagValue(flags, "timeout", parseDuration) ?? PATIENCE_MS,
  };
}

function actionOf(
  verb: MaintenanceVerb,
  operands: readonly string[],
  flags: ReadonlyMap<string, string>,
): MaintenanceAction {
  switch (verb) {
    case "verify":
      noOperands(verb, operands);
      return {
        verb,
        deep: flags.has("deep"),
        rate: rateOf(flags),
        state: flags.get("state"),
        json: flags.has("json"),
      };
    case "backup":
    case "restore":
      return transferOf(verb, operands, flags);
  }
}

function transferOf(
  verb: "backup" | "restore",
  operands: readonly string[],
  flags: ReadonlyMap<string, string>,
): BackupAction {
  const verify = verb === "backup" && operands.length === 2 && operands[0] === "verify";
  const target = operands[verify ? 1 : 0];
  if (target === undefined || operands.length > (verify ? 2 : 1)) {
    const wanted = verb === "backup" ? "TARGET, or verify TARGET" : "SOURCE";
    throw new ConfigError(`${verb} takes ${wanted}; given: ${operands.join(" ") || "nothing"}`);
  }
  const id = flags.get("backup");
  if (id !== undefined && verb === "backup" && !verify) {
    throw new ConfigError("--backup names a backup that is there: a new one gets its own id");
  }
  return {
    verb,
    verify,
    target,
    endpoint: flags.get("s3-endpoint"),
    id,
    rate: rateOf(flags),
    json: flags.has("json"),
  };
}

function noOperands(verb: string, operands: readonly string[]): void {
  if (operands.length > 0) {
    throw new ConfigError(`${verb} takes no operands; given: ${operands.join(" ")}`);
  }
}

function rateOf(flags: ReadonlyMap<string, string>): number | undefined {
  const rate = flagValue(flags, "rate", parseSize);
  if (rate === 0) throw new ConfigError("--rate: 0 bytes a second would never end");
  return rate;
}

function flagValue(
  flags: ReadonlyMap<string, string>,
  name: string,
  parse: (text: string) => number,
): number | undefined {
  const text = flags.get(name);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigError(
      `--${name}: ${JSON.stringify(text)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
