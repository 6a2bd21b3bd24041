/** Runs `elastickv user | key | group | policy ...`. */
import type { Answer } from "../../api/answers.ts";
import {
  createdKeySchema,
  createdUserSchema,
  doneSchema,
  groupListSchema,
  keyListSchema,
  POLICY_BYTES_MAX,
  policyListSchema,
  shownPolicySchema,
  userListSchema,
  userSchema,
} from "../../api/users.ts";
import { ConfigError } from "../../config/config.ts";
import { ClusterClient } from "../cluster-client.ts";
import { type ClusterContext, firstThere } from "../cluster-context.ts";
import { columns } from "../columns.ts";
import type { UserCommand } from "./arguments.ts";
import type { AnswerKind, UserRequest } from "./shapes.ts";

export interface UserContext extends ClusterContext {
  /** Writes one line to standard error. */
  complain(line: string): void;
  /** Reads standard input to its end. */
  readInput(): Uint8Array;
}

const REQUEST_MS = 20_000;

const SCHEMAS = {
  done: doneSchema,
  groups: groupListSchema,
  "key made": createdKeySchema,
  keys: keyListSchema,
  policies: policyListSchema,
  policy: shownPolicySchema,
  user: userSchema,
  "user made": createdUserSchema,
  users: userListSchema,
} as const satisfies Readonly<Record<AnswerKind, unknown>>;
type Answers = { readonly [Kind in AnswerKind]: Answer<(typeof SCHEMAS)[Kind]> };
type Key = Answers["keys"]["keys"][number];

/** How an answer is shown to people. */
type Printers = {
  readonly [Kind in AnswerKind]: (answer: Answers[Kind], request: UserRequest, context: UserContext) => void;
};

/** @returns the exit code. @throws ClusterError; ConfigError when standard input has not what is wanted */
export async function runUsers({ request, json, admin }: UserCommand, context: UserContext): Promise<number> {
  const body = bodyOf(request, context);
  const client = new ClusterClient(await firstThere(admin, context), context.fetch);
  await ask(request.answer, request, body, client, json, context);
  return 0;
}

async function ask<Kind extends AnswerKind>(
  kind: Kind,
  request: UserRequest,
  body: unknown,
  client: ClusterClient,
  json: boolean,
  context: UserContext,
): Promise<void> {
  const { method, path } = request;
  const answer = (await client.request(SCHEMAS[kind], method, path, body, REQUEST_MS)) as Answers[Kind];
  if (json) context.print(`${JSON.stringify(answer, undefined, 2)}\n`);
  else PRINTERS[kind](answer, request, context);
}

/** @throws ConfigError */
function bodyOf({ body, input }: UserRequest, context: UserContext): unknown {
  if (input === undefined) return body;
  if (input === "secretKey" && body?.["accessKey"] === undefined) {
    throw new ConfigError("--secret-key-stdin needs --access-key: the secret belongs to that key");
  }
  const bytes = context.readInput();
  if (bytes.byteLength > 2 * POLICY_BYTES_MAX) {
    throw new ConfigError(`standard input has ${bytes.byteLength} bytes: that is too much`);
  }
  const given = Buffer.from(bytes).toString("utf8");
  if (input === "text") return { ...body, text: given };
  const [secret = "", ...more] = given.replace(/\r?\n$/, "").split("\n");
  // The message must not show what was read.
  if (more.length > 0)
    throw new ConfigError("standard input has more than one line: it must have the secret key alone");
  if (!/^[\x21-\x7e]{8,256}$/.test(secret)) {
    throw new ConfigError(
      `the secret key on standard input must have 8 to 256 printable ASCII characters without blanks (it has ${secret.length} characters)`,
    );
  }
  return { ...body, secretKey: secret };
}

const PRINTERS: Printers = {
  done: (_answer, { done = "done" }, context) => context.print(`${done}\n`),
  "key made": (key, _request, context) => made(`key ${key.accessKey}`, key, context),
  "user made": ({ user, key }, _request, context) => {
    const who = `user ${user.name}, account ${user.accountId}`;
    if (key === null) context.complain(`${who}, without a key`);
    else made(who, key, context);
  },
  user: (user, _request, context) => {
    context.print(
      columns([
        ["name", user.name],
        ["display name", user.displayName],
        ["id", user.id],
        ["account", user.accountId],
        ["ARN", user.arn],
        ["state", stateOf(user)],
        ["created", time(user.createdMs)],
        ["policies", list(user.policies)],
        ["groups", list(user.groups)],
      ]),
    );
    context.print(`\n${keyTable(user.keys)}`);
  },
  users: ({ users }, _request, context) => {
    const rows = users.map((user) => [
      user.name,
      user.accountId,
      stateOf(user),
      String(user.keys.length),
      list(user.groups),
      list(user.policies),
      user.displayName,
    ]);
    context.print(
      columns([["NAME", "ACCOUNT", "STATE", "KEYS", "GROUPS", "POLICIES", "DISPLAY NAME"], ...rows]),
    );
  },
  keys: ({ keys }, _request, context) => context.print(keyTable(keys)),
  groups: ({ groups }, _request, context) => {
    const rows = groups.map((group) => [group.name, list(group.policies), list(group.members)]);
    context.print(columns([["NAME", "POLICIES", "MEMBERS"], ...rows]));
  },
  policies: ({ policies }, _request, context) => {
    const rows = policies.map((policy) => [
      policy.name,
      policy.canned ? "in every cluster" : time(policy.changedMs),
      list(policy.users),
      list(policy.groups),
    ]);
    context.print(columns([["NAME", "CHANGED", "USERS", "GROUPS"], ...rows]));
  },
  policy: ({ text }, _request, context) => context.print(text.endsWith("\n") ? text : `${text}\n`),
};

/** Standard output has nothing but the pair, so that it can go into a file. */
function made(what: string, key: Answers["key made"], context: UserContext): void {
  const end = key.expiresMs === null ? "" : `, valid until ${time(key.expiresMs)}`;
  if (key.secretKey === null) {
    context.complain(`${what}${end}; with the given secret key`);
    context.print(`ELASTICKV_ACCESS_KEY=${key.accessKey}\n`);
    return;
  }
  context.complain(`${what}${end}; the secret key is not shown again:`);
  context.print(`ELASTICKV_ACCESS_KEY=${key.accessKey}\nELASTICKV_SECRET_KEY=${key.secretKey}\n`);
}

function keyTable(keys: readonly Key[]): string {
  const rows = keys.map((key) => [
    key.accessKey,
    key.user,
    key.expired ? "expired" : key.enabled ? "valid" : "disabled",
    time(key.createdMs),
    key.expiresMs === null ? "never" : time(key.expiresMs),
    key.configured ? "configured" : key.description,
  ]);
  return columns([["ACCESS KEY", "USER", "STATE", "CREATED", "EXPIRES", "DESCRIPTION"], ...rows]);
}

function stateOf({ disabled }: { readonly disabled: boolean }): string {
  return disabled ? "disabled" : "enabled";
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "-" : names.join(",");
}

function time(ms: number | null): string {
  return ms === null ? "-" : new Date(ms).toISOString();
}
