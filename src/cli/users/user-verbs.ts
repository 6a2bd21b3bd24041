/** The verbs `user` and `key`, and the request of the admin API behind each. */
import { ATTACHED_MAX, IAM_NAME_RULE, KEY_LIFE_MAX_MS, KEY_LIFE_MIN_MS, TEXT_MAX } from "../../api/users.ts";
import { ConfigError } from "../../config/config.ts";
import { ACCESS_KEY_RULE } from "../../config/root-credentials.ts";
import { formatDuration, parseDuration } from "../../config/units.ts";
import type { VerbOption } from "../verb-help.ts";
import { CODES, COMMON, inPath, nameOf, type Options, type VerbShape } from "./shapes.ts";

const GIVEN_KEY: readonly VerbOption[] = [
  {
    flag: "access-key",
    placeholder: "ACCESS-KEY",
    help: "this access key, as from another store; without it one is made",
  },
  {
    flag: "secret-key-stdin",
    placeholder: undefined,
    help: "its secret is the first line of standard input; without it one is made",
  },
  {
    flag: "expires",
    placeholder: "DURATION",
    help: `life of the key, or never; ${formatDuration(KEY_LIFE_MIN_MS)} .. ${formatDuration(KEY_LIFE_MAX_MS)} [default never]`,
  },
  { flag: "description", placeholder: "TEXT", help: `what the key is for, at most ${TEXT_MAX} characters` },
];
const SHOWN_ONCE = `Standard output has the access key and the secret key alone, as lines for a shell; the rest goes to standard error. The
secret is not shown again.
${CODES}`;

export const USER_VERBS = {
  "user create": {
    operands: ["NAME"],
    summary: "make a user, with an access key",
    options: [
      {
        flag: "display-name",
        placeholder: "TEXT",
        help: "what answers of S3 show of an owner [default NAME]",
      },
      {
        flag: "policy",
        placeholder: "NAME,...",
        help: `policies instead of owner, at most ${ATTACHED_MAX}; none: no policy`,
      },
      { flag: "without-key", placeholder: undefined, help: "make no access key yet" },
      ...GIVEN_KEY,
      ...COMMON,
    ],
    details: `NAME: ${IAM_NAME_RULE}. ${SHOWN_ONCE}`,
    request: ([name = ""], options) => ({
      method: "POST",
      path: "/v1/users",
      body: {
        name: nameOf(name),
        ...text(options, "display-name", "displayName"),
        ...policiesOf(options),
        ...(options.has("without-key") ? { withoutKey: true } : {}),
        ...keyFields(options),
      },
      ...inputOf(options),
      answer: "user made",
    }),
  },
  "user list": {
    operands: [],
    summary: "show all users",
    options: COMMON,
    details: CODES,
    request: () => ({ method: "GET", path: "/v1/users", answer: "users" }),
  },
  "user show": {
    operands: ["NAME"],
    summary: "show a user with its keys, groups and policies",
    options: COMMON,
    details: CODES,
    request: ([name = ""]) => ({ method: "GET", path: `/v1/users/${inPath(nameOf(name))}`, answer: "user" }),
  },
  "user disable": stateOfUser("disable", true, "keep a user out: none of its keys is valid"),
  "user enable": stateOfUser("enable", false, "let a disabled user in again"),
  "user delete": {
    operands: ["NAME"],
    summary: "delete a user that owns no bucket, with its keys",
    options: COMMON,
    details: CODES,
    request: ([name = ""]) => ({
      method: "DELETE",
      path: `/v1/users/${inPath(nameOf(name))}`,
      answer: "done",
      done: `user ${name} is deleted`,
    }),
  },
  "key create": {
    operands: ["USER"],
    summary: "give a user, or root, another access key",
    options: [...GIVEN_KEY, ...COMMON],
    details: SHOWN_ONCE,
    request: ([user = ""], options) => ({
      method: "POST",
      path: "/v1/keys",
      body: { user: nameOf(user), ...keyFields(options) },
      ...inputOf(options),
      answer: "key made",
    }),
  },
  "key list": {
    operands: ["[USER]"],
    summary: "show the access keys of a user or of all, never a secret",
    options: COMMON,
    details: CODES,
    request: ([user]) => ({
      method: "GET",
      path: user === undefined ? "/v1/keys" : `/v1/keys?user=${inPath(nameOf(user))}`,
      answer: "keys",
    }),
  },
  "key disable": stateOfKey("disable", false, "disable an access key, also root's configured one"),
  "key enable": stateOfKey("enable", true, "enable a disabled access key again"),
  "key rotate": {
    operands: ["ACCESS-KEY"],
    summary: "make another key for the same user, and let the old one end",
    options: [
      {
        flag: "keep",
        placeholder: "DURATION",
        help: "how long the old key stays valid; 0: it ends now [default 1d]",
      },
      ...COMMON,
    ],
    details: SHOWN_ONCE,
    request: ([accessKey = ""], options) => ({
      method: "POST",
      path: `/v1/keys/${accessKeyOf(accessKey)}/rotate`,
      body: { keepMs: duration("keep", options.get("keep") ?? "1d", 0) },
      answer: "key made",
    }),
  },
  "key delete": {
    operands: ["ACCESS-KEY"],
    summary: "delete an access key",
    options: COMMON,
    details: CODES,
    request: ([accessKey = ""]) => ({
      method: "DELETE",
      path: `/v1/keys/${accessKeyOf(accessKey)}`,
      answer: "done",
      done: `key ${accessKey} is deleted`,
    }),
  },
} as const satisfies Readonly<Record<string, VerbShape>>;

