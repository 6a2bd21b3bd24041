/**
 * Exit codes of the process, for its supervisor (docs/operations/errors.md). A supervisor restarts a node after
 * `MAY_MEND` and `MEMORY`, and does not restart a node after the two codes in between.
 */
export const EXIT = {
  /** The node was told to stop, or was removed from its cluster while it served. */
  DONE: 0,
  /** The node could not start or not continue, and the reason may pass: a busy port, a full disk, an absent peer. */
  MAY_MEND: 1,
  /** An argument of the command line or a setting is wrong. */
  USAGE: 2,
  /** The operator must first repair something other than the settings. EX_CONFIG of sysexits.h. */
  LASTING: 78,
  /** The node came close to its limit of memory, stopped in order, and wants to be started. EX_TEMPFAIL of sysexits.h. */
  MEMORY: 75,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Errors that may pass without an action. A missing permission, or a file in the place of a directory, does not
 * pass.
 */
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

/** True when the same call may succeed later without any action. @param code of a system error */
export function mendsItself(code: unknown): boolean {
  return typeof code === "string" && PASSING.has(code);
}

/**
 * Codes that end a thread (WalErrorCode, StoreErrorCode, the system's and SQLite's codes ...) and that a restart
 * cannot repair. Every other code may pass: a node with a hanging disk must not need a restart by hand.
 */
const LASTING_CODES = {
  /** The log or the keyspace differs from what was written. */
  damage: ["CORRUPT", "MISSING_SEGMENT", "NOT_FOUND", "RECOVERY", "FSM", "COMMAND", "MEMBERSHIP_FORMAT"],
  /** The data belongs to another release. */
  version: ["FORMAT_VERSION", "WRONG_FORMAT"],
  /** The data belongs to another cluster or node. */
  foreign: ["WRONG_CLUSTER", "WRONG_NODE"],
  /** The system refuses the call, and a restart would get the same answer. */
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
  /** The certificate, the key and the CA file do not match. */
  tls: ["TLS"],
} as const;

export type LastingKind = keyof typeof LASTING_CODES;

/** The codes of an error and of its causes, the outermost first. */
export function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  let depth = 0;
  for (let at = error; at instanceof Error && depth < CAUSES_MAX; at = at.cause, depth++) {
    // The error came from another thread, which sends only the codes of an error.
    if ("codes" in at && Array.isArray(at.codes)) codes.push(...at.codes.map(String));
    else if ("code" in at && typeof at.code === "string") codes.push(at.code);
  }
  return codes;
}

/** A longer chain of causes is a cycle. */
const CAUSES_MAX = 16;

/**
 * The kind of a lasting fault; undefined when the fault may pass. SQLite's extended codes begin with the code that
 * they extend.
 */
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
