/** Completions for bash, zsh and fish, from the table of commands. */
import { COMMANDS, type CommandOption } from "../../src/cli/command-table.ts";

/** First words after the program's name: the verbs and help. */
const FIRST_WORDS = [...new Set(COMMANDS.map(({ words }) => words[0] ?? "")), "help"];
const HELP: CommandOption = { flag: "help", placeholder: undefined, help: "show help" };
const HEAD = "# Written by scripts/package/completions.ts from the table that elastickv --help is made of.";

/** Second words of the verbs that have some: `cluster` has `status`, `promote` ... */
function secondWords(): Map<string, { word: string; summary: string }[]> {
  const all = new Map<string, { word: string; summary: string }[]>();
  for (const { words, summary } of COMMANDS) {
    const [first, second] = words;
    if (first === undefined || second === undefined) continue;
    const known = all.get(first) ?? [];
    if (known.some(({ word }) => word === second)) continue;
    const hasMore = words.length > 2;
    all.set(first, [...known, { word: second, summary: hasMore ? `elastickv ${first} --help` : summary }]);
  }
  return all;
}

/** Third words after two words: `admin token` has `create`, `list`, `revoke`. */
function thirdWords(): Map<string, { word: string; summary: string }[]> {
  const all = new Map<string, { word: string; summary: string }[]>();
  for (const { words, summary } of COMMANDS) {
    const [first, second, third] = words;
    if (third === undefined) continue;
    const above = `${first} ${second}`;
    all.set(above, [...(all.get(above) ?? []), { word: third, summary }]);
  }
  return all;
}

/** The words that are allowed as value; undefined: any value. */
function choices({ placeholder }: CommandOption): readonly string[] | undefined {
  return placeholder?.includes("|") === true ? placeholder.split("|") : undefined;
}

const isPath = ({ placeholder }: CommandOption): boolean => placeholder?.startsWith("PATH") === true;
const takesNextWord = ({ placeholder, isSwitch }: CommandOption): boolean =>
  placeholder !== undefined && isSwitch !== true;

function summaryOf(first: string): string {
  const of = COMMANDS.filter(({ words }) => words[0] === first);
  return of.length === 1 ? (of[0]?.summary ?? "") : `elastickv ${first} --help`;
}

// --- bash -------------------------------------------------------------------------------------------------------------

export function bashCompletion(): string {
  const second = [...secondWords()].map(
    ([first, words]) => `    ${first}) words="${words.map(({ word }) => word).join(" ")} --help" ;;`,
  );
  const third = [...thirdWords()].map(
    ([above, words]) => `    "${above}") words="${words.map(({ word }) => word).join(" ")} --help" ;;`,
  );
  const flags = COMMANDS.map(({ words, options }) => {
    const pattern = words.length === 1 ? `"${words[0]} "*` : `"${words.join(" ")} "*`;
    return `    ${pattern}) words="${[...options, HELP].map(({ flag }) => `--${flag}`).join(" ")}" ;;`;
  });
  return `${HEAD}
_elastickv() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} words=
  COMPREPLY=()
  # bash takes --flag=value apart at the equals sign.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "${FIRST_WORDS.join(" ")} --help --version" -- "$cur")
    return
  fi
  case $prev in
${bashValues().join("\n")}
  esac
  if ((COMP_CWORD == 2)); then
    case \${COMP_WORDS[1]} in
${second.join("\n")}
    help) words="${FIRST_WORDS.filter((word) => word !== "help").join(" ")}" ;;
    esac
  fi
  if ((COMP_CWORD == 3)); then
    case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${third.join("\n")}
    esac
  fi
  if [[ -z $words ]]; then
    case "\${COMP_WORDS[*]:1} " in
${flags.join("\n")}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _elastickv elastickv
`;
}

/** One line for each kind of value, with every flag of that kind. */
function bashValues(): string[] {
  const kinds = new Map<string, Set<string>>();
  for (const option of COMMANDS.flatMap(({ options }) => options)) {
    if (!takesNextWord(option)) continue;
    const words = choices(option);
    const action = isPath(option)
      ? 'mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null; return'
      : words === undefined
        ? "return"
        : `mapfile -t COMPREPLY < <(compgen -W "${words.join(" ")}" -- "$cur"); return`;
    kinds.set(action, (kinds.get(action) ?? new Set()).add(`--${option.flag}`));
  }
  return [...kinds].map(([action, flags]) => `  ${[...flags].join(" | ")}) ${action} ;;`);
}

// --- zsh --------------------------------------------------------------------------------------------------------------

