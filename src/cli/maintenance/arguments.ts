/** Parses `elastickv verify | migrate | backup | restore ...`. */
import { ConfigError } from "../../config/config.ts";
import type { Environment } from "../../config/load.ts";
import { parseDuration, parseSize } from "../../config/units.ts";
import { type AdminTarget, adminTargets } from "../cluster-arguments.ts";
import { parseFlags } from "../flags.ts";
import type { VerifyAction } from "./verify.ts";

export type MaintenanceAction = { readonly verb: "verify" } & VerifyAction;

export type MaintenanceVerb = MaintenanceAction["verb"];

export interface MaintenanceCommand {
  readonly action: MaintenanceAction;
  readonly admin: readonly AdminTarget[];
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
  }
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