function stateOfUser(verb: string, disabled: boolean, summary: string): VerbShape {
  return {
    operands: ["NAME"],
    summary,
    options: COMMON,
    details: CODES,
    request: ([name = ""]) => ({
      method: "POST",
      path: `/v1/users/${inPath(nameOf(name))}/state`,
      body: { disabled },
      answer: "done",
      done: `user ${name} is ${verb}d`,
    }),
  };
}

function stateOfKey(verb: string, enabled: boolean, summary: string): VerbShape {
  return {
    operands: ["ACCESS-KEY"],
    summary,
    options: COMMON,
    details: CODES,
    request: ([accessKey = ""]) => ({
      method: "POST",
      path: `/v1/keys/${accessKeyOf(accessKey)}/state`,
      body: { enabled },
      answer: "done",
      done: `key ${accessKey} is ${verb}d`,
    }),
  };
}

function accessKeyOf(word: string): string {
  if (ACCESS_KEY_RULE.test(word)) return word;
  throw new ConfigError(
    `${JSON.stringify(word)} is no access key: 3 to 128 letters, digits, '.', '_' or '-'`,
  );
}

function text(options: Options, flag: string, field: string): Record<string, string> {
  const value = options.get(flag);
  if (value === undefined) return {};
  if (value.length <= TEXT_MAX && !/\p{Cc}/u.test(value)) return { [field]: value };
  throw new ConfigError(`--${flag} has at most ${TEXT_MAX} characters, and no control characters`);
}

function policiesOf(options: Options): { policies?: readonly string[] } {
  const given = options.get("policy");
  if (given === undefined) return {};
  return { policies: given === "none" ? [] : given.split(",").map(nameOf) };
}

function keyFields(options: Options): Record<string, unknown> {
  const accessKey = options.get("access-key");
  const expires = options.get("expires") ?? "never";
  return {
    ...(accessKey === undefined ? {} : { accessKey: accessKeyOf(accessKey) }),
    ...(expires === "never" ? {} : { expiresInMs: duration("expires", expires, KEY_LIFE_MIN_MS) }),
    ...text(options, "description", "description"),
  };
}

function inputOf(options: Options): { input?: "secretKey" } {
  return options.has("secret-key-stdin") ? { input: "secretKey" } : {};
}

function duration(flag: string, given: string, minimum: number): number {
  let ms: number;
  try {
    ms = parseDuration(given);
  } catch (error) {
    throw new ConfigError(
      `--${flag}: ${JSON.stringify(given)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (ms >= minimum && ms <= KEY_LIFE_MAX_MS) return ms;
  throw new ConfigError(
    `--${flag}: ${JSON.stringify(given)} is outside ${formatDuration(minimum)} .. ${formatDuration(KEY_LIFE_MAX_MS)}`,
  );
}
