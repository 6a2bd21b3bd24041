/** Every verb with its operands and options, in one table for the general help, the man page and the completions. */
import { SETTING_ROWS, SETTINGS, type Setting, variableOf } from "../config/settings.ts";
import { ADMIN_VERBS, type AdminVerb } from "./admin/arguments.ts";
import { CLUSTER_VERBS, type ClusterVerb } from "./cluster-arguments.ts";
import { CLUSTER_OPTIONS, JOIN_TOKEN_OPTIONS, REPLACE_WITH_OPTION, SUMMARY } from "./cluster-help.ts";
import { DRAIN_OPTIONS, DRAIN_SUMMARY } from "./drain.ts";
import { MAINTENANCE_VERBS, type MaintenanceVerb } from "./maintenance/arguments.ts";
import { POLICY_VERBS, type PolicyVerb } from "./policy/arguments.ts";
import { OPTIONS_OF } from "./setup/arguments.ts";
import { USER_SHAPES, type UserVerb } from "./users/verbs.ts";

/** One `--flag` of a verb. @internal also for man page and completions */
export interface CommandOption {
  /** Name of the flag, without the two dashes. */
  readonly flag: string;
  /** Placeholder of the flag's value; undefined: the flag takes no value. */
  readonly placeholder: string | undefined;
  /** The flag may stand alone, or have a value after `=`. */
  readonly isSwitch?: true;
  /** Environment variable with the same meaning. */
  readonly variable?: string;
  readonly help: string;
}

export interface CommandRow {
  /** Words after the program's name: `["cluster", "status"]`. */
  readonly words: readonly string[];
  /** Operands as help shows them: `["NAME=HOST:PORT"]`. */
  readonly operands: readonly string[];
  readonly summary: string;
  readonly options: readonly CommandOption[];
}

const JSON_OPTION: CommandOption = { flag: "json", placeholder: undefined, help: "as JSON, for programs" };

function settingOption(row: Setting<unknown>): CommandOption {
  const { flag, help } = row;
  const isSwitch = row.type.isSwitch === true ? { isSwitch: true as const } : {};
  return { flag, placeholder: row.type.placeholder, variable: variableOf(row), help, ...isSwitch };
}

/** Settings that are secrets have no flag (src/config/settings.ts). */
const SETTING_OPTIONS = SETTING_ROWS.filter(([, row]) => row.type.isSecret !== true).map(([, row]) =>
  settingOption(row),
);

/** Options that one verb of `cluster` has beside the common ones. */
const OWN_OPTIONS: Readonly<Partial<Record<ClusterVerb, readonly CommandOption[]>>> = {
  status: [JSON_OPTION],
  "join-token": JOIN_TOKEN_OPTIONS,
  replace: [REPLACE_WITH_OPTION],
  "update-lock": [
    { flag: "owner", placeholder: "TEXT", help: "who updates: for acquire and release" },
    { flag: "force", placeholder: undefined, help: "release: whoever has the lock" },
    JSON_OPTION,
  ],
};

const CLUSTER_ROWS = (Object.keys(CLUSTER_VERBS) as ClusterVerb[]).map(
  (verb): CommandRow => ({
    words: ["cluster", verb],
    operands: CLUSTER_VERBS[verb].operands,
    summary: SUMMARY[verb],
    options: verb === "secret" ? [] : [...CLUSTER_OPTIONS, ...(OWN_OPTIONS[verb] ?? [])],
  }),
);

const MAINTENANCE_ROWS = (Object.keys(MAINTENANCE_VERBS) as MaintenanceVerb[]).map((verb): CommandRow => {
  const { operands, summary, options } = MAINTENANCE_VERBS[verb];
  return { words: verb.split(" "), operands, summary, options };
});

const ADMIN_ROWS = (Object.keys(ADMIN_VERBS) as AdminVerb[]).map((verb): CommandRow => {
  const { operands, summary, options } = ADMIN_VERBS[verb];
  return { words: ["admin", ...verb.split(" ")], operands, summary, options };
});

const POLICY_ROWS = (Object.keys(POLICY_VERBS) as PolicyVerb[]).map((verb): CommandRow => {
  const { operands, summary, options } = POLICY_VERBS[verb];
  return { words: ["policy", verb], operands, summary, options };
});

const USER_ROWS = (Object.keys(USER_SHAPES) as UserVerb[]).map((verb): CommandRow => {
  const { operands, summary, options } = USER_SHAPES[verb];
  return { words: verb.split(" "), operands, summary, options };
});

export const CLUSTER_SUMMARY = "look at a cluster and change its members (elastickv cluster --help)";

export const COMMANDS: readonly CommandRow[] = [
  {
    words: ["serve"],
    operands: [],
    summary: "run a node (elastickv serve --help lists the flags)",
    options: SETTING_OPTIONS,
  },
  {
    words: ["setup"],
    operands: [],
    summary: "make this host the first node of a cluster, and print join lines for others",
    options: OPTIONS_OF.setup,
  },
  {
    words: ["join"],
    operands: [],
    summary: "let this host into a cluster; the join token comes on standard input",
    options: OPTIONS_OF.join,
  },
  ...CLUSTER_ROWS,
  { words: ["drain"], operands: [], summary: DRAIN_SUMMARY, options: DRAIN_OPTIONS },
  ...MAINTENANCE_ROWS,
  ...USER_ROWS,
  ...POLICY_ROWS,
  ...ADMIN_ROWS,
  {
    words: ["credentials", "show"],
    operands: [],
    summary: "print the root keys of a data directory",
    // The verb accepts the other flags of `serve` too, but uses only these.
    options: [settingOption(SETTINGS.dataDir), settingOption(SETTINGS.nodeKeyFile)],
  },
  {
    words: ["config", "check"],
    operands: [],
    summary: "print the settings in force, where each comes from, and what is wrong",
    options: [
      {
        flag: "env-file",
        placeholder: "PATH",
        help: "variables as in an EnvironmentFile of systemd; may be repeated",
      },
      JSON_OPTION,
      ...SETTING_OPTIONS,
    ],
  },
  {
    words: ["config", "extra-env"],
    operands: [],
    summary: "turn KEY=VALUE pairs of standard input into an EnvironmentFile",
    options: [],
  },
  {
    words: ["version"],
    operands: [],
    summary: "print the version; with --json also the formats that it reads",
    options: [JSON_OPTION],
  },
];

/**
 * `elastickv cluster promote NAME`; a verb with settings shows [flags], and --json is shown when it is the only
 * option.
 */
export function commandUsage({ words, operands, options }: CommandRow): string {
  const flags =
    options.length === 1 && options[0] === JSON_OPTION ? ["[--json]"] : options.length > 0 ? ["[flags]"] : [];
  return ["elastickv", ...words, ...operands, ...flags].join(" ");
}
