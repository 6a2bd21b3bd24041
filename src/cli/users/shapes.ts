/** What the verbs `user`, `key`, `group` and `policy` have in common: their shape, and options that all take. */
import { IAM_NAME, IAM_NAME_RULE } from "../../api/users.ts";
import { ConfigError } from "../../config/config.ts";

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

export interface UserOption {
  readonly flag: string;
  readonly placeholder: string | undefined;
  readonly help: string;
}

export interface VerbShape {
  /** An operand in brackets may be left out. */
  readonly operands: readonly string[];
  readonly summary: string;
  readonly options: readonly UserOption[];
  readonly details: string;
  /** @throws ConfigError with one line that names what is wrong */
  readonly request: (operands: readonly string[], options: Options) => UserRequest;
}

const TARGET: readonly UserOption[] = [
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
export const COMMON: readonly UserOption[] = [
  { flag: "json", placeholder: undefined, help: "the answer as JSON, for programs" },
  ...TARGET,
];

export const CODES = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.";

/** @throws ConfigError */
export function nameOf(word: string): string {
  if (IAM_NAME.test(word)) return word;
  throw new ConfigError(`${JSON.stringify(word)} is no name: ${IAM_NAME_RULE}`);
}

export const inPath = encodeURIComponent;
