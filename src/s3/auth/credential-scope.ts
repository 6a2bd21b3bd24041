/** `access-key/YYYYMMDD/region/service/aws4_request`. The access key itself may contain slashes. */
export interface CredentialScope {
  readonly accessKey: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly terminal: string;
  /** Everything after the access key. */
  readonly text: string;
}

/** What requests are signed for: S3, and the service that issues temporary credentials. */
export type Service = "s3" | "sts";

/** Undefined when there are too few parts or no access key. */
export function parseCredential(text: string): CredentialScope | undefined {
  const terminalAt = text.lastIndexOf("/");
  const serviceAt = text.lastIndexOf("/", terminalAt - 1);
  const regionAt = text.lastIndexOf("/", serviceAt - 1);
  const dayAt = text.lastIndexOf("/", regionAt - 1);
  if (dayAt <= 0 || regionAt <= dayAt || serviceAt <= regionAt) return undefined;
  return {
    accessKey: text.slice(0, dayAt),
    day: text.slice(dayAt + 1, regionAt),
    region: text.slice(regionAt + 1, serviceAt),
    service: text.slice(serviceAt + 1, terminalAt),
    terminal: text.slice(terminalAt + 1),
    text: text.slice(dayAt + 1),
  };
}

/** The fault of a scope, in words; undefined when the scope is right. `wrongRegion` gets its own XML element. */
export function scopeProblem(
  scope: CredentialScope,
  accepts: (region: string) => boolean,
  /** The only accepted region; undefined: any well-formed region is accepted. */
  expected: string | undefined,
  timestamp: string,
  service: Service = "s3",
): { readonly message: string; readonly wrongRegion: boolean } | undefined {
  const problem = (message: string, wrongRegion = false) => ({ message, wrongRegion });
  if (scope.terminal !== "aws4_request") {
    return problem(`the credential ends in '${scope.terminal}'; expecting 'aws4_request'`);
  }
  if (scope.service !== service) {
    return problem(`incorrect service '${scope.service}'; expecting '${service}'`);
  }
  if (!accepts(scope.region)) {
    const malformed = `the region '${scope.region}' is malformed; expecting letters, digits, '.', '_' and '-'`;
    return expected === undefined
      ? problem(malformed)
      : problem(`the region '${scope.region}' is wrong; expecting '${expected}'`, true);
  }
  if (scope.day !== timestamp.slice(0, 8)) {
    return problem(`invalid credential date '${scope.day}': not the day of the request date '${timestamp}'`);
  }
  return undefined;
}
