/** Parses `elastickv setup ...` and `elastickv join ...`. */
import { resolve } from "node:path";
import { MAX_TOKEN_SECONDS } from "../../api/join.ts";
import { formatAddress, isHostName, type ListenAddress, parseAddress } from "../../config/address.ts";
import { ConfigError } from "../../config/config.ts";
import { isWildcard, NODE_NAME, NODE_NAME_RULE } from "../../config/members.ts";
import { parseDuration } from "../../config/units.ts";
import { parseFlags } from "../flags.ts";

const DEFAULT_PEER_PORT = 9002;
const DEFAULT_S3_ADDRESS = ":9000";
const DEFAULT_CONFIG_DIR = "/etc/elastickv";
const DEFAULT_DATA_DIR = "/var/lib/elastickv";
const DEFAULT_EXPIRY = "1h";
const DEFAULT_TOKENS = 2;
const MAX_TOKENS = 10;
const MS_PER_SECOND = 1_000;
const DEFAULT_TIMEOUT = "1h";

interface Places {
  readonly configDir: string;
  readonly dataDir: string;
  readonly s3Address: ListenAddress;
  /** Start the service when systemd runs. */
  readonly start: boolean;
}

export interface SetupRequest extends Places {
  /** undefined: the name of the node that is there, or n1. */
  readonly node: string | undefined;
  /** host:port at which the other nodes will reach this one. */
  readonly address: string;
  /** Number of join lines that are printed. */
  readonly tokens: number;
  readonly expiresMs: number;
}

export interface JoinCommand extends Places {
  /** undefined: the token says it, or the cluster chooses. */
  readonly node: string | undefined;
  /** undefined: the address of this host from which it reaches the cluster, port 9002. */
  readonly address: string | undefined;
  /** undefined: the token comes from standard input. */
  readonly tokenFile: string | undefined;
  /** Follow the node until it has a vote. */
  readonly wait: boolean;
  readonly timeoutMs: number;
}

const SETUP_OPTIONS = [
  {
    flag: "address",
    placeholder: "HOST[:PORT]",
    help: "where the other nodes reach this one; port 9002 when none is given",
  },
  { flag: "node", placeholder: "NAME", help: "name of this node; setup: n1, join: the cluster chooses" },
  {
    flag: "s3-address",
    placeholder: "HOST:PORT",
    help: "where S3 clients reach this node [default :9000, all interfaces]",
  },
  { flag: "config-dir", placeholder: "PATH", help: "where cluster.env is written [default /etc/elastickv]" },
  { flag: "data-dir", placeholder: "PATH", help: "everything the node keeps [default /var/lib/elastickv]" },
  { flag: "no-start", placeholder: undefined, help: "write the files, and do not start the service" },
] as const;

const ONLY_SETUP = [
  { flag: "tokens", placeholder: "N", help: "number of join lines to print, 0 to 10 [default 2]" },
  { flag: "expires", placeholder: "DURATION", help: "life of the join tokens [default 1h]" },
] as const;

const ONLY_JOIN = [
  {
    flag: "token-file",
    placeholder: "PATH",
    help: "read the join token from this file, and not from standard input",
  },
  { flag: "no-wait", placeholder: undefined, help: "do not show the progress until the node has a vote" },
  { flag: "timeout", placeholder: "DURATION", help: "how long to wait [default 1h]" },
] as const;

export const OPTIONS_OF = {
  setup: [...SETUP_OPTIONS, ...ONLY_SETUP],
  join: [...SETUP_OPTIONS, ...ONLY_JOIN],
} as const;

/** @param words the words after the verb. @throws ConfigError with one line that names the error */
export function parseSetup(words: readonly string[]): SetupRequest {
  const flags = flagsOf("setup", words, (word) => {
    throw new ConfigError(
      `unexpected argument ${JSON.stringify(word)}: setup takes only --flags (see elastickv setup --help)`,
    );
  });
  const [node, address] = [flags.get("node"), flags.get("address")];
  if (address === undefined) {
    throw new ConfigError(
      "--address is missing: name the host or IP address at which the other nodes reach this one",
    );
  }
  return {
    ...placesOf(flags),
    node: node === undefined ? undefined : nameOf(node),
    address: peerAddressOf(address),
    tokens: countOf(flags.get("tokens")),
    expiresMs: expiryOf(flags.get("expires") ?? DEFAULT_EXPIRY),
  };
}

