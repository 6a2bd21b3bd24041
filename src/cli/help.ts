import { SECTIONS, SETTING_ROWS, type Setting, variableOf } from "../config/settings.ts";
import { described } from "./columns.ts";
import { CLUSTER_SUMMARY, COMMANDS, type CommandRow, commandUsage } from "./command-table.ts";

/** Column of the verb's summary in the general help. */
const SUMMARY_COLUMN = 41;

export function generalHelp(): string {
  const verbs = COMMANDS.filter(({ words }) => words[0] !== "cluster").map(usageLine);
  verbs.splice(1, 0, described("elastickv cluster VERB", CLUSTER_SUMMARY, SUMMARY_COLUMN));
  return `elastickv: S3-compatible storage in one binary

Usage:
${verbs.join("\n")}
${described("elastickv --help", "this text", SUMMARY_COLUMN)}

"elastickv serve" with no flags is a working single node on 127.0.0.1:9000.
`;
}

function usageLine(command: CommandRow): string {
  return described(commandUsage(command), command.summary, SUMMARY_COLUMN);
}

export function credentialsHelp(): string {
  return `Usage: elastickv credentials show [--data-dir PATH] [--node-key-file PATH]

Prints the root keys that are kept in a data directory, as two lines for a shell or an EnvironmentFile. Keys that are
sealed (because the node key is kept outside of the directory) are opened with the same --node-key-file, variable or
systemd credential as by "serve". Run it as the user that the node runs as; the node may be running.
Keys from ELASTICKV_ROOT_ACCESS_KEY or a file named by ELASTICKV_ROOT_ACCESS_KEY_FILE are kept nowhere: they are not shown.
`;
}

export function configHelp(): string {
  return `Usage: elastickv config check [--env-file PATH]... [--json] [flags of serve]

Prints every setting with its value and where that comes from: a flag, a variable of the environment, a file, or the
default. A file is read as systemd reads an EnvironmentFile; its variables win over the environment's, a later file over an
earlier one, and flags over all. What the service runs with:
  elastickv config check --env-file /etc/elastickv/cluster.env --env-file /etc/elastickv/elastickv.env
(cluster.env only on a host where elastickv setup or elastickv join has written it)

Exit codes: 0 a node can be started with it, 2 something is refused. Each problem is one line on standard error: a value that
is no good, also where a start would fall back to the default, and a variable that begins with ELASTICKV_ and is no setting.
Files that settings name (keys, secrets) are not opened, and no port is tried.

       elastickv config extra-env < PAIRS

Turns KEY=VALUE pairs, with white space between them, into the lines of an EnvironmentFile from which systemd gives a service
exactly these values: scripts/rolling-update.sh writes /etc/elastickv/extra.env with it. The later of two pairs with one KEY wins.
`;
}

/** All settings with their variables, defaults and bounds, from the settings table. */
export function serveHelp(): string {
  const lines = [
    "Usage: elastickv serve [flags]",
    "",
    "Every flag has a variable of the same meaning; the flag wins. Sizes: 4MiB, 256KiB, 1048576. Durations: 500ms,",
    "30s, 5m, 1h, 7d. A bad value is an error, except in the variable of a setting with [tuning]: there the default",
    "is used and a warning says so.",
  ];
  for (const section of SECTIONS) {
    lines.push("", `${section}:`);
    for (const [, row] of SETTING_ROWS) {
      if (row.section === section) lines.push(...settingHelp(row));
    }
  }
  return `${lines.join("\n")}\n`;
}

function settingHelp(row: Setting<unknown>): string[] {
  const head =
    row.type.isSecret === true
      ? `  ${variableOf(row)} (variable only: command lines are visible to every user)`
      : `  --${row.flag} ${row.type.placeholder}   ${variableOf(row)}`;
  return [head, ...wrap(`${row.help}. ${settingFacts(row)}`, 108).map((line) => `      ${line}`)];
}

/** `[default 20s; 0 .. 10m]`, and [tuning]. @internal also for the man page */
export function settingFacts(row: Setting<unknown>): string {
  const shown = row.type.isSecret === true ? "" : row.type.format(row.default);
  const parts = [`default ${shown === "" ? "none" : shown}`];
  if (row.type.bounds !== undefined) parts.push(row.type.bounds);
  return `[${parts.join("; ")}]${row.tuning === true ? " [tuning]" : ""}`;
}

/** Lines of at most `width` characters; a longer word has its own line. @internal also for the man page */
export function wrap(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
