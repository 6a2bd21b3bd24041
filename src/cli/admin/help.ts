import { ADMIN_VERBS, type AdminVerb } from "./arguments.ts";

export function adminHelp(): string {
  const verbs = Object.keys(ADMIN_VERBS) as AdminVerb[];
  return `${verbs.map(helpOn).join("\n")}
Over the admin socket no login is needed. To an admin address the command line sends the token in ELASTICKV_ADMIN_TOKEN,
or in the file that ELASTICKV_ADMIN_TOKEN_FILE names (mode 0600): for elastickv cluster, verify and migrate too.
An address that speaks TLS is written https://HOST:PORT; ELASTICKV_ADMIN_CA_FILE names the CA when the system does not know it.
`;
}

function helpOn(verb: AdminVerb): string {
  const { operands, summary, options, details } = ADMIN_VERBS[verb];
  const lines = options.map(({ flag, placeholder, help }) => {
    const head = placeholder === undefined ? `--${flag}` : `--${flag} ${placeholder}`;
    return `  ${head.padEnd(28)}${help}`;
  });
  return `Usage: ${["elastickv admin", verb, ...operands].join(" ")} [options]

${summary.charAt(0).toUpperCase()}${summary.slice(1)}.

Options:
${lines.join("\n")}

${details}
`;
}
