/** The certificates that a TLS listener shows, chosen by the name that the client asks for (SNI, RFC 6066). */
import { createSecureContext, type SecureContext } from "node:tls";

export interface ServerCertificate {
  /** PEM: the certificate with its chain. */
  readonly cert: string;
  readonly key: string;
  /** DNS names in lower case; a wildcard is the whole first label (`*.example`). */
  readonly names: readonly string[];
}

/** RFC 8996: earlier versions are not offered. */
const MIN_VERSION = "TLSv1.2";

interface Choice {
  readonly byDefault: SecureContext;
  readonly byName: ReadonlyMap<string, SecureContext>;
}

export class Certificates {
  #choice: Choice;

  /** @throws Error of the TLS library for a certificate that it does not accept */
  constructor(certificates: readonly [ServerCertificate, ...ServerCertificate[]]) {
    this.#choice = choiceOf(certificates);
  }

  /**
   * Shows these certificates to new connections; connections that are open keep theirs. @throws Error of the TLS
   * library, and nothing has changed then
   */
  replace(certificates: readonly [ServerCertificate, ...ServerCertificate[]]): void {
    this.#choice = choiceOf(certificates);
  }

  /** The first certificate, for clients that ask for no name or for an unknown name. */
  get byDefault(): SecureContext {
    return this.#choice.byDefault;
  }

  /**
   * The certificate for this name: an exact name before a wildcard, which covers exactly one label (RFC 9525 section
   * 6.3). undefined: the default.
   */
  named(servername: string): SecureContext | undefined {
    const name = servername.toLowerCase().replace(/\.$/, "");
    const { byName } = this.#choice;
    const dot = name.indexOf(".");
    return byName.get(name) ?? (dot > 0 ? byName.get(`*${name.slice(dot)}`) : undefined);
  }
}

function choiceOf(certificates: readonly [ServerCertificate, ...ServerCertificate[]]): Choice {
  const byName = new Map<string, SecureContext>();
  const contexts = certificates.map(({ cert, key, names }) => {
    const context = createSecureContext({ cert, key, minVersion: MIN_VERSION });
    // The first certificate of a name wins, as in the list of the setting.
    for (const name of names) if (!byName.has(name)) byName.set(name, context);
    return context;
  });
  return { byDefault: contexts[0] as SecureContext, byName };
}
