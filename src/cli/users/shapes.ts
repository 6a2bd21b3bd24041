/** What the verbs `user`, `key`, `group` and `policy` have in common: their shape, and options that all take. */
import { IAM_NAME, IAM_NAME_RULE } from "../../api/users.ts";
import { ConfigError } from "../../config/config.ts";
import { ADMIN_TARGET_OPTIONS, type DescribedVerb, type VerbOption } from "../verb-help.ts";

export type AnswerKind =
  | "done"
  | "groups"
  | "key made"
  | "keys"
  | "policies"
  | "policy"
  | "user"
  | "user made"
  | "users";

/** One request of the admin API. */
export interface UserRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** The field of the body whose value standard input has. */
  readonly input?: "secretKey" | "text";
  readonly answer: AnswerKind;
  /** For people, when it is done. */
  readonly done?: string;
}

export type Options = ReadonlyMap<string, string>;

/** An operand in brackets may be left out. */
export interface VerbShape extends DescribedVerb {
  /** @throws ConfigError with one line that names what is wrong */
  readonly request: (operands: readonly string[], options: Options) => UserRequest;
}

export const COMMON: readonly VerbOption[] = [
  { flag: "json", placeholder: undefined, help: "the answer as JSON, for programs" },
  ...ADMIN_TARGET_OPTIONS,
];

export const CODES = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.";

/** @throws ConfigError */
export function nameOf(word: string): string {
  if (IAM_NAME.test(word)) return word;
  throw new ConfigError(`${JSON.stringify(word)} is no name: ${IAM_NAME_RULE}`);
}

export const inPath = encodeURIComponent;
