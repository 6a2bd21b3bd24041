/** Help on one verb of the command line, made of its row in the table of verbs. */
import { described } from "./columns.ts";

export interface VerbOption {
  readonly flag: string;
  readonly placeholder: string | undefined;
  readonly help: string;
}

export interface DescribedVerb {
  readonly operands: readonly string[];
  readonly summary: string;
  readonly options: readonly VerbOption[];
  readonly details: string;
}

const COLUMN = 28;

/** Where a verb that asks the admin API finds it. */
export const ADMIN_TARGET_OPTIONS: readonly VerbOption[] = [
  {
    flag: "admin-address",
    placeholder: "HOST:PORT",
    help: "admin address of a node; it needs a token in ELASTICKV_ADMIN_TOKEN or ELASTICKV_ADMIN_TOKEN_FILE",
  },
  {
    flag: "admin-socket",
    placeholder: "PATH",
    help: "or its admin socket, on its own machine; it needs none",
  },
];

/** @param words of the verb, `policy check` @param column of the help of the options */
export function verbHelp(words: string, verb: DescribedVerb, column = COLUMN): string {
  const { operands, summary, options, details } = verb;
  const lines = options.map(({ flag, placeholder, help }) => {
    const head = placeholder === undefined ? `--${flag}` : `--${flag} ${placeholder}`;
    return described(head, help, column);
  });
  return `Usage: ${["elastickv", words, ...operands].join(" ")} [options]

${summary.charAt(0).toUpperCase()}${summary.slice(1)}.

Options:
${lines.join("\n")}

${details}
`;
}
