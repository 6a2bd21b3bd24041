import { EXIT, type ExitCode } from "./exit-codes.ts";

/** A start that cannot go on, for a reason the operator can do something about: busy port, unreadable or locked data
 *  directory, other version. One line that names it; the process shows it without a stack and exits. */
export class StartError extends Error {
  readonly exitCode: ExitCode;
  /** @param options `exitCode`: MAY_MEND unless the same start would fail in the same way for ever. */
  constructor(message: string, options: ErrorOptions & { readonly exitCode?: ExitCode } = {}) {
    super(message, options);
    this.name = "StartError";
    this.exitCode = options.exitCode ?? EXIT.MAY_MEND;
  }
}

/** A start that fails in the same way until the operator has done something. */
export function lasting(message: string, options: ErrorOptions = {}): StartError {
  return new StartError(message, { ...options, exitCode: EXIT.LASTING });
}
