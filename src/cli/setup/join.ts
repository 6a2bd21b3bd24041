/** Runs `elastickv join`: gets a certificate with a token, writes the settings, starts the node, and shows its progress. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { formatAddress, parseAddress } from "../../config/address.ts";
import { storeClusterSecrets } from "../../config/cluster-secret.ts";
import { ConfigError } from "../../config/config.ts";
import { readPrivateFile, writePrivateFile } from "../../config/private-file.ts";
import {
  CertificateError,
  factsOf,
  fingerprint,
  isIssuedBy,
  makeRequest,
  requestAgain,
  soleCertificate,
} from "../../pki/certificates.ts";
import {
  type AuthorityAnswer,
  decodeAuthorityAnswer,
  decodeJoinAnswer,
  encodeJoinRequest,
  type JoinAccepted,
  type JoinAnswer,
  type JoinRefusal,
} from "../../pki/join-exchange.ts";
import { type JoinToken, JoinTokenError, parseJoinToken } from "../../pki/join-token.ts";
import {
  JOIN_KEY_FILE,
  PEER_AUTHORITY_FILE,
  PEER_CERTIFICATE_FILE,
  writeAuthorityCertificate,
  writePeerCertificate,
} from "../../pki/peer-files.ts";
import { EXIT } from "../../platform/exit-codes.ts";
import { askOverTls, type TlsLine } from "../../platform/network/tls-question.ts";
import { ClusterError } from "../cluster-client.ts";
import type { JoinCommand } from "./arguments.ts";
import { follow, localTargets, progressOf } from "./follow.ts";
import { checkUnused, giveAway, makeDataDirectory, removeLeftovers, writeClusterEnv } from "./host.ts";
import { howToStart } from "./lines.ts";
import { variablesFor } from "./settings.ts";
import type { SetupContext } from "./setup.ts";

const DEFAULT_PEER_PORT = 9002;
const STDIN = 0;
/** Longest token, with room for the blanks around it. */
const MAX_TOKEN_BYTES = 8_192;
const MAX_ANSWER_BYTES = 64 * 1_024;
const ASK_MS = 40_000;
const RETRY_MS = 1_000;
/** How long a cluster without a leader, or a member that has just started, is asked again. */
const PATIENCE_MS = 60_000;

export interface JoinContext extends SetupContext {
  /** Standard input is a terminal. */
  readonly isTerminal: boolean;
  /** Writes to standard error. */
  prompt(text: string): void;
}

/** @returns the exit code. @throws ConfigError | StartError | ClusterError with one line for the operator */
export async function runJoin(command: JoinCommand, context: JoinContext): Promise<number> {
  const { host, print } = context;
  const { dataDir } = command;
  checkUnused(command, false);
  const token = tokenFrom(command, context);
  makeDataDirectory(command, host);
  removeLeftovers(command, [JOIN_KEY_FILE]);
  const { key, request } = await keyOf(dataDir);
  const { accepted, address } = await admission(token, request, command, context);
  const { name, members, secrets } = accepted;
  const { certificate, authority } = await checkAccepted(accepted, token);
  writeAuthorityCertificate(dataDir, authority);
  writePeerCertificate(dataDir, certificate, key);
  const names = [PEER_AUTHORITY_FILE, PEER_CERTIFICATE_FILE];
  if (secrets.length > 0) names.push(storeClusterSecrets(dataDir, secrets));
  giveAway(command, names, host);
  const env = writeClusterEnv(command, "join", variablesFor(command, { node: name, address, members }), host);
  removeLeftovers(command, names);
  print(`${name} is let in at ${address}: ${env}, data in ${dataDir}\n`);
  if (command.start && host.hasService) {
    print(
      "starting the service; it copies the data and gets its vote by itself, also when this command is ended ...\n",
    );
    await host.startService(false);
  } else print(howToStart(env));
  if (!command.wait) return EXIT.DONE;
  await follow(
    {
      targets: localTargets(dataDir),
      timeoutMs: command.timeoutMs,
      judge: (status) => progressOf(name, status),
      failed: async () => command.start && host.hasService && (await host.hasFailed()),
    },
    context,
  );
  return EXIT.DONE;
}

function tokenFrom({ tokenFile }: JoinCommand, { isTerminal, prompt }: JoinContext): JoinToken {
  if (tokenFile === undefined && isTerminal) prompt("join token (elastickv cluster join-token prints one): ");
  try {
    return parseJoinToken(firstLine(tokenFile));
  } catch (error) {
    if (!(error instanceof JoinTokenError)) throw error;
    throw new ConfigError(`the join token cannot be read: ${error.message}`);
  }
}

