/** Checks the listening addresses of a node before anything on the disk is made or changed. */

import { formatAddress, type ListenAddress } from "../config/address.ts";
import { type Config, ConfigError } from "../config/config.ts";
import { isWildcard } from "../config/members.ts";
import { tlsPairsOf } from "../config/server-tls.ts";
import { EXIT } from "../platform/exit-codes.ts";
import { type ListenProblem, listenProblem } from "../platform/listen-error.ts";
import { StartError } from "../platform/start-error.ts";
import type { Topology } from "./topology.ts";

type TlsNames = "s3TlsCertFile" | "s3TlsKeyFile" | "adminTlsCertFile" | "adminTlsKeyFile";
type ListenConfig = Pick<Config, "s3Address" | "adminAddress" | TlsNames> &
  Partial<Pick<Config, "blobAddress">>;

interface Wanted {
  readonly what: string;
  readonly flag: string;
  readonly address: ListenAddress;
}

/**
 * Binds each address and releases it again. If another process takes the port in between, the final bind reports
 * that; a busy port is found before a data directory was made for a node that cannot run.
 * @throws ConfigError when two addresses are the same; StartError naming the address and its flag.
 */
export function checkListeners(config: ListenConfig, topology: Topology): void {
  checkDistinctListeners(config, topology);
  for (const one of wantedBy(config, topology)) tryToListen(one);
}

/** Binds nothing: the node that is asked about may be running. @throws ConfigError when two addresses are the same. */
export function checkDistinctListeners(config: ListenConfig, topology: Topology): void {
  for (const listener of ["s3", "admin"] as const) tlsPairsOf(config, listener);
  const wanted = wantedBy(config, topology);
  for (const [i, one] of wanted.entries()) {
    const other = wanted.slice(0, i).find(({ address }) => overlap(address, one.address));
    if (other !== undefined) {
      throw new ConfigError(
        `${one.flag} ${formatAddress(one.address)} and ${other.flag} ${formatAddress(other.address)} are the same port: give each its own`,
      );
    }
  }
}

function wantedBy(config: ListenConfig, topology: Topology): readonly Wanted[] {
  const wanted: Wanted[] = [
    { what: "admin", flag: "--admin-address", address: config.adminAddress },
    { what: "S3", flag: "--s3-address", address: config.s3Address },
  ];
  if (topology.peer !== undefined) {
    wanted.push({ what: "peer", flag: "--peer-address", address: topology.peer.listen });
    // Without peers nobody exchanges blobs with this node.
    if (config.blobAddress !== undefined) {
      wanted.push({ what: "blob", flag: "--blob-address", address: config.blobAddress });
    }
  }
  return wanted;
}

function overlap(a: ListenAddress, b: ListenAddress): boolean {
  // Each listener with port 0 gets another port.
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || isWildcard(a) || isWildcard(b);
}

function tryToListen({ what, flag, address }: Wanted): void {
  if (address.port === 0) return;
  try {
    const { host: hostname, port } = address;
    Bun.listen({
      hostname,
      port,
      exclusive: true,
      socket: { open: (socket) => void socket.end(), data: () => {} },
    }).stop(true);
  } catch (error) {
    const problem = listenProblem(error);
    const where = `${what} address ${formatAddress(address)}`;
    const options = {
      cause: error,
      exitCode: problem === "not-allowed" ? EXIT.LASTING : EXIT.MAY_MEND,
    };
    throw new StartError(`${where}: ${reasonOf(problem, error)} (${flag} chooses another)`, options);
  }
}

function reasonOf(problem: ListenProblem, error: unknown): string {
  switch (problem) {
    case "in-use":
      return "in use by another process";
    case "not-allowed":
      return "no permission to listen on this port; above 1023 none is needed";
    case "not-here":
      return "not an address of this machine";
    case "other":
      return `cannot listen: ${error instanceof Error ? error.message : String(error)}`;
  }
}
