/**
 * Checks at a start whether log and keyspace belong together. A node whose state is behind its promises must not
 * vote, so the node stops.
 */
import { BOOTSTRAP_POSITION } from "../raft/engine/group-configuration.ts";
import type { RecoveredLog } from "../raft/log/types.ts";
import type { AppliedState } from "../store/types.ts";
import type { LogThreadPort } from "./options.ts";

export class RecoveryError extends Error {
  readonly code = "RECOVERY";
  constructor(message: string) {
    super(message);
    this.name = "RecoveryError";
  }
}

/** The log has no entry, no marker and no vote. */
export function isNew(recovered: RecoveredLog): boolean {
  const { hardState, snapshot, lastIndex } = recovered;
  return lastIndex === 0 && snapshot === undefined && hardState.term === 0 && hardState.vote === 0;
}

/**
 * Accepts every state that a crash can leave, and no other. Called after the store thread has opened the keyspace:
 * an installation that a crash interrupted is finished by then.
 * @param initializing an empty log is the first start. @throws RecoveryError
 */
export function checkRecovery(recovered: RecoveredLog, applied: AppliedState, initializing: boolean): void {
  if (isNew(recovered)) {
    // An empty log without `initializing` belongs to a node that was stopped before its cluster formed. The
    // bootstrap is written to the keyspace before the log.
    if ((initializing || !recovered.created) && applied.index <= BOOTSTRAP_POSITION.index) return;
    throw new RecoveryError(
      `the log is empty, and the keyspace has applied entry ${applied.term}/${applied.index}: the log of this node is ` +
        "lost (a removed wal directory, a restored backup); it must not vote under its old name",
    );
  }
  if (applied.index > recovered.lastIndex) {
    throw new RecoveryError(
      `the keyspace has applied entry ${applied.term}/${applied.index}, but the log ends at ${recovered.lastIndex}: ` +
        "the log is older than the keyspace (a restored backup, a lost wal directory); this node must not vote",
    );
  }
  if (applied.index + 1 < recovered.firstIndex) {
    throw new RecoveryError(
      `the keyspace has applied entries up to ${applied.index}, but the log begins at ${recovered.firstIndex}: ` +
        "the keyspace is older than the log (a restored backup, a lost keyspace.db); entries are missing in between",
    );
  }
}

/**
 * An entry at the same index with another term is another entry: the log does not hold what was applied. @throws
 * RecoveryError
 */
export async function checkTerm(
  log: LogThreadPort,
  recovered: RecoveredLog,
  applied: AppliedState,
): Promise<void> {
  const term = await termInLog(log, recovered, applied);
  if (term === undefined || term === applied.term) return;
  throw new RecoveryError(
    `the keyspace has applied entry ${applied.term}/${applied.index}, but in the log that entry has term ${term}: ` +
      "they are not of the same history (a restored backup); this node must not vote",
  );
}

/** The term of the applied position in the log; undefined when the log is new or no longer holds the position. */
async function termInLog(
  log: LogThreadPort,
  recovered: RecoveredLog,
  { index }: AppliedState,
): Promise<number | undefined> {
  if (recovered.snapshot?.index === index) return recovered.snapshot.term;
  if (index < recovered.firstIndex || index > recovered.lastIndex) return undefined;
  const [entry] = await log.read(index, index + 1, 1);
  return entry?.term;
}