export function zshCompletion(): string {
  const described = (words: readonly { word: string; summary: string }[], indent: string): string =>
    words.map(({ word, summary }) => `${indent}${zshQuoted(`${zshEscaped(word)}:${summary}`)}`).join("\n");
  const groups = [...secondWords()].map(
    ([first, words]) => `      ${first})
        if ((CURRENT == 2)); then
          verbs=(
${described(words, "            ")}
          )
          _describe verb verbs
          return
        fi
        shift words
        ((CURRENT--))
        case $words[1] in
${words.map(({ word }) => zshArguments([first, word], "          ")).join("\n")}
        esac
        ;;`,
  );
  const single = COMMANDS.filter(({ words }) => words.length === 1).map(({ words }) =>
    zshArguments(words, "      "),
  );
  return `#compdef elastickv
${HEAD}
_elastickv() {
  local -a verbs
  if ((CURRENT == 2)); then
    verbs=(
${described(
  FIRST_WORDS.map((word) => ({ word, summary: word === "help" ? "show help" : summaryOf(word) })),
  "      ",
)}
    )
    _describe verb verbs
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${[...single, ...groups].join("\n")}
  esac
}
_elastickv "$@"
`;
}

function zshArguments(words: readonly string[], indent: string): string {
  const row = COMMANDS.find((command) => command.words.join(" ") === words.join(" "));
  const third = thirdWords().get(words.join(" "));
  const options =
    third === undefined
      ? (row?.options ?? [])
      : COMMANDS.filter((command) => command.words.slice(0, 2).join(" ") === words.join(" "))
          .flatMap((command) => command.options)
          .filter(({ flag }, index, all) => all.findIndex((other) => other.flag === flag) === index);
  const specs = [...options, HELP].map((option) => `${indent}    ${zshQuoted(zshSpec(option))}`);
  const operands = (row?.operands ?? []).map(
    (operand) => `${indent}    ${zshQuoted(`:${zshEscaped(operand)}:`)}`,
  );
  if (third !== undefined) {
    operands.push(`${indent}    ${zshQuoted(`1:verb:(${third.map(({ word }) => word).join(" ")})`)}`);
  }
  return [
    `${indent}${words.at(-1)})`,
    `${indent}  _arguments \\`,
    [...specs, ...operands].join(" \\\n"),
    `${indent}  ;;`,
  ].join("\n");
}

function zshSpec(option: CommandOption): string {
  const { flag, placeholder, isSwitch, help } = option;
  const described = `[${help.replaceAll(/[[\]\\:]/g, "\\$&")}]`;
  if (placeholder === undefined) return `--${flag}${described}`;
  const words = choices(option);
  const action = isPath(option) ? "_files" : words === undefined ? "" : `(${words.join(" ")})`;
  const separator = isSwitch === true ? "=-" : "=";
  return `--${flag}${separator}${described}${isSwitch === true ? "::" : ":"}${zshEscaped(placeholder)}:${action}`;
}

const zshEscaped = (text: string): string => text.replaceAll(/[\\:]/g, "\\$&");
const zshQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

// --- fish -------------------------------------------------------------------------------------------------------------

export function fishCompletion(): string {
  const lines = [HEAD, "complete -c elastickv -f"];
  for (const word of FIRST_WORDS) {
    lines.push(
      `complete -c elastickv -n __fish_use_subcommand -a ${word} -d ${fishQuoted(word === "help" ? "show help" : summaryOf(word))}`,
    );
  }
  for (const [first, words] of secondWords()) {
    const none = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${words.map(({ word }) => word).join(" ")}`;
    for (const { word, summary } of words) {
      lines.push(`complete -c elastickv -n ${fishQuoted(none)} -a ${word} -d ${fishQuoted(summary)}`);
    }
  }
  for (const [above, words] of thirdWords()) {
    const seen = above.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
    const none = `not __fish_seen_subcommand_from ${words.map(({ word }) => word).join(" ")}`;
    for (const { word, summary } of words) {
      lines.push(
        `complete -c elastickv -n ${fishQuoted([...seen, none].join("; and "))} -a ${word} -d ${fishQuoted(summary)}`,
      );
    }
  }
  lines.push("complete -c elastickv -l help -d 'show help'");
  for (const { words, options } of COMMANDS) {
    const condition = words.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    for (const option of options) {
      lines.push(
        `complete -c elastickv -n ${fishQuoted(condition)} -l ${option.flag}${fishValue(option)} -d ${fishQuoted(option.help)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function fishValue(option: CommandOption): string {
  if (!takesNextWord(option)) return "";
  if (isPath(option)) return " -r -F";
  const words = choices(option);
  return words === undefined ? " -x" : ` -x -a ${fishQuoted(words.join(" "))}`;
}

const fishQuoted = (text: string): string => `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
