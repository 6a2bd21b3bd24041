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

/** Only these pass by themselves; a missing right or a file in the place of a directory does not. */
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