/** @param words the words after the verb. @throws ConfigError with one line that names the error */
export function parseJoin(words: readonly string[]): JoinCommand {
  const flags = flagsOf("join", words, () => {
    // The text is not repeated: it may be the token, and logs keep error messages.
    throw new ConfigError(
      "join takes no token on its command line, which every user of this host can read while it runs: " +
        "echo TOKEN | elastickv join (echo is part of the shell, and no process), or --token-file PATH",
    );
  });
  const [node, address] = [flags.get("node"), flags.get("address")];
  return {
    ...placesOf(flags),
    node: node === undefined ? undefined : nameOf(node),
    address: address === undefined ? undefined : peerAddressOf(address),
    tokenFile: flags.get("token-file"),
    wait: !flags.has("no-wait"),
    timeoutMs: durationOf("timeout", flags.get("timeout") ?? DEFAULT_TIMEOUT),
  };
}

/** The life of a join token. @returns milliseconds. @throws ConfigError */
export function expiryOf(text: string): number {
  const ms = durationOf("expires", text);
  if (ms < MS_PER_SECOND || ms > MAX_TOKEN_SECONDS * MS_PER_SECOND) {
    throw new ConfigError(`--expires: ${JSON.stringify(text)} is not between 1s and 7d`);
  }
  return ms;
}

/** A host gets the default port. @throws ConfigError @internal */
export function peerAddressOf(text: string): string {
  const bare = isHostName(text) || (text.includes(":") && !text.includes("]") && text.split(":").length > 2);
  const host = text.includes(":") && bare ? `[${text}]` : text;
  let address: ListenAddress;
  try {
    address = parseAddress(bare || text.endsWith("]") ? `${host}:${DEFAULT_PEER_PORT}` : text);
  } catch (error) {
    throw new ConfigError(
      `--address: ${JSON.stringify(text)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (isWildcard(address) || address.port === 0) {
    throw new ConfigError(
      `--address: ${JSON.stringify(text)}: other nodes cannot dial it, name a host or IP address`,
    );
  }
  return formatAddress({ host: address.host.toLowerCase(), port: address.port });
}

function flagsOf(
  verb: "setup" | "join",
  words: readonly string[],
  operand: (word: string) => void,
): ReadonlyMap<string, string> {
  const known = OPTIONS_OF[verb].map(
    ({ flag, placeholder }) => [flag, placeholder === undefined ? "nothing" : "value"] as const,
  );
  return parseFlags(words, { known: new Map<string, "value" | "nothing">(known), command: verb, operand });
}

function placesOf(flags: ReadonlyMap<string, string>): Places {
  const s3 = flags.get("s3-address") ?? DEFAULT_S3_ADDRESS;
  let s3Address: ListenAddress;
  try {
    s3Address = parseAddress(s3);
  } catch (error) {
    throw new ConfigError(
      `--s3-address: ${JSON.stringify(s3)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return {
    // Absolute, because the service has another working directory.
    configDir: resolve(flags.get("config-dir") ?? DEFAULT_CONFIG_DIR),
    dataDir: resolve(flags.get("data-dir") ?? DEFAULT_DATA_DIR),
    s3Address,
    start: !flags.has("no-start"),
  };
}

function nameOf(word: string): string {
  if (NODE_NAME.test(word)) return word;
  throw new ConfigError(`--node: ${JSON.stringify(word)} is no node name: ${NODE_NAME_RULE}`);
}

function countOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TOKENS;
  const count = Number(text);
  if (/^\d{1,2}$/.test(text) && count <= MAX_TOKENS) return count;
  throw new ConfigError(`--tokens: ${JSON.stringify(text)} is not a number from 0 to ${MAX_TOKENS}`);
}

function durationOf(flag: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new ConfigError(
      `--${flag}: ${JSON.stringify(text)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
