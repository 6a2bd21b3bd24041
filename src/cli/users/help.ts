import { verbHelp } from "../verb-help.ts";
import type { UserWord } from "./arguments.ts";
import { USER_SHAPES, type UserVerb } from "./verbs.ts";

/** Help on every verb that begins with the word. */
export function userHelp(word: UserWord): string {
  const verbs = (Object.keys(USER_SHAPES) as UserVerb[]).filter((verb) => verb.startsWith(`${word} `));
  return verbs.map((verb) => verbHelp(verb, USER_SHAPES[verb])).join("\n");
}
