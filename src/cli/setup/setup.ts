/** Runs `elastickv setup`: the first node of a cluster with a CA of its own. */
import { fingerprint, issue, makeAuthority, makeRequest } from "../../pki/certificates.ts";
import { formatJoinToken, makeJoinToken, secretDigest } from "../../pki/join-token.ts";
import {
  NEW_CLUSTER_FILE,
  PEER_AUTHORITY_FILE,
  PEER_CERTIFICATE_FILE,
  writeAuthorityCertificate,
  writeNewCluster,
  writePeerCertificate,
} from "../../pki/peer-files.ts";
import type { Clock } from "../../platform/clock.ts";
import { EXIT } from "../../platform/exit-codes.ts";
import type { Random } from "../../platform/random.ts";
import { lasting } from "../../platform/start-error.ts";
import type { ClusterContext } from "../cluster-context.ts";
import type { SetupRequest } from "./arguments.ts";
import {
  checkUnused,
  giveAway,
  type Host,
  lonelyNode,
  makeDataDirectory,
  removeLeftovers,
  writeClusterEnv,
} from "./host.ts";
import { howToStart, joinLine } from "./lines.ts";
import { variablesFor } from "./settings.ts";

export interface SetupContext extends ClusterContext {
  readonly host: Host;
  readonly wallClock: Pick<Clock, "nowMs">;
  readonly random: Random;
}

const FIRST_NAME = "n1";

/** @throws StartError when the node that is there has another name than the wanted one */
function nameOf({ dataDir, node }: SetupRequest): string {
  const there = lonelyNode(dataDir);
  if (there === undefined || node === undefined || node === there) return there ?? node ?? FIRST_NAME;
  throw lasting(`${dataDir} holds the data of node ${there}, which keeps its name: leave --node out`);
}

/** @returns the exit code. @throws ConfigError | StartError naming what is in the way */
export async function runSetup(request: SetupRequest, context: SetupContext): Promise<number> {
  const { host, wallClock, random, print } = context;
  const { dataDir, address } = request;
  checkUnused(request, true);
  const node = nameOf(request);
  makeDataDirectory(request, host);
  removeLeftovers(request);
  const nowMs = wallClock.nowMs();
  const authority = await makeAuthority(nowMs, random);
  const { key, request: certificateRequest } = await makeRequest();
  const certificate = await issue(authority, certificateRequest, node, nowMs, random);
  const caFingerprint = await fingerprint(authority.certificate);
  const expiresMs = nowMs + request.expiresMs;
  const tokens = Array.from({ length: request.tokens }, () =>
    makeJoinToken(caFingerprint, [address], random),
  );
  writeAuthorityCertificate(dataDir, authority.certificate);
  writePeerCertificate(dataDir, certificate, key);
  writeNewCluster(dataDir, {
    authorityKey: authority.key,
    tokens: tokens.map(({ id, secret }) => ({ id, digest: secretDigest(secret), expiresMs })),
  });
  giveAway(request, [PEER_AUTHORITY_FILE, PEER_CERTIFICATE_FILE, NEW_CLUSTER_FILE], host);
  const variables = variablesFor(request, { node, address, members: undefined });
  const env = writeClusterEnv(request, "setup", variables, host);
  print(`${node} is set up: ${env}, data in ${dataDir}; the cluster's CA has fingerprint ${caFingerprint}\n`);
  if (request.start && host.hasService) {
    print("starting the service ...\n");
    await host.startService(true);
    print("the service runs, and starts with this host from now on\n");
  } else print(howToStart(env));
  if (tokens.length > 0) {
    const end = new Date(expiresMs).toISOString();
    print(`\nOn each other host, one of these lines as root (each works once, until ${end}):\n`);
    for (const token of tokens) print(`  ${joinLine(formatJoinToken(token))}\n`);
  }
  print("\nMore join lines: elastickv cluster join-token. The cluster: elastickv cluster status\n");
  return EXIT.DONE;
}
