/** Certificates of a TLS listener: PEM files of certificates and keys, checked pair by pair. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfigError } from "./config.ts";
import { readSecretFile } from "./private-file.ts";

/** Files of one certificate: the first certificate of `certFile` is the server's, its chain follows. */
export interface TlsPairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface TlsPair {
  readonly certFile: string;
  /** PEM text. */
  readonly cert: string;
  readonly key: string;
  /** DNS names of the certificate (subjectAltName), lower-case; `*.example` covers one label (RFC 9525 section 6.3). */
  readonly names: readonly string[];
  /** End of validity, Unix milliseconds. */
  readonly notAfterMs: number;
}

type Listener = "s3" | "admin";

/** Settings about TLS of one listener. */
interface TlsSettings {
  readonly s3TlsCertFile: readonly string[];
  readonly s3TlsKeyFile: readonly string[];
  readonly adminTlsCertFile: readonly string[];
  readonly adminTlsKeyFile: readonly string[];
}

/**
 * The pairs of a listener, the default one first; empty: the listener speaks HTTP without TLS.
 * @throws ConfigError when a certificate has no key or a key no certificate
 */
export function tlsPairsOf(config: TlsSettings, listener: Listener): readonly TlsPairFiles[] {
  const [certs, keys] =
    listener === "s3"
      ? [config.s3TlsCertFile, config.s3TlsKeyFile]
      : [config.adminTlsCertFile, config.adminTlsKeyFile];
  if (certs.length !== keys.length) {
    throw new ConfigError(
      `--${listener}-tls-cert-file names ${certs.length} files and --${listener}-tls-key-file names ${keys.length}: each certificate needs its key, in the same order`,
    );
  }
  return certs.map((certFile, index) => ({ certFile, keyFile: keys[index] ?? "" }));
}

/**
 * Reads the files. @param credentialsDirectory directory of systemd (LoadCredential=)
 * @throws ConfigError naming the file that is unreadable, open to others, no PEM of its kind, or not of this pair
 */
export function readTlsPairs(
  files: readonly TlsPairFiles[],
  credentialsDirectory: string | undefined,
): readonly TlsPair[] {
  return files.map(({ certFile, keyFile }) => {
    const cert = readCertificate(certFile);
    const key = readSecretFile(keyFile, credentialsDirectory);
    const certificate = parse(certFile, "certificate", () => new X509Certificate(cert));
    const privateKey = parse(keyFile, "unencrypted private key", () => createPrivateKey(key));
    if (!certificate.checkPrivateKey(privateKey)) {
      throw new ConfigError(`${keyFile} is not the key of the certificate in ${certFile}`);
    }
    const notAfterMs = Date.parse(certificate.validTo);
    return { certFile, cert, key, names: dnsNames(certificate.subjectAltName), notAfterMs };
  });
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${file}: cannot read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parse<T>(file: string, what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${file} holds no valid PEM ${what}: ${reason}`);
  }
}

/** Names in the text form of node:crypto: `DNS:a.example, DNS:*.b.example, IP Address:10.0.0.1`. */
function dnsNames(subjectAltName: string | undefined): readonly string[] {
  return [...(subjectAltName ?? "").matchAll(/DNS:("?)([^",]+)\1/g)].map(([, , name]) =>
    (name ?? "").toLowerCase(),
  );
}
