import { EXIT, type ExitCode } from "./exit-codes.ts";

/**
 * A start that cannot continue, for a reason that the operator can change: a busy port, an unreadable or locked data
 * directory, another version. The message is one line that names the reason; the process shows it without a stack
 * and exits.
 */
export class StartError extends Error {
  readonly exitCode: ExitCode;
  /** @param options `exitCode` is MAY_MEND unless the same start would always fail in the same way */
  constructor(message: string, options: ErrorOptions & { readonly exitCode?: ExitCode } = {}) {
    super(message, options);
    this.name = "StartError";
    this.exitCode = options.exitCode ?? EXIT.MAY_MEND;
  }
}

/** Makes the error of a start that fails in the same way until the operator changes something. */
export function lasting(message: string, options: ErrorOptions = {}): StartError {
  return new StartError(message, { ...options, exitCode: EXIT.LASTING });
}
