/** Parses `elastickv verify | migrate | backup | restore ...`. */
import { ConfigError } from "../../config/config.ts";
import type { Environment } from "../../config/load.ts";
import { parseDuration, parseSize } from "../../config/units.ts";
import { type AdminTarget, adminTargets } from "../cluster-arguments.ts";
import { parseFlags } from "../flags.ts";
import type { VerifyAction } from "./verify.ts";

interface BackupAction {
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

export type MigrateAction =
  | { readonly verb: "migrate start"; readonly rate: number | undefined }
  | { readonly verb: "migrate status"; readonly json: boolean; readonly watch: boolean }
  | { readonly verb: "migrate pause" };

type MaintenanceAction = MigrateAction | ({ readonly verb: "verify" } & VerifyAction) | BackupAction;

export type MaintenanceVerb = MaintenanceAction["verb"];

export interface MaintenanceCommand {
  readonly action: MaintenanceAction;
  readonly admin: readonly AdminTarget[];
  /** For the keys of an S3 endpoint. */
  readonly environment: Environment;
  /** How long a request is repeated, as while there is no leader. */
  readonly patienceMs: number;
}

interface MaintenanceOption {
  readonly flag: string;
  readonly placeholder: string | undefined;
  readonly help: string;
}

const ADMIN_OPTIONS: readonly MaintenanceOption[] = [
  { flag: "admin-address", placeholder: "HOST:PORT", help: "admin address of a node; needs a token" },
  { flag: "admin-socket", placeholder: "PATH", help: "or its admin socket" },
  {
    flag: "timeout",
    placeholder: "DURATION",
    help: "how long to wait for a leader, or for the node, before giving up [default 5m]",
  },
];
/** Requests that carry content are answered on the socket alone. */
const SOCKET_OPTIONS = ADMIN_OPTIONS.filter(({ flag }) => flag !== "admin-address");
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

const MIGRATE_CODES = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.";

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
  "migrate start": {
    operands: [],
    summary: "move the content of old objects from the log to blobs, in the background",
    options: [{ ...RATE, help: "at most so many bytes a second [default 32MiB]" }, ...ADMIN_OPTIONS],
    details: `The node that leads does it, while clients go on; after a change of leader or a restart the next one goes on where it was. It
waits while not every member stores blobs. Started while it is paused or running, it goes on, with the new rate; when it is done, it begins anew.
${MIGRATE_CODES}`,
  },
  "migrate status": {
    operands: [],
    summary: "how far the migration is",
    options: [
      { flag: "watch", placeholder: undefined, help: "until it is done or paused, with a bar on a terminal" },
      JSON_OUTPUT,
      ...ADMIN_OPTIONS,
    ],
    details: MIGRATE_CODES,
  },
  "migrate pause": {
    operands: [],
    summary: "stop the migration; start goes on where it was",
    options: ADMIN_OPTIONS,
    details: MIGRATE_CODES,
  },
  backup: {
    operands: ["[verify]", "TARGET"],
    summary: "copy everything, as of one moment, while the cluster runs",
    options: [
      ENDPOINT,
      { ...BACKUP_ID, help: `with verify: ${BACKUP_ID.help}` },
      RATE,
      JSON_OUTPUT,
      ...SOCKET_OPTIONS,
    ],
    details: `TARGET is a directory, or s3://BUCKET/PREFIX at another endpoint. The rows are those of one position of the log; blobs that the
target holds already are not copied again. The backup counts only when latest.json names it, which is written last. It asks the admin
socket of a node, on its own machine: bytes of objects do not pass over the admin address.

"elastickv backup verify TARGET" asks no node: it reads the backup, and compares everything with its SHA-256.

Exit codes: 0 done, or intact; 1 failed, or damaged; 2 wrong usage.`,
  },
  restore: {
    operands: ["SOURCE"],
    summary: "put a backup into an empty cluster",
    options: [ENDPOINT, BACKUP_ID, RATE, JSON_OUTPUT, ...SOCKET_OPTIONS],
    details: `The cluster must run and have no buckets (NOT_EMPTY). Buckets appear when everything else is there. Interrupted anywhere, the same
command goes on. At the end every row is compared with the backup; keep clients away until then.

Exit codes: 0 restored and compared; 1 failed, or the rows differ; 2 wrong usage.`,
  },
};

/** Words of the command line that begin a verb of this file. */
export const MAINTENANCE_WORDS = ["verify", "migrate", "backup", "restore"] as const;
export type MaintenanceWord = (typeof MAINTENANCE_WORDS)[number];

export function isMaintenanceWord(word: string): word is MaintenanceWord {
  return (MAINTENANCE_WORDS as readonly string[]).includes(word);
}

/** The verb, and how many of the words it has. @throws ConfigError when `migrate` has no verb that exists */
function verbOf(word: MaintenanceWord, next: string | undefined): [verb: MaintenanceVerb, words: number] {
  if (word !== "migrate") return [word, 0];
  const verb = `migrate ${next ?? ""}`;
  if (isVerb(verb)) return [verb, 1];
  const what = next === undefined ? "migrate needs a verb" : `unknown verb ${JSON.stringify(verb)}`;
  throw new ConfigError(`${what}: start, status, pause (see elastickv migrate --help)`);
}

function isVerb(text: string): text is MaintenanceVerb {
  return Object.hasOwn(MAINTENANCE_VERBS, text);
}

const PATIENCE_MS = 5 * 60_000;

/** @param after the words after the first one. @throws ConfigError with one line that names the error. */
export function parseMaintenance(
  word: MaintenanceWord,
  after: readonly string[],
  environment: Environment,
): MaintenanceCommand {
  const [verb, taken] = verbOf(word, after[0]);
  const words = after.slice(taken);
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
    case "migrate start":
      noOperands(verb, operands);
      return { verb, rate: rateOf(flags) };
    case "migrate status":
      noOperands(verb, operands);
      return { verb, json: flags.has("json"), watch: flags.has("watch") };
    case "migrate pause":
      noOperands(verb, operands);
      return { verb };
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
  const verify = verb === "backup" && operands[0] === "verify";
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