function firstLine(path: string | undefined): string {
  const buffer = new Uint8Array(MAX_TOKEN_BYTES);
  let length = 0;
  let fd = STDIN;
  try {
    if (path !== undefined) fd = openSync(path, "r");
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0 || length === buffer.length || buffer.subarray(0, length).includes(0x0a)) break;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`the join token cannot be read from ${path ?? "standard input"}: ${reason}`);
  } finally {
    if (fd !== STDIN) closeSync(fd);
  }
  return new TextDecoder().decode(buffer.subarray(0, length)).split("\n", 1)[0] ?? "";
}

/** The key of an interrupted `join` is used again: the cluster knows the token's user by its key. */
async function keyOf(dataDir: string): Promise<{ readonly key: string; readonly request: string }> {
  const path = join(dataDir, JOIN_KEY_FILE);
  const found = readPrivateFile(path);
  if (found !== undefined) {
    try {
      return { key: found, request: await requestAgain(found) };
    } catch (error) {
      // A damaged key is worth nothing: a new one needs a new token at worst.
      if (!(error instanceof CertificateError)) throw error;
    }
  }
  const made = await makeRequest();
  writePrivateFile(path, made.key);
  return made;
}

/** @throws ClusterError */
async function admission(
  token: JoinToken,
  request: string,
  command: JoinCommand,
  context: JoinContext,
): Promise<{ readonly accepted: JoinAccepted; readonly address: string }> {
  const endsAtMs = context.clock.monotonicMs() + Math.min(PATIENCE_MS, command.timeoutMs);
  let said = "";
  for (;;) {
    const problems: string[] = [];
    for (const member of token.addresses) {
      const answer = await askMember(member, token, request, command).catch((error: unknown) => {
        if (error instanceof ClusterError) throw error;
        return error instanceof Error ? error.message : String(error);
      });
      if (typeof answer === "string") problems.push(`${member}: ${answer}`);
      else if (answer.answer.ok) return { accepted: answer.answer, address: answer.address };
      else if (answer.answer.code === "NOT_READY") problems.push(`${member}: ${answer.answer.message}`);
      else throw refused(answer.answer);
    }
    const line = problems.join("; ");
    if (context.clock.monotonicMs() >= endsAtMs) {
      throw new ClusterError(
        "UNREACHABLE",
        `no member could let this node in: ${line}; the same token may be tried again`,
      );
    }
    if (line !== said) context.print(`waiting: ${line}\n`);
    said = line;
    await context.sleep(RETRY_MS);
  }
}

/** @throws ClusterError when the member has another CA; Error when it cannot be reached */
async function askMember(
  member: string,
  token: JoinToken,
  request: string,
  command: JoinCommand,
): Promise<{ readonly answer: JoinAnswer; readonly address: string }> {
  const { host, port } = parseAddress(member);
  const ask = (ca: string | undefined, line: string): Promise<TlsLine> =>
    askOverTls({ host, port, ca, line, maxBytes: MAX_ANSWER_BYTES, timeoutMs: ASK_MS });
  const first = await ask(undefined, encodeJoinRequest({ ask: "authority" }));
  const known: AuthorityAnswer = decodeAuthorityAnswer(first.line);
  if (!known.ok) return { answer: known, address: "" };
  // Until here anybody may have answered. From here on the CA of the token has signed the other end's certificate.
  const authority = soleCertificate(known.authority);
  if ((await fingerprint(authority)) !== token.fingerprint) {
    throw new ClusterError(
      "WRONG_CA",
      `${member} shows another CA than the token names: the token is of another cluster, or somebody stands in between; the secret was not sent`,
    );
  }
  const address = command.address ?? formatAddress({ host: first.localHost, port: DEFAULT_PEER_PORT });
  const line = encodeJoinRequest({
    ask: "join",
    token: token.id,
    secret: token.secret,
    request,
    name: command.node,
    address,
  });
  return { answer: decodeJoinAnswer((await ask(authority, line)).line), address };
}

function refused({ code, message }: JoinRefusal): ClusterError {
  return new ClusterError(code, `${code}: ${message}`);
}

/**
 * A member that answers wrongly must not become the cause of a node that never starts.
 * @returns both certificates, encoded again. @throws ClusterError
 */
async function checkAccepted(
  accepted: JoinAccepted,
  token: JoinToken,
): Promise<{ readonly certificate: string; readonly authority: string }> {
  try {
    const authority = soleCertificate(accepted.authority);
    const certificate = soleCertificate(accepted.certificate);
    const same = (await fingerprint(authority)) === token.fingerprint;
    if (same && (await isIssuedBy(certificate, authority)) && factsOf(certificate).name === accepted.name) {
      return { certificate, authority };
    }
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
  }
  throw new ClusterError(
    "BAD_ANSWER",
    "the member answered with a certificate that is not of the token's CA",
  );
}
