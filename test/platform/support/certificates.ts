/** Certificates for tests, made anew in a directory that the test removes: no key is ever checked in. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsFiles } from "../../../src/platform/network/real-network.ts";

export interface TestCertificates {
  readonly directory: string;
  /** Signed by the common CA, valid for the name. @param more one more entry among its names, such as URI:... */
  node(name: string, more?: string): TlsFiles;
  /** Signed by nobody, but it trusts the common CA. */
  stranger(): TlsFiles;
  remove(): void;
}

function openssl(cwd: string, ...words: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...words], {
    cwd,
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`openssl ${words[0]}: ${stderr.toString()}`);
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

export function makeCertificates(): TestCertificates {
  const directory = mkdtempSync(join(tmpdir(), "elastickv-certs-"));
  openssl(
    directory,
    "req",
    "-x509",
    ...NEW_KEY,
    "-subj",
    "/CN=test ca",
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
  );
  const files = (name: string): TlsFiles => ({
    certFile: join(directory, `${name}.crt`),
    keyFile: join(directory, `${name}.key`),
    caFile: join(directory, "ca.crt"),
  });
  return {
    directory,
    node: (name, more) => {
      const [key, csr, crt, ext] = ["key", "csr", "crt", "ext"].map((suffix) => `${name}.${suffix}`);
      openssl(
        directory,
        "req",
        ...NEW_KEY.slice(0, -2),
        "-subj",
        `/CN=${name}`,
        "-keyout",
        `${key}`,
        "-out",
        `${csr}`,
      );
      const names = [`DNS.1=${name}`, `DNS.2=${name}.example`, "IP.1=192.0.2.7"];
      const [kind, ...value] = more?.split(":") ?? [];
      if (kind !== undefined) names.unshift(`${kind}.9=${value.join(":")}`);
      writeFileSync(join(directory, `${ext}`), ["subjectAltName=@names", "[names]", ...names, ""].join("\n"));
      openssl(
        directory,
        ...["x509", "-req", "-in", `${csr}`, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"],
        ...["-days", "2", "-extfile", `${ext}`, "-out", `${crt}`],
      );
      return files(name);
    },
    stranger: () => {
      const out = ["-subj", "/CN=stranger", "-keyout", "stranger.key", "-out", "stranger.crt"];
      openssl(directory, "req", "-x509", ...NEW_KEY, ...out);
      return files("stranger");
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export interface SelfSigned {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** As src/http/tls-certificates.ts wants them. */
  readonly names: readonly string[];
}

/** A certificate that nobody signed, for these DNS names; the first one is its common name too. */
export function selfSigned(...names: readonly [string, ...string[]]): SelfSigned {
  const directory = mkdtempSync(join(tmpdir(), "elastickv-certs-"));
  try {
    openssl(
      directory,
      ...["req", "-x509", ...NEW_KEY, "-subj", `/CN=${names[0]}`, "-keyout", "key", "-out", "crt"],
      ...["-addext", `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")},IP:127.0.0.1`],
    );
    const read = (file: string) => readFileSync(join(directory, file), "utf8");
    return { cert: read("crt"), key: read("key"), names };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
