/** Parses flags and operands with `node:util`: `--flag value`, `--flag=value`, and a bare `--switch`. */
import { parseArgs } from "node:util";
import { ConfigError } from "../config/config.ts";
import { didYouMean } from "../config/did-you-mean.ts";

export interface FlagRules {
  /** The known flags; "value" or "nothing" says what follows a flag. */
  readonly known: ReadonlyMap<string, "value" | "nothing">;
  /** The command whose help an error names. */
  readonly command: string;
  /**
   * `operand` is called for each operand and `flag` for each known flag, in the order of the words. @throws
   * ConfigError
   */
  readonly operand: (word: string) => void;
  readonly flag?: (name: string, inlineValue: boolean) => void;
  /** Text at the end of the error about a missing value. */
  readonly placeholder?: (name: string) => string;
}

/** @returns the values by flag; a switch has "true". @throws ConfigError with one line about the first error. */
export function parseFlags(words: readonly string[], rules: FlagRules): ReadonlyMap<string, string> {
  const options = Object.fromEntries(
    [...rules.known].map(([name, takes]) => [
      name,
      { type: takes === "value" ? ("string" as const) : ("boolean" as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags = new Map<string, string>();
  let last = -1;
  for (const token of tokens) {
    const word = words[token.index] ?? "";
    if (token.kind !== "option" || !word.startsWith("--")) {
      // `-abc` may come as several options of one word.
      if (token.index !== last) rules.operand(word);
      last = token.index;
      continue;
    }
    const { name, value, inlineValue } = token;
    const takes = rules.known.get(name);
    if (takes === undefined) throw unknownFlag(name, rules);
    rules.flag?.(name, inlineValue === true);
    // In `--flag --other`, parseArgs would take the next flag for the value.
    const isMissing = value === "" || (value?.startsWith("--") === true && inlineValue !== true);
    if (isMissing || (value === undefined && takes === "value")) {
      throw new ConfigError(`--${name}: the value is missing${rules.placeholder?.(name) ?? ""}`);
    }
    if (flags.has(name)) throw new ConfigError(`--${name} is given twice`);
    flags.set(name, value ?? "true");
  }
  return flags;
}

function unknownFlag(name: string, { known, command }: FlagRules): ConfigError {
  const hint = didYouMean(name, known.keys());
  const meant = hint === undefined ? "" : `; did you mean --${hint}?`;
  return new ConfigError(
    `unknown flag ${JSON.stringify(`--${name}`)}${meant} (see elastickv ${command} --help)`,
  );
}
