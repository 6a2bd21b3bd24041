import { POLICY_VERBS, type PolicyVerb } from "./arguments.ts";

export function policyHelp(): string {
  return (Object.keys(POLICY_VERBS) as PolicyVerb[]).map(helpOn).join("\n");
}

function helpOn(verb: PolicyVerb): string {
  const { details, operands, options, summary } = POLICY_VERBS[verb];
  const lines = options.map(({ flag, placeholder, help }) => {
    const head = placeholder === undefined ? `--${flag}` : `--${flag} ${placeholder}`;
    return `  ${head.padEnd(32)}${help}`;
  });
  return `Usage: ${["elastickv policy", verb, ...operands].join(" ")} [options]

${summary.charAt(0).toUpperCase()}${summary.slice(1)}.

Options:
${lines.join("\n")}

${details}
`;
}
