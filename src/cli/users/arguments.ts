/** Parses `elastickv user | key | group | policy ...`. */
import { ConfigError } from "../../config/config.ts";
import { didYouMean } from "../../config/did-you-mean.ts";
import type { Environment } from "../../config/load.ts";
import { type AdminTarget, adminTargets } from "../cluster-arguments.ts";
import { parseFlags } from "../flags.ts";
import { POLICY_VERBS } from "../policy/arguments.ts";
import type { UserRequest } from "./shapes.ts";
import { USER_SHAPES, type UserVerb } from "./verbs.ts";

export interface UserCommand {
  readonly request: UserRequest;
  readonly json: boolean;
  readonly admin: readonly AdminTarget[];
}

export const USER_WORDS = ["user", "key", "group", "policy"] as const;
export type UserWord = (typeof USER_WORDS)[number];

export function isUserWord(word: string): word is UserWord {
  return USER_WORDS.some((known) => known === word);
}

/** @param words the words after `word`. @throws ConfigError with one line that names the error */
export function parseUserCommand(
  word: UserWord,
  words: readonly string[],
  environment: Environment,
): UserCommand {
  const verb = [word, ...words.slice(0, 1)].join(" ");
  if (!isUserVerb(verb)) throw new ConfigError(unknownVerb(word, words[0]));
  const shape = USER_SHAPES[verb];
  const operands: string[] = [];
  const options = parseFlags(words.slice(1), {
    known: new Map(
      shape.options.map(
        ({ flag, placeholder }) => [flag, placeholder === undefined ? "nothing" : "value"] as const,
      ),
    ),
    command: word,
    operand: (operand) => operands.push(operand),
    flag: (name, inlineValue) => {
      const takesNone = shape.options.some(
        (option) => option.flag === name && option.placeholder === undefined,
      );
      if (takesNone && inlineValue) throw new ConfigError(`--${name} takes no value`);
    },
  });
  const needed = shape.operands.filter((operand) => !operand.startsWith("[")).length;
  if (operands.length < needed || operands.length > shape.operands.length) {
    const wanted = shape.operands.length === 0 ? "no operands" : shape.operands.join(" ");
    throw new ConfigError(`${verb} takes ${wanted}; given: ${operands.join(" ") || "nothing"}`);
  }
  return {
    request: shape.request(operands, options),
    json: options.has("json"),
    admin: adminTargets(options, environment),
  };
}

function isUserVerb(verb: string): verb is UserVerb {
  return Object.hasOwn(USER_SHAPES, verb);
}

function unknownVerb(word: UserWord, given: string | undefined): string {
  const known = Object.keys(USER_SHAPES).filter((verb) => verb.startsWith(`${word} `));
  const withoutServer = word === "policy" ? Object.keys(POLICY_VERBS) : [];
  const names = [...known.map((verb) => verb.slice(word.length + 1)), ...withoutServer];
  const end = `(see elastickv ${word} --help)`;
  if (given === undefined) return `${word} needs a verb: ${names.join(", ")} ${end}`;
  const hint = didYouMean(given, names);
  const meant = hint === undefined ? `: ${names.join(", ")}` : `; did you mean ${hint}?`;
  return `unknown verb ${JSON.stringify(given)} after ${word}${meant} ${end}`;
}
