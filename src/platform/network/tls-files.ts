import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { NetworkError } from "../network.ts";

/** PEM files: this node's certificate (with its chain), its key, and the CA of the certificates of all nodes. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** Material for Bun.listen and Bun.connect. Both ends show a certificate, and the CA must have signed both. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/**
 * @throws NetworkError naming the file that is unreadable, is no PEM of its kind, or does not match the other files
 */
export function readTlsFiles({ certFile, keyFile, caFile }: TlsFiles): TlsMaterial {
  const cert = read(certFile, "peer certificate");
  const key = read(keyFile, "peer key");
  const ca = read(caFile, "peer CA");
  const certificate = parse(certFile, "certificate", () => new X509Certificate(cert));
  const privateKey = parse(keyFile, "unencrypted private key", () => createPrivateKey(key));
  for (const block of certificatesIn(ca, caFile))
    parse(caFile, "certificate", () => new X509Certificate(block));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new NetworkError("TLS", keyFile, `${keyFile} is not the key of the certificate in ${certFile}`);
  }
  return { cert, key, ca };
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "EIO";
    throw new NetworkError(code, file, `cannot read the ${what} ${file}: ${code}`, { cause: error });
  }
}

function parse<T>(file: string, what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NetworkError("TLS", file, `${file} holds no valid PEM ${what}: ${reason}`, { cause: error });
  }
}

function certificatesIn(pem: string, file: string): readonly string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) throw new NetworkError("TLS", file, `${file} holds no PEM certificate`);
  return blocks;
}
