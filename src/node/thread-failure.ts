/** Exit code and advice for the process when a thread ends. */
import { EXIT, type LastingKind, lastingKind } from "../platform/exit-codes.ts";
import { StartError } from "../platform/start-error.ts";
import { adviceOn } from "./denied.ts";

const ADVICE: Readonly<Record<Exclude<LastingKind, "denied">, string>> = {
  damage:
    "keep the directory as it is, look at the disk (dmesg, smartctl), and restore a backup; a member of a cluster is replaced instead " +
    '(docs/operations/cluster.md, "Replace a dead machine")',
  version: "start the release that wrote it",
  foreign:
    "part of the directory was copied from another node: put this node's own files back, or restore the whole directory",
  tls: "check --peer-cert-file, --peer-key-file and --peer-ca-file",
};

/** @param codes as in `codesOf`. @returns the message with advice appended, and the exit code */
export function threadFailure(message: string, codes: readonly string[], dataDir: string): StartError {
  const kind = lastingKind(codes);
  if (kind === undefined) return new StartError(message);
  const advice = kind === "denied" ? denied(codes, dataDir) : `; ${ADVICE[kind]}`;
  return new StartError(`${message}${advice}`, { exitCode: EXIT.LASTING });
}

/** Advice in the last line of a node that was fenced. */
export function fencedAdvice(nodeId: string, removed: boolean): string {
  return removed
    ? "; its data directory is of no more use: disable the service, or start it with an empty directory and a new name to join again"
    : `; put the directory back if it is still as it was, else replace ${nodeId} by a node with an empty directory and a new name ` +
        "(elastickv cluster replace)";
}

function denied(codes: readonly string[], dataDir: string): string {
  const code = codes.find((name) => /^E[A-Z]+$/.test(name));
  const sqlite = codes.some((name) => name.startsWith("SQLITE_"));
  return adviceOn(code ?? (sqlite ? "EACCES" : undefined), dataDir);
}
