/** Builds the man page from the tables of `--help`. */
import { COMMANDS, type CommandOption, type CommandRow, commandUsage } from "../../src/cli/command-table.ts";
import { settingFacts, wrap } from "../../src/cli/help.ts";
import { SECTIONS, SETTING_ROWS, type Setting, variableOf } from "../../src/config/settings.ts";
import { EXIT } from "../../src/platform/exit-codes.ts";
import type { Release } from "./release.ts";

/** Width of a source line before its escapes: roff joins the lines again, mandoc wants at most 80 bytes. */
const SOURCE_WIDTH = 54;

/** elastickv(1) in the man macros that groff and mandoc know. */
export function manPage(release: Release): string {
  const date = new Date(release.epoch * 1000).toISOString().slice(0, 10);
  return `${[
    `.TH ELASTICKV 1 ${date} "elastickv ${release.name}" "User Commands"`,
    ".SH NAME",
    text("elastickv - S3-compatible object storage in one binary"),
    ".SH SYNOPSIS",
    ...COMMANDS.flatMap((command, index) => [
      ...(index === 0 ? [] : [".br"]),
      `.B ${text(commandUsage(command))}`,
    ]),
    ".SH DESCRIPTION",
    paragraph(
      "A node keeps objects and their metadata in one directory and serves them by the S3 protocol. Metadata goes through a Raft log: with three nodes and more, nothing that was acknowledged is lost when one of them is lost.",
    ),
    ".SH COMMANDS",
    ...COMMANDS.flatMap((command) => [
      ".TP",
      `.B ${text(commandUsage(command))}`,
      sentence(command.summary),
      ...ownOptions(command).flatMap(optionLines),
    ]),
    ".SH SETTINGS",
    paragraph(
      "Each is a flag of serve (and of config check) and a variable of the environment; the flag wins. An empty variable counts as not set. Sizes: 4MiB, 256KiB, 1048576. Durations: 500ms, 30s, 5m, 1h, 7d. A bad value ends the start with code 2, except in the variable of a setting with [tuning]: there the default is used and a warning says so.",
    ),
    ...SECTIONS.flatMap((section) => [
      `.SS ${section}`,
      ...SETTING_ROWS.filter(([, row]) => row.section === section).flatMap(([, row]) => settingLines(row)),
    ]),
    ...FIXED,
  ].join("\n")}\n`;
}

/** Limit of options that are shown with their verb; the settings have a section of their own. */
const FEW = 5;

function ownOptions({ options }: CommandRow): readonly CommandOption[] {
  return options.length <= FEW ? options : options.filter(({ variable }) => variable === undefined);
}

function optionLines({ flag, placeholder, help }: CommandOption): string[] {
  const value = placeholder === undefined ? "" : ` ${placeholder}`;
  return [".RS", ".TP", `.B ${text(`--${flag}${value}`)}`, sentence(help), ".RE"];
}

function settingLines(row: Setting<unknown>): string[] {
  const variable = variableOf(row);
  const names = row.type.isSecret === true ? [variable] : [`--${row.flag} ${row.type.placeholder}`, variable];
  return [
    ".TP",
    ...names.flatMap((name, index) => [...(index === 0 ? [] : [".TQ"]), `.B ${text(name)}`]),
    `${sentence(`${row.help}. ${settingFacts(row)}`)}`,
  ];
}

const entry = (name: string, what: string): string[] => [".TP", `.B ${text(name)}`, sentence(what)];

const FIXED: readonly string[] = [
  ".SH FILES",
  ...entry("/etc/elastickv/elastickv.env", "settings of the service, KEY=VALUE lines"),
  ...entry("/etc/elastickv/cluster.env", "settings that elastickv setup or elastickv join wrote"),
  ...entry("/var/lib/elastickv", "data of the service: never removed, not even when the package is purged"),
  ...entry("/run/elastickv/admin.sock", "admin API of the service, for its user and root"),
  ...entry("/usr/lib/elastickv/VERSION/elastickv", "the versions that are installed side by side"),
  ...entry("/usr/lib/elastickv/current", "symbolic link: the version that runs"),
  ...entry("/usr/lib/elastickv/switch-version", "lists them, and goes to another one"),
  ".SH EXIT STATUS",
  ...entry(String(EXIT.DONE), "told to stop, or done"),
  ...entry(
    String(EXIT.MAY_MEND),
    "failed, and the next start may succeed: a busy port, a full disk, an absent peer",
  ),
  ...entry(String(EXIT.USAGE), "a word of the command line or a setting is wrong"),
  ...entry(
    String(EXIT.LASTING),
    "something else has to be put right first: the last line on standard error says what",
  ),
  ...entry(
    String(EXIT.MEMORY),
    "memory was short for too long: the node ended in order, before the kernel would have killed it",
  ),
  ".PP",
  text("elastickv verify ends with 1 also when something is lost or damaged,"),
  text("and with 3 when copies are missing."),
  ".SH SIGNALS",
  ...entry("SIGTERM, SIGINT", "no new requests; those in flight end within --shutdown-grace"),
  ...entry("SIGHUP", "certificates and the log level are read again; connections stay"),
  ".SH EXAMPLES",
  text("A node alone, and a cluster looked at:"),
  ".PP",
  ".nf",
  text("elastickv serve --data-dir /srv/elastickv --s3-address :9000"),
  text("elastickv cluster status"),
  ".fi",
  ".SH SEE ALSO",
  paragraph(
    "/usr/share/doc/elastickv/operations: installation, settings, clusters, start-up errors, monitoring, chunks, verify, migrate, backup",
  ),
];

function paragraph(words: string): string {
  return wrap(words, SOURCE_WIDTH).map(text).join("\n");
}

function sentence(words: string): string {
  const head = words.charAt(0).toUpperCase() + words.slice(1);
  return paragraph(/[.!?\]]$/.test(head) ? head : `${head}.`);
}

/** Escapes plain text for roff, so that no text is read as a command or an escape. */
function text(words: string): string {
  return words
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("`", "\\(ga")
    .replaceAll("'", "\\(aq")
    .replace(/^\./, "\\&.");
}
