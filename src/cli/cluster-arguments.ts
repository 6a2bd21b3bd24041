/** Parses `elastickv cluster VERB ...`. */
import { isLockOwner, LOCK_OWNER_RULE } from "../api/operations.ts";
import { type ListenAddress, parseAddress } from "../config/address.ts";
import { SERVICE_SOCKET, socketIn, socketPathProblem } from "../config/admin-socket.ts";
import { ConfigError } from "../config/config.ts";
import { didYouMean } from "../config/did-you-mean.ts";
import type { Environment } from "../config/load.ts";
import { type NamedAddress, NODE_NAME, NODE_NAME_RULE, parseMember } from "../config/members.ts";
import type { Secret } from "../config/secret.ts";
import { SETTINGS, variableOf } from "../config/settings.ts";
import { parseDuration } from "../config/units.ts";
import { adminAuthorities, adminCredential } from "./admin/credential.ts";
import { parseFlags } from "./flags.ts";
import { expiryOf } from "./setup/arguments.ts";

export type ClusterAction =
  | { readonly verb: "status"; readonly json: boolean }
  | { readonly verb: "add-learner"; readonly member: NamedAddress }
  | { readonly verb: "promote"; readonly name: string }
  | { readonly verb: "remove"; readonly name: string }
  | { readonly verb: "replace"; readonly remove: string; readonly member: NamedAddress }
  /** The new node comes with a join token. */
  | { readonly verb: "replace"; readonly remove: string; readonly joins: string }
  | { readonly verb: "join-token"; readonly node: string | undefined; readonly expiresMs: number }
  | { readonly verb: "transfer-leader"; readonly to: string | null }
  | UpdateLockAction
  | { readonly verb: "secret" };

export type UpdateLockAction =
  | { readonly verb: "update-lock"; readonly action: "acquire"; readonly owner: string }
  | {
      readonly verb: "update-lock";
      readonly action: "release";
      readonly owner: string;
      readonly force: boolean;
    }
  | { readonly verb: "update-lock"; readonly action: "show"; readonly json: boolean };

export type ClusterVerb = ClusterAction["verb"];

export type AdminTarget =
  | {
      readonly kind: "address";
      readonly address: ListenAddress;
      /** undefined: the request carries no token. */
      readonly token?: Secret | undefined;
      /** The address speaks TLS: `https://HOST:PORT`. */
      readonly https?: boolean;
      /** PEM of the authorities to trust; undefined: those of the system. */
      readonly ca?: string | undefined;
    }
  | { readonly kind: "socket"; readonly path: string };

export interface ClusterCommand {
  readonly action: ClusterAction;
  /**
   * Admin targets of nodes of the cluster, never empty. The first target that exists is used, and the last one in
   * any case.
   */
  readonly admin: readonly AdminTarget[];
  readonly timeoutMs: number;
}

interface VerbShape {
  /** Operands as help shows them. */
  readonly operands: readonly string[];
  readonly required: number;
  readonly timeoutMs: number;
}

const SECOND = 1000;
/** A change is answered when the leader has applied it. A replacement waits until all data is copied. */
export const CLUSTER_VERBS: Readonly<Record<ClusterVerb, VerbShape>> = {
  status: { operands: [], required: 0, timeoutMs: 10 * SECOND },
  "add-learner": { operands: ["NAME=HOST:PORT"], required: 1, timeoutMs: 30 * SECOND },
  promote: { operands: ["NAME"], required: 1, timeoutMs: 30 * SECOND },
  remove: { operands: ["NAME"], required: 1, timeoutMs: 30 * SECOND },
  replace: { operands: ["OLD", "[NEW=HOST:PORT]"], required: 1, timeoutMs: 3600 * SECOND },
  "transfer-leader": { operands: ["[NAME]"], required: 0, timeoutMs: 30 * SECOND },
  "join-token": { operands: [], required: 0, timeoutMs: 30 * SECOND },
  "update-lock": { operands: ["acquire|release|show"], required: 1, timeoutMs: 30 * SECOND },
  // The verb asks no node.
  secret: { operands: [], required: 0, timeoutMs: 0 },
};

export function isClusterVerb(word: string): word is ClusterVerb {
  return Object.hasOwn(CLUSTER_VERBS, word);
}

