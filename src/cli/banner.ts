import { clientUrl, type ListenAddress } from "../config/address.ts";
import type { RootCredentials } from "../config/root-credentials.ts";

export interface BannerFacts {
  /** The bound address, with the real port when port 0 was asked for. */
  readonly s3: ListenAddress;
  readonly admin: ListenAddress;
  /** The addresses speak TLS. */
  readonly tls: { readonly s3: boolean; readonly admin: boolean };
  readonly region: string;
  readonly credentials: RootCredentials;
  readonly dataDir: string;
  /** False where output is stored (`isJournal`): the secret key is not written there at every start. */
  readonly showSecret: boolean;
}

function urlOf(address: ListenAddress, tls: boolean): string {
  const url = clientUrl(address);
  return tls ? url.replace(/^http:/, "https:") : url;
}

/**
 * The text for a person when the node is ready: addresses, keys, and a command to copy. In a service's journal, the
 * file with the secret key is named instead of the key.
 */
export function banner(facts: BannerFacts): string {
  const endpoint = urlOf(facts.s3, facts.tls.s3);
  const { accessKey, secretKey } = facts.credentials;
  const secret = facts.showSecret ? secretKey.reveal() : secretPlace(facts);
  const rows: readonly (readonly [string, string])[] = [
    ["S3 endpoint", endpoint],
    ["Access key", accessKey],
    ["Secret key", secret],
    ["Admin", `${urlOf(facts.admin, facts.tls.admin)}/  (console, /swagger, /metrics, /healthz, /readyz)`],
    ["Data", facts.dataDir],
  ];
  const lines = [
    "",
    "elastickv is ready.",
    "",
    ...rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}`),
  ];
  if (facts.showSecret)
    lines.push("", "Try it (copy and paste):", "", ...example(endpoint, facts).map((line) => `  ${line}`));
  return `${lines.join("\n")}\n\n`;
}

function secretPlace(facts: BannerFacts): string {
  switch (facts.credentials.source) {
    case "environment":
      return "(from ELASTICKV_ROOT_SECRET_KEY)";
    case "secret-files":
      return "(from the file that ELASTICKV_ROOT_SECRET_KEY_FILE names)";
    case "sealed":
      return `(sealed: elastickv credentials show --data-dir ${facts.dataDir})`;
    case "data-directory":
    case "generated":
      return `(in root-credentials.env in ${facts.dataDir})`;
  }
}

function example(endpoint: string, facts: BannerFacts): string[] {
  return [
    `export AWS_ACCESS_KEY_ID=${quoted(facts.credentials.accessKey)}`,
    `export AWS_SECRET_ACCESS_KEY=${quoted(facts.credentials.secretKey.reveal())}`,
    `export AWS_DEFAULT_REGION=${quoted(facts.region)}`,
    `aws --endpoint-url ${endpoint} s3 mb s3://demo`,
    `aws --endpoint-url ${endpoint} s3 cp README.md s3://demo/README.md`,
  ];
}

/** Quotes a word for a POSIX shell when needed. */
function quoted(word: string): string {
  return /^[A-Za-z0-9._/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
