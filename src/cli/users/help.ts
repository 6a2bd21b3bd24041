import type { UserWord } from "./arguments.ts";
import { USER_SHAPES, type UserVerb } from "./verbs.ts";

/** Help on every verb that begins with the word. */
export function userHelp(word: UserWord): string {
  const verbs = (Object.keys(USER_SHAPES) as UserVerb[]).filter((verb) => verb.startsWith(`${word} `));
  return verbs.map(helpOn).join("\n");
}

function helpOn(verb: UserVerb): string {
  const { operands, summary, options, details } = USER_SHAPES[verb];
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