/** @param words the words after the verb. @throws ConfigError with one line that names the error. */
export function parseClusterCommand(
  verb: string | undefined,
  words: readonly string[],
  environment: Environment,
): ClusterCommand {
  if (verb === undefined) {
    throw new ConfigError(
      `cluster needs a verb: ${Object.keys(CLUSTER_VERBS).join(", ")} (see elastickv cluster --help)`,
    );
  }
  if (!isClusterVerb(verb)) {
    const hint = didYouMean(verb, Object.keys(CLUSTER_VERBS));
    throw new ConfigError(
      `unknown verb ${JSON.stringify(`cluster ${verb}`)}${hint === undefined ? "" : `; did you mean ${hint}?`} (see elastickv cluster --help)`,
    );
  }
  const { operands, options } = split(verb, words);
  const shape = CLUSTER_VERBS[verb];
  if (operands.length < shape.required || operands.length > shape.operands.length) {
    const wanted = shape.operands.length === 0 ? "no operands" : shape.operands.join(" ");
    throw new ConfigError(`cluster ${verb} takes ${wanted}; given: ${operands.join(" ") || "nothing"}`);
  }
  return {
    action: actionOf(verb, operands, options),
    admin: adminTargets(options, environment),
    timeoutMs: timeoutOf(options.get("timeout"), shape.timeoutMs),
  };
}

function actionOf(
  verb: ClusterVerb,
  operands: readonly string[],
  options: ReadonlyMap<string, string>,
): ClusterAction {
  const [first, second] = operands;
  switch (verb) {
    case "status":
      return { verb, json: options.has("json") };
    case "add-learner":
      return { verb, member: memberOf(first ?? "") };
    case "promote":
    case "remove":
      return { verb, name: nameOf(first ?? "") };
    case "join-token": {
      const [node, expires] = [options.get("node"), options.get("expires")];
      return {
        verb,
        node: node === undefined ? undefined : nameOf(node),
        expiresMs: expiryOf(expires ?? "1h"),
      };
    }
    case "replace": {
      const joins = options.get("with");
      if ((joins === undefined) === (second === undefined)) {
        throw new ConfigError("cluster replace takes OLD and NEW=HOST:PORT, or OLD and --with NEW");
      }
      if (joins !== undefined) {
        const withToken = { verb, remove: nameOf(first ?? ""), joins: nameOf(joins) } as const;
        if (withToken.remove !== joins) return withToken;
        throw new ConfigError(`${joins} cannot replace itself: a new node gets a new name`);
      }
      const replaced = { verb, remove: nameOf(first ?? ""), member: memberOf(second ?? "") } as const;
      if (replaced.remove === replaced.member.name) {
        throw new ConfigError(`${replaced.remove} cannot replace itself: a new node gets a new name`);
      }
      return replaced;
    }
    case "transfer-leader":
      return { verb, to: first === undefined ? null : nameOf(first) };
    case "update-lock":
      return updateLockOf(first ?? "", options);
    case "secret":
      return { verb };
  }
}

function updateLockOf(action: string, options: ReadonlyMap<string, string>): UpdateLockAction {
  const verb = "update-lock";
  const refuse = (...flags: readonly string[]): void => {
    const given = flags.find((flag) => options.has(flag));
    if (given !== undefined) throw new ConfigError(`cluster update-lock ${action} takes no --${given}`);
  };
  switch (action) {
    case "acquire":
      refuse("force", "json");
      return { verb, action, owner: ownerOf(action, options) };
    case "release":
      refuse("json");
      return { verb, action, owner: ownerOf(action, options), force: options.has("force") };
    case "show":
      refuse("owner", "force");
      return { verb, action, json: options.has("json") };
    default: {
      const hint = didYouMean(action, ["acquire", "release", "show"]);
      const meant = hint === undefined ? "" : `; did you mean ${hint}?`;
      throw new ConfigError(`cluster update-lock takes acquire, release or show; given: ${action}${meant}`);
    }
  }
}

function ownerOf(action: string, options: ReadonlyMap<string, string>): string {
  const owner = options.get("owner");
  if (owner === undefined) {
    throw new ConfigError(`cluster update-lock ${action} needs --owner TEXT: who updates, as user@host`);
  }
  if (!isLockOwner(owner)) throw new ConfigError(`--owner: ${JSON.stringify(owner)}: ${LOCK_OWNER_RULE}`);
  return owner;
}

function nameOf(word: string): string {
  if (NODE_NAME.test(word)) return word;
  throw new ConfigError(`${JSON.stringify(word)} is no node name: ${NODE_NAME_RULE}`);
}

