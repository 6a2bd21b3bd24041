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
