/** A start that cannot go on, for a reason the operator can do something about: busy port, unreadable or locked data
 *  directory, other version. One line that names it; the process shows it without a stack and exits. */
export class StartError extends Error {
  readonly exitCode: number;
  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.name = "StartError";
    this.exitCode = options.exitCode ?? 1;
  }
}
