/** Parses `elastickv admin token ...`. */
import { TOKEN_ID, TOKEN_LIFE_MAX_MS, TOKEN_LIFE_MIN_MS } from "../../api/admin-tokens.ts";
import { ADMIN_ROLES, type AdminRole } from "../../api/codes.ts";
import { ConfigError } from "../../config/config.ts";
import { didYouMean } from "../../config/did-you-mean.ts";
import type { Environment } from "../../config/load.ts";
import { formatDuration, parseDuration } from "../../config/units.ts";
import { type AdminTarget, adminTargets } from "../cluster-arguments.ts";
import { parseFlags } from "../flags.ts";
import { ADMIN_TARGET_OPTIONS, type DescribedVerb, type VerbOption } from "../verb-help.ts";

type AdminAction =
  | {
      readonly verb: "token create";
      readonly role: AdminRole;
      /** Life in milliseconds; null: until it is revoked. */
      readonly expiresInMs: number | null;
      readonly note: string;
      readonly json: boolean;
    }
  | { readonly verb: "token list"; readonly json: boolean }
  | { readonly verb: "token revoke"; readonly id: string };

export type AdminVerb = AdminAction["verb"];

export interface AdminCommand {
  readonly action: AdminAction;
  readonly admin: readonly AdminTarget[];
}

const JSON_OUTPUT: VerbOption = { flag: "json", placeholder: undefined, help: "as JSON, for programs" };

const CODES = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.";

export const ADMIN_VERBS: Readonly<Record<AdminVerb, DescribedVerb>> = {
  "token create": {
    operands: [],
    summary: "make a token for the admin API, and print it once",
    options: [
      {
        flag: "role",
        placeholder: ADMIN_ROLES.join("|"),
        help: "viewer reads; operator also changes [default viewer]",
      },
      {
        flag: "expires",
        placeholder: "DURATION",
        help: `life of the token, or never; ${formatDuration(TOKEN_LIFE_MIN_MS)} .. ${formatDuration(TOKEN_LIFE_MAX_MS)} [default 90d]`,
      },
      { flag: "note", placeholder: "TEXT", help: "what the token is for, at most 200 characters" },
      JSON_OUTPUT,
      ...ADMIN_TARGET_OPTIONS,
    ],
    details: `Standard output has the token alone; standard error says its id. The cluster keeps
only a hash of the token: it cannot be shown again. Every node of the cluster takes it:
  curl -H "Authorization: Bearer $ELASTICKV_ADMIN_TOKEN" http://HOST:9001/v1/cluster
${CODES}`,
  },
  "token list": {
    operands: [],
    summary: "show all tokens of the admin API, without their secrets",
    options: [JSON_OUTPUT, ...ADMIN_TARGET_OPTIONS],
    details: CODES,
  },
  "token revoke": {
    operands: ["ID"],
    summary: "revoke a token of the admin API",
    options: ADMIN_TARGET_OPTIONS,
    details: `From then on no node takes the token for a change. A node takes it for reading until it has applied the revocation: at
once, as long as the node follows its leader.
${CODES}`,
  },
};

/** @param words the words after `admin`. @throws ConfigError with one line that names the error */
export function parseAdminCommand(words: readonly string[], environment: Environment): AdminCommand {
  const verb = words.slice(0, 2).join(" ");
  if (!isAdminVerb(verb)) {
    const known = Object.keys(ADMIN_VERBS);
    const hint = words.length < 2 ? undefined : didYouMean(verb, known);
    const what =
      words.length === 0 ? "admin needs a verb" : `unknown verb ${JSON.stringify(`admin ${verb}`)}`;
    throw new ConfigError(
      `${what}${hint === undefined ? `: ${known.join(", ")}` : `; did you mean ${hint}?`} (see elastickv admin --help)`,
    );
  }
  const shape = ADMIN_VERBS[verb];
  const operands: string[] = [];
  const options = parseFlags(words.slice(2), {
    known: new Map(
      shape.options.map(
        ({ flag, placeholder }) => [flag, placeholder === undefined ? "nothing" : "value"] as const,
      ),
    ),
    command: `admin ${verb}`,
    operand: (word) => operands.push(word),
    flag: (name, inlineValue) => {
      if (name === "json" && inlineValue) throw new ConfigError("--json takes no value");
    },
  });
  if (operands.length !== shape.operands.length) {
    const wanted = shape.operands.length === 0 ? "no operands" : shape.operands.join(" ");
    throw new ConfigError(`admin ${verb} takes ${wanted}; given: ${operands.join(" ") || "nothing"}`);
  }
  return { action: actionOf(verb, operands, options), admin: adminTargets(options, environment) };
}

function isAdminVerb(word: string): word is AdminVerb {
  return Object.hasOwn(ADMIN_VERBS, word);
}

function actionOf(
  verb: AdminVerb,
  [first = ""]: readonly string[],
  options: ReadonlyMap<string, string>,
): AdminAction {
  const json = options.has("json");
  switch (verb) {
    case "token create":
      return {
        verb,
        role: roleOf(options.get("role") ?? "viewer"),
        expiresInMs: lifeOf(options.get("expires") ?? "90d"),
        note: noteOf(options.get("note") ?? ""),
        json,
      };
    case "token list":
      return { verb, json };
    case "token revoke":
      if (!TOKEN_ID.test(first)) {
        throw new ConfigError(
          `${JSON.stringify(first)} is no id of a token: elastickv admin token list shows them`,
        );
      }
      return { verb, id: first };
  }
}

function roleOf(text: string): AdminRole {
  const role = ADMIN_ROLES.find((known) => known === text);
  if (role !== undefined) return role;
  throw new ConfigError(`--role: ${JSON.stringify(text)} is not one of ${ADMIN_ROLES.join(", ")}`);
}

function lifeOf(text: string): number | null {
  if (text === "never") return null;
  let ms: number;
  try {
    ms = parseDuration(text);
  } catch (error) {
    throw new ConfigError(
      `--expires: ${JSON.stringify(text)} ${error instanceof Error ? error.message : String(error)}, nor is it never`,
    );
  }
  if (ms >= TOKEN_LIFE_MIN_MS && ms <= TOKEN_LIFE_MAX_MS) return ms;
  throw new ConfigError(
    `--expires: ${JSON.stringify(text)} is outside ${formatDuration(TOKEN_LIFE_MIN_MS)} .. ${formatDuration(TOKEN_LIFE_MAX_MS)}`,
  );
}

function noteOf(text: string): string {
  if (text.length <= 200 && !/\p{Cc}/u.test(text)) return text;
  throw new ConfigError("--note has at most 200 characters, and no control characters");
}