function memberOf(word: string): NamedAddress {
  try {
    return parseMember(word);
  } catch (error) {
    throw new ConfigError(
      `${JSON.stringify(word)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * A flag decides first. Otherwise the environment decides: the node's admin socket (its own path, its data
 * directory), or the node's admin address. Otherwise the defaults of a node are tried: started by hand, as a
 * service, on loopback.
 */
export function adminTargets(
  options: ReadonlyMap<string, string>,
  environment: Environment,
): readonly AdminTarget[] {
  const variable = (row: { readonly flag: string }): string | undefined =>
    environment[variableOf(row)] || undefined;
  const [addressFlag, socketFlag] = [options.get("admin-address"), options.get("admin-socket")];
  if (addressFlag !== undefined && socketFlag !== undefined) {
    throw new ConfigError("--admin-address and --admin-socket are both given: one node is asked");
  }
  const withToken = (name: string, text: string): AdminTarget => addressOf(name, text, environment);
  if (addressFlag !== undefined) return [withToken("--admin-address", addressFlag)];
  if (socketFlag !== undefined) return [socketAt("--admin-socket", socketFlag)];
  const targets: AdminTarget[] = [];
  const socket = variable(SETTINGS.adminSocket);
  if (socket !== undefined) targets.push(socketAt(variableOf(SETTINGS.adminSocket), socket));
  const dataDir = variable(SETTINGS.dataDir);
  if (dataDir !== undefined) targets.push({ kind: "socket", path: socketIn(dataDir) });
  const address = variable(SETTINGS.adminAddress);
  if (address !== undefined) return [...targets, withToken(variableOf(SETTINGS.adminAddress), address)];
  return [
    ...targets,
    { kind: "socket", path: socketIn(SETTINGS.dataDir.default) },
    { kind: "socket", path: SERVICE_SOCKET },
    { kind: "address", address: SETTINGS.adminAddress.default, token: adminCredential(environment) },
  ];
}

function socketAt(name: string, path: string): AdminTarget {
  const problem = socketPathProblem(path);
  if (problem !== undefined) throw new ConfigError(`${name}: ${problem}`);
  return { kind: "socket", path };
}

function addressOf(name: string, text: string, environment: Environment): AdminTarget {
  const https = text.startsWith("https://");
  const bare = https ? text.slice("https://".length).replace(/\/$/, "") : text;
  const token = adminCredential(environment);
  try {
    const address = parseAddress(bare);
    return https
      ? { kind: "address", address, token, https, ca: adminAuthorities(environment) }
      : { kind: "address", address, token };
  } catch (error) {
    throw new ConfigError(
      `${name}: ${JSON.stringify(text)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function timeoutOf(flag: string | undefined, otherwise: number): number {
  if (flag === undefined) return otherwise;
  try {
    const parsed = parseDuration(flag);
    if (parsed === 0) throw new RangeError("leaves no time at all");
    return parsed;
  } catch (error) {
    throw new ConfigError(
      `--timeout: ${JSON.stringify(flag)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const VALUE_OPTIONS = ["admin-address", "admin-socket", "timeout"].map((name) => [name, "value"] as const);
const OPTIONS = new Map(VALUE_OPTIONS);
type Known = ReadonlyMap<string, "value" | "nothing">;
const STATUS_OPTIONS: Known = new Map([...VALUE_OPTIONS, ["json", "nothing"] as const]);
const OPTIONS_OF: Readonly<Partial<Record<ClusterVerb, Known>>> = {
  status: STATUS_OPTIONS,
  replace: new Map([...VALUE_OPTIONS, ["with", "value"] as const]),
  "join-token": new Map([...VALUE_OPTIONS, ["expires", "value"] as const, ["node", "value"] as const]),
  "update-lock": new Map([...STATUS_OPTIONS, ["owner", "value"] as const, ["force", "nothing"] as const]),
};

/** Splits words into operands and options. Options may stand anywhere. */
function split(
  verb: ClusterVerb,
  words: readonly string[],
): { readonly operands: readonly string[]; readonly options: ReadonlyMap<string, string> } {
  const option = words.find((word) => word.startsWith("--"));
  if (verb === "secret" && option !== undefined) {
    throw new ConfigError(`cluster secret takes no options; given: ${option.split("=", 1)[0]}`);
  }
  const operands: string[] = [];
  const options = parseFlags(words, {
    known: OPTIONS_OF[verb] ?? OPTIONS,
    command: `cluster ${verb}`,
    operand: (word) => {
      if (word === "--") throw new ConfigError(`unknown flag "--" (see elastickv cluster ${verb} --help)`);
      operands.push(word);
    },
    flag: (name, inlineValue) => {
      const isBare = name === "json" || name === "force";
      if (isBare && inlineValue) throw new ConfigError(`--${name} takes no value`);
    },
  });
  return { operands, options };
}
