/**
 * Makes sure that a node with peers can prove its membership and check its peers' membership. Without a proof there
 * is no start.
 */
import { clusterSecrets, makeClusterSecret } from "../config/cluster-secret.ts";
import { type Config, ConfigError } from "../config/config.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Random } from "../platform/random.ts";
import type { NodeIdentity } from "./data-directory.ts";
import type { Topology } from "./topology.ts";

type ProofSettings = Pick<Config, "dataDir" | "nodeId" | "clusterSecret" | "clusterSecretFile">;

/**
 * Returns the secrets that the operator gave or an earlier start made. Called before a data directory is made.
 * @throws ConfigError with the command to run, when there is no secret and this node would have peers
 */
export function givenSecrets(config: ProofSettings, topology: Topology): readonly Uint8Array[] {
  const secrets = clusterSecrets(config);
  if (secrets.length > 0 || topology.peer?.tls !== undefined) return secrets;
  if (topology.join.length > 0) throw nothingToProve(config, topology, "join");
  if (topology.initialCluster.length > 1) throw nothingToProve(config, topology, "form");
  return secrets;
}

/**
 * Returns the secrets that this node uses. A node that begins alone makes its own secret, so that others can join
 * later.
 * @throws ConfigError as above, for a member that was started without cluster settings
 */
export function settledSecrets(
  given: readonly Uint8Array[],
  config: ProofSettings,
  topology: Topology,
  identity: NodeIdentity,
  random: Random,
  log: Logger,
): readonly Uint8Array[] {
  if (given.length > 0 || topology.peer?.tls !== undefined) return given;
  const isFirst =
    identity.origin === "alone" || (identity.origin === "initial" && topology.initialCluster.length === 1);
  if (isFirst) {
    const made = makeClusterSecret(config.dataDir, random);
    const peers = identity.peerIncarnations.length;
    const fields = { file: `${config.dataDir}/cluster-secret`, peers };
    if (peers === 0) log.info("cluster secret made", fields);
    else log.warn("cluster secret made: every other member needs a copy of it", fields);
    return made;
  }
  throw nothingToProve(config, topology, identity.origin === "join" ? "join" : "form");
}

function nothingToProve({ nodeId }: ProofSettings, { peer }: Topology, how: "form" | "join"): ConfigError {
  const mend =
    how === "form"
      ? "Make one secret for all nodes: (umask 077; elastickv cluster secret > cluster-secret), copy the file to each of " +
        "them, and start each with --cluster-secret-file cluster-secret"
      : "Copy the secret from a member (the file that its --cluster-secret-file names, or cluster-secret in its data " +
        "directory; cluster members without any: elastickv cluster secret prints one), and start with " +
        "--cluster-secret-file FILE";
  return new ConfigError(
    `${nodeId} has neither a cluster secret nor a peer certificate: whoever reaches ${peer?.advertise ?? "its peer address"} ` +
      `could take the cluster over. ${mend}`,
  );
}
