/**
 * How the process ends, for whoever starts it again (docs/operations/errors.md). A supervisor starts a node again after
 * `MAY_MEND` and leaves it alone after the two codes below it.
 */
export const EXIT = {
  /** It was told to stop, or was removed from its cluster while it served. */
  DONE: 0,
  /** It could not start or not go on, and the reason may go away by itself: a busy port, a full disk, an absent peer. */
  MAY_MEND: 1,
  /** A word of the command line or a setting is wrong. */
  USAGE: 2,
  /** Something beside the settings has to be put right by the operator first. EX_CONFIG of sysexits.h. */
  LASTING: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Errors that pass by themselves. A missing right, or a file in the place of a directory, does not. */
const PASSING = new Set([
  "ENOSPC",
  "EDQUOT",
  "EIO",
  "EAGAIN",
  "EINTR",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "EBUSY",
  "ESTALE",
]);

/** @param code of a system error. Whether the same call may succeed later without anybody doing something. */
export function mendsItself(code: unknown): boolean {
  return typeof code === "string" && PASSING.has(code);
}

/**
 * What ends a thread (WalErrorCode, StoreErrorCode, the system's and SQLite's codes ...) and stays as it is however often the
 * process is started. Every code that is not here may mend: nobody restarts a node by hand because of a hanging disk.
 */
const LASTING_CODES = {
  /** The log or the keyspace is not what was written. */
  damage: ["CORRUPT", "MISSING_SEGMENT", "NOT_FOUND", "RECOVERY", "FSM", "COMMAND", "MEMBERSHIP_FORMAT"],
  /** Another release's. */
  version: ["FORMAT_VERSION", "WRONG_FORMAT"],
  /** Another cluster's or node's. */
  foreign: ["WRONG_CLUSTER", "WRONG_NODE"],
  /** The system says no, and will say so again. */
  denied: [
    "EACCES",
    "EPERM",
    "EROFS",
    "ENOTDIR",
    "EISDIR",
    "ELOOP",
    "ENAMETOOLONG",
    "ENOENT",
    "SQLITE_READONLY",
    "SQLITE_CANTOPEN",
    "SQLITE_PERM",
    "SQLITE_AUTH",
  ],
  /** Certificate, key and CA file do not go together. */
  tls: ["TLS"],
} as const;

export type LastingKind = keyof typeof LASTING_CODES;

/** The codes of an error and of what caused it, outermost first. */
export function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  let depth = 0;
  for (let at = error; at instanceof Error && depth < CAUSES_MAX; at = at.cause, depth++) {
    // It came from another thread, where errors do not go.
    if ("codes" in at && Array.isArray(at.codes)) codes.push(...at.codes.map(String));
    else if ("code" in at && typeof at.code === "string") codes.push(at.code);
  }
  return codes;
}

/** A chain that is longer is a ring. */
const CAUSES_MAX = 16;

/** undefined: it may mend. SQLite's extended codes begin with the code that they extend. */
export function lastingKind(codes: readonly string[]): LastingKind | undefined {
  for (const code of codes) {
    for (const [kind, known] of Object.entries(LASTING_CODES) as [LastingKind, readonly string[]][]) {
      if (
        known.some((name) => code === name || (name.startsWith("SQLITE_") && code.startsWith(`${name}_`)))
      ) {
        return kind;
      }
    }
  }
  return undefined;
}
