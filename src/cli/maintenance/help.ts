import { MAINTENANCE_VERBS, type MaintenanceVerb } from "./arguments.ts";

export function maintenanceHelp(verb: MaintenanceVerb): string {
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
