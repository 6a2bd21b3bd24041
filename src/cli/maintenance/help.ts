import { MAINTENANCE_VERBS, type MaintenanceVerb, type MaintenanceWord } from "./arguments.ts";

/** Help on every verb that begins with the word. */
export function maintenanceHelp(word: MaintenanceWord): string {
  const verbs = Object.keys(MAINTENANCE_VERBS) as MaintenanceVerb[];
  return verbs
    .filter((verb) => verb.split(" ", 1)[0] === word)
    .map(helpOn)
    .join("\n");
}

function helpOn(verb: MaintenanceVerb): string {
  const { operands, summary, options, details } = MAINTENANCE_VERBS[verb];
  const lines = options.map(({ flag, placeholder, help }) => {
    const head = placeholder === undefined ? `--${flag}` : `--${flag} ${placeholder}`;
    return `  ${head.padEnd(28)}${help}`;
  });
  return `Usage: ${["elastickv", verb, ...operands].join(" ")} [options]

${summary.charAt(0).toUpperCase()}${summary.slice(1)}.

Options:
${lines.join("\n")}

${details}
`;
}
