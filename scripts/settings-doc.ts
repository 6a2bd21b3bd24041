/**
 * `bun scripts/settings-doc.ts`: writes docs/operations/settings.md from the settings table (a test compares both).
 */
import { join } from "node:path";
import { SECTIONS, SETTING_ROWS, type Setting, variableOf } from "../src/config/settings.ts";

export const SETTINGS_DOC = "docs/operations/settings.md";

export function settingsDocument(): string {
  const lines = [
    "# Settings",
    "",
    "Written by `bun scripts/settings-doc.ts` from `src/config/settings.ts`; `elastickv serve --help` says the same.",
    "",
    "A flag and its variable are the same setting; the flag wins. An empty variable counts as not set. Sizes: `4MiB`,",
    "`256KiB`, `1048576` (bytes). Durations: `500ms`, `30s`, `5m`, `1h30m`, `7d`. Switches: `true` or `false`; the flag",
    "alone means `true`.",
    "",
    "A bad value stops the start with exit code 2 and one line that names it. Only the *variable* of a tuning setting (marked",
    "T) does not: the default is used and a warning in the log names variable, value and default. A variable that starts",
    "with `ELASTICKV_` and is no setting is warned about. `elastickv config check` names both as errors before a start, and prints",
    "what is in force and where each value comes from.",
  ];
  for (const section of SECTIONS) {
    lines.push("", `## ${section}`, "", "| setting | default | accepted | |", "|---|---|---|---|");
    for (const [, row] of SETTING_ROWS) {
      if (row.section === section) lines.push(tableRow(row));
    }
  }
  return `${lines.join("\n")}\n`;
}

function tableRow(row: Setting<unknown>): string {
  const isSecret = row.type.isSecret === true;
  const name = isSecret
    ? `\`${variableOf(row)}\` (variable only)`
    : `\`--${row.flag}\`<br>\`${variableOf(row)}\``;
  const shown = isSecret ? "" : row.type.format(row.default);
  const accepted = row.type.bounds ?? row.type.placeholder.replaceAll("|", " or ");
  const tuning = row.tuning === true ? "**T** " : "";
  return `| ${name} | ${shown === "" ? "none" : `\`${shown}\``} | ${accepted} | ${tuning}${row.help} |`;
}

if (import.meta.main) await Bun.write(join(import.meta.dir, "..", SETTINGS_DOC), settingsDocument());
