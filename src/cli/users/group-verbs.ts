/** The verbs `group` and `policy`, and the request of the admin API behind each. */
import { IAM_NAME_RULE, POLICY_BYTES_MAX } from "../../api/users.ts";
import { ConfigError } from "../../config/config.ts";
import type { VerbOption } from "../verb-help.ts";
import { CODES, COMMON, inPath, nameOf, type Options, type VerbShape } from "./shapes.ts";

const TO: readonly VerbOption[] = [
  { flag: "user", placeholder: "USER", help: "the user" },
  { flag: "group", placeholder: "GROUP", help: "or the group" },
];

export const GROUP_VERBS = {
  "group create": {
    operands: ["NAME"],
    summary: "make a group of users",
    options: COMMON,
    details: `NAME: ${IAM_NAME_RULE}. ${CODES}`,
    request: ([name = ""]) => ({
      method: "POST",
      path: "/v1/groups",
      body: { name: nameOf(name) },
      answer: "done",
      done: `group ${name} is made`,
    }),
  },
  "group add": {
    operands: ["NAME", "USER"],
    summary: "add a user to a group",
    options: COMMON,
    details: CODES,
    request: ([name = "", user = ""]) => ({
      method: "POST",
      path: `/v1/groups/${inPath(nameOf(name))}/members`,
      body: { user: nameOf(user) },
      answer: "done",
      done: `user ${user} is in group ${name}`,
    }),
  },
  "group remove": {
    operands: ["NAME", "USER"],
    summary: "remove a user from a group",
    options: COMMON,
    details: CODES,
    request: ([name = "", user = ""]) => ({
      method: "DELETE",
      path: `/v1/groups/${inPath(nameOf(name))}/members/${inPath(nameOf(user))}`,
      answer: "done",
      done: `user ${user} is not in group ${name} any more`,
    }),
  },
  "group list": {
    operands: [],
    summary: "show all groups with their members and policies",
    options: COMMON,
    details: CODES,
    request: () => ({ method: "GET", path: "/v1/groups", answer: "groups" }),
  },
  "group delete": {
    operands: ["NAME"],
    summary: "delete a group; its members stay, without what was attached to it",
    options: COMMON,
    details: CODES,
    request: ([name = ""]) => ({
      method: "DELETE",
      path: `/v1/groups/${inPath(nameOf(name))}`,
      answer: "done",
      done: `group ${name} is deleted`,
    }),
  },
  "policy put": {
    operands: ["NAME"],
    summary: "make a policy of the document on standard input, or replace it",
    options: COMMON,
    details: `The document is AWS's policy language, JSON of at most ${POLICY_BYTES_MAX} bytes, and is kept as it is given:
  elastickv policy put read-logs < read-logs.json
${CODES}`,
    request: ([name = ""]) => ({
      method: "POST",
      path: `/v1/policies/${inPath(nameOf(name))}`,
      body: {},
      input: "text",
      answer: "done",
      done: `policy ${name} is stored`,
    }),
  },
  "policy list": {
    operands: [],
    summary: "show all policies, and who has them",
    options: COMMON,
    details: CODES,
    request: () => ({ method: "GET", path: "/v1/policies", answer: "policies" }),
  },
  "policy show": {
    operands: ["NAME"],
    summary: "print the document of a policy",
    options: COMMON,
    details: CODES,
    request: ([name = ""]) => ({
      method: "GET",
      path: `/v1/policies/${inPath(nameOf(name))}`,
      answer: "policy",
    }),
  },
  "policy delete": {
    operands: ["NAME"],
    summary: "delete a policy that nobody has",
    options: COMMON,
    details: CODES,
    request: ([name = ""]) => ({
      method: "DELETE",
      path: `/v1/policies/${inPath(nameOf(name))}`,
      answer: "done",
      done: `policy ${name} is deleted`,
    }),
  },
  "policy attach": {
    operands: ["NAME"],
    summary: "give a policy to a user or a group",
    options: [...TO, ...COMMON],
    details: CODES,
    request: ([name = ""], options) => {
      const [kind, target] = targetOf(options);
      return {
        method: "POST",
        path: `/v1/policies/${inPath(nameOf(name))}/attachments`,
        body: { [kind]: target },
        answer: "done",
        done: `${kind} ${target} has policy ${name}`,
      };
    },
  },
  "policy detach": {
    operands: ["NAME"],
    summary: "take a policy from a user or a group",
    options: [...TO, ...COMMON],
    details: CODES,
    request: ([name = ""], options) => {
      const [kind, target] = targetOf(options);
      return {
        method: "DELETE",
        path: `/v1/policies/${inPath(nameOf(name))}/attachments?${kind}=${inPath(target)}`,
        answer: "done",
        done: `${kind} ${target} has policy ${name} no more`,
      };
    },
  },
} as const satisfies Readonly<Record<string, VerbShape>>;

function targetOf(options: Options): ["user" | "group", string] {
  const [user, group] = [options.get("user"), options.get("group")];
  if (user !== undefined && group === undefined) return ["user", nameOf(user)];
  if (group !== undefined && user === undefined) return ["group", nameOf(group)];
  throw new ConfigError("name one of --user USER and --group GROUP");
}
