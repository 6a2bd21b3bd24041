/** The settings that `setup` and `join` write, as variables of `serve`. */
import { join } from "node:path";
import { formatAddress } from "../../config/address.ts";
import { SETTINGS, type Setting, variableOf } from "../../config/settings.ts";
import { PEER_AUTHORITY_FILE, PEER_CERTIFICATE_FILE } from "../../pki/peer-files.ts";
import type { JoinCommand, SetupRequest } from "./arguments.ts";

export interface ClusterSettings {
  readonly node: string;
  /** host:port. */
  readonly address: string;
  /** `n1=host:port,...` of a node that joins; undefined on the first node. */
  readonly members: string | undefined;
}

export function variablesFor(
  { dataDir, s3Address }: Pick<SetupRequest | JoinCommand, "dataDir" | "s3Address">,
  { node, address, members }: ClusterSettings,
): Readonly<Record<string, string>> {
  const certificate = join(dataDir, PEER_CERTIFICATE_FILE);
  const rows: readonly (readonly [Setting<never>, string | undefined])[] = [
    [SETTINGS.dataDir as Setting<never>, dataDir],
    [SETTINGS.nodeId as Setting<never>, node],
    [SETTINGS.s3Address as Setting<never>, formatAddress(s3Address)],
    [SETTINGS.peerAddress as Setting<never>, address],
    [SETTINGS.join as Setting<never>, members],
    [SETTINGS.peerCertFile as Setting<never>, certificate],
    [SETTINGS.peerKeyFile as Setting<never>, certificate],
    [SETTINGS.peerCaFile as Setting<never>, join(dataDir, PEER_AUTHORITY_FILE)],
  ];
  return Object.fromEntries(
    rows.flatMap(([row, value]) => (value === undefined ? [] : [[variableOf(row), value] as const])),
  );
}
