import { ConfigError, type LoadedConfig } from "../config/config.ts";
import { didYouMean } from "../config/did-you-mean.ts";
import { type Environment, loadConfig } from "../config/load.ts";
import { SETTING_ROWS, type Setting, variableOf } from "../config/settings.ts";
import { type AdminCommand, parseAdminCommand } from "./admin/arguments.ts";
import {
  type ClusterCommand,
  type ClusterVerb,
  isClusterVerb,
  parseClusterCommand,
} from "./cluster-arguments.ts";
import type { ConfigCheckRequest } from "./config-check.ts";
import { type DrainCommand, parseDrain } from "./drain.ts";
import { parseFlags } from "./flags.ts";
import {
  isMaintenanceWord,
  MAINTENANCE_WORDS,
  type MaintenanceCommand,
  type MaintenanceWord,
  parseMaintenance,
} from "./maintenance/arguments.ts";
import { isPolicyVerb, type PolicyRequest, parsePolicyCommand } from "./policy/arguments.ts";
import { type JoinCommand, parseJoin, parseSetup, type SetupRequest } from "./setup/arguments.ts";
import {
  isUserWord,
  parseUserCommand,
  USER_WORDS,
  type UserCommand,
  type UserWord,
} from "./users/arguments.ts";

/** The parsed command line. */
export type Command =
  | { readonly kind: "serve"; readonly loaded: LoadedConfig }
  | { readonly kind: "cluster"; readonly command: ClusterCommand }
  | { readonly kind: "drain"; readonly command: DrainCommand }
  | { readonly kind: "maintenance"; readonly command: MaintenanceCommand }
  | { readonly kind: "setup"; readonly request: SetupRequest }
  | { readonly kind: "join"; readonly command: JoinCommand }
  | { readonly kind: "admin"; readonly command: AdminCommand }
  | { readonly kind: "policy"; readonly request: PolicyRequest }
  | { readonly kind: "users"; readonly command: UserCommand }
  | { readonly kind: "credentials"; readonly loaded: LoadedConfig }
  | { readonly kind: "config"; readonly request: ConfigCheckRequest }
  | { readonly kind: "extra-env" }
  | { readonly kind: "help"; readonly topic: HelpTopic }
  | { readonly kind: "version"; readonly json: boolean };

export type HelpTopic =
  | "general"
  | "serve"
  | "cluster"
  | "drain"
  | "admin"
  | "credentials"
  | "config"
  | "setup"
  | "join"
  | ClusterVerb
  | MaintenanceWord
  | UserWord;

const VERBS = [
  ...["serve", "setup", "join", "cluster", "drain", "admin", "credentials", "config", "version", "help"],
  ...MAINTENANCE_WORDS,
  ...USER_WORDS,
];

/**
 * @param words the words after the program's name.
 * @throws ConfigError with one line that names what is wrong.
 */
export function parseCommandLine(words: readonly string[], environment: Environment): Command {
  const [verb, ...rest] = words;
  switch (verb) {
    case undefined:
    case "help":
    case "--help":
    case "-h":
      return { kind: "help", topic: helpTopic(rest) };
    case "version":
    case "--version":
      if (asksForHelp(rest)) return { kind: "help", topic: "general" };
      return { kind: "version", json: onlyJson(verb, rest) };
    case "serve":
      if (asksForHelp(rest)) return { kind: "help", topic: "serve" };
      return { kind: "serve", loaded: loadConfig(settingFlags(rest), environment) };
    case "setup":
      if (asksForHelp(rest)) return { kind: "help", topic: verb };
      return { kind: "setup", request: parseSetup(rest) };
    case "join":
      if (asksForHelp(rest)) return { kind: "help", topic: verb };
      return { kind: "join", command: parseJoin(rest) };
    case "cluster":
      if (asksForHelp(rest) || rest[0] === "help") return { kind: "help", topic: helpTopic([verb, ...rest]) };
      return { kind: "cluster", command: parseClusterCommand(rest[0], rest.slice(1), environment) };
    case "drain":
      if (asksForHelp(rest) || rest[0] === "help") return { kind: "help", topic: "drain" };
      return { kind: "drain", command: parseDrain(rest, environment) };
    case "admin":
      if (asksForHelp(rest) || rest[0] === "help") return { kind: "help", topic: "admin" };
      return { kind: "admin", command: parseAdminCommand(rest, environment) };
    case "credentials":
      if (asksForHelp(rest) || rest[0] === "help") return { kind: "help", topic: "credentials" };
      if (rest[0] !== "show") throw new ConfigError(notTheVerb(verb, "show", rest[0]));
      return { kind: "credentials", loaded: loadConfig(settingFlags(rest.slice(1), verb), environment) };
    case "config":
      if (asksForHelp(rest) || rest[0] === "help") return { kind: "help", topic: "config" };
      if (rest[0] === "extra-env") {
        const [, surplus] = rest;
        if (surplus === undefined) return { kind: "extra-env" };
        throw new ConfigError(
          `unexpected argument ${JSON.stringify(surplus)}: config extra-env reads standard input`,
        );
      }
      if (rest[0] !== "check") throw new ConfigError(notTheVerb(verb, "check", rest[0]));
      return { kind: "config", request: configCheck(rest.slice(1), environment) };
    case "user":
    case "key":
    case "group":
    case "policy":
      if (asksForHelp(rest) || rest[0] === "help") return { kind: "help", topic: verb };
      // Two verbs need no server.
      if (verb === "policy" && isPolicyVerb(rest[0])) {
        return { kind: "policy", request: parsePolicyCommand(rest[0], rest.slice(1)) };
      }
      return { kind: "users", command: parseUserCommand(verb, rest, environment) };
    default:
      if (!isMaintenanceWord(verb)) throw new ConfigError(unknownVerb(verb));
      if (asksForHelp(rest)) return { kind: "help", topic: verb };
      return { kind: "maintenance", command: parseMaintenance(verb, rest, environment) };
  }
}

