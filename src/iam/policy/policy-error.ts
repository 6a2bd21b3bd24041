/** Why a text is no valid policy. */
export class PolicyError extends Error {
  /** The place in the document, such as `Statement[2].Action`; "": the document itself. */
  readonly where: string;
  /** The text that is wrong; S3 sends it in the element Detail. */
  readonly detail: string | undefined;

  /** @param message the message of S3, where one is known */
  constructor(message: string, where = "", detail?: string) {
    super(message);
    this.name = "PolicyError";
    this.where = where;
    this.detail = detail;
  }
}

/** `Statement[0].Action: Policy has invalid action (s3:Nothing)` */
export function describePolicyError({ detail, message, where }: PolicyError): string {
  return `${where === "" ? "" : `${where}: `}${message}${detail === undefined ? "" : ` (${detail})`}`;
}