/** Parses `--env-file PATH` (may be repeated), `--json`, and the flags of `serve`. */
function configCheck(words: readonly string[], environment: Environment): ConfigCheckRequest {
  const flags: string[] = [];
  const files: string[] = [];
  let json = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const isFile = word === "--env-file" || word.startsWith("--env-file=");
    if (word === "--json") json = true;
    else if (!isFile) flags.push(word);
    else {
      const path = word === "--env-file" ? words[++index] : word.slice("--env-file=".length);
      if (path === undefined || path === "" || path.startsWith("--"))
        throw new ConfigError("--env-file: the value is missing (PATH)");
      files.push(path);
    }
  }
  return { flags: settingFlags(flags, "config check"), environment, files, json };
}

/** @returns true when --json is given. @throws ConfigError for any other word. */
function onlyJson(verb: string, words: readonly string[]): boolean {
  const other = words.find((word, index) => word !== "--json" || index > 0);
  if (other === undefined) return words.length > 0;
  throw new ConfigError(`unexpected argument ${JSON.stringify(other)} after ${verb}: it takes only --json`);
}

/** The error for a verb with exactly one verb below it. */
function notTheVerb(verb: string, only: string, word: string | undefined): string {
  const what =
    word === undefined ? `${verb} needs a verb` : `unknown verb ${JSON.stringify(word)} after ${verb}`;
  return `${what}: write elastickv ${verb} ${only} (see elastickv ${verb} --help)`;
}

function asksForHelp(words: readonly string[]): boolean {
  return words.includes("--help") || words.includes("-h");
}

function helpTopic([first, second]: readonly string[]): HelpTopic {
  if (first === "serve" || first === "drain" || first === "credentials" || first === "config") return first;
  if (first === "setup" || first === "join" || first === "admin") return first;
  if (first !== undefined && (isMaintenanceWord(first) || isUserWord(first))) return first;
  if (first !== "cluster") return "general";
  return second !== undefined && isClusterVerb(second) ? second : "cluster";
}

function unknownVerb(verb: string): string {
  if (verb.startsWith("-")) {
    return `unknown option ${JSON.stringify(verb)} before the verb: write elastickv serve ${verb} ...`;
  }
  const hint = didYouMean(verb, VERBS);
  return `unknown verb ${JSON.stringify(verb)}${hint === undefined ? "" : `; did you mean ${hint}?`} (see elastickv --help)`;
}

/** By flag, former flags too. */
const ROWS: ReadonlyMap<string, Setting<unknown>> = new Map(
  SETTING_ROWS.flatMap(([, row]) => [row.flag, row.formerly ?? row.flag].map((flag) => [flag, row] as const)),
);
const KNOWN = new Map(
  [...ROWS].map(([flag, { type }]) => [
    flag,
    type.isSwitch === true ? ("nothing" as const) : ("value" as const),
  ]),
);

function settingFlags(words: readonly string[], verb = "serve"): ReadonlyMap<string, string> {
  return parseFlags(words, {
    known: KNOWN,
    command: "serve",
    operand: (word) => {
      throw new ConfigError(
        `unexpected argument ${JSON.stringify(word)}: ${verb} takes only --flags (see elastickv ${verb} --help)`,
      );
    },
    flag: (name) => {
      const row = ROWS.get(name);
      if (row?.type.isSecret !== true) return;
      const variable = variableOf(row);
      throw new ConfigError(
        `--${name} is not accepted, because every user can see command lines: set ${variable} or ${variable}_FILE`,
      );
    },
    placeholder: (name) => ` (${ROWS.get(name)?.type.placeholder})`,
  });
}
