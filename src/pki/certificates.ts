/**
 * X.509 certificates of a cluster's own certificate authority (RFC 5280): the CA signs one certificate for each node, and
 * nothing else. All keys are ECDSA on P-256 with SHA-256 (RFC 5480, RFC 5758). The library @peculiar/x509 encodes and
 * decodes; WebCrypto signs.
 */
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Random } from "../platform/random.ts";

const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { ...KEY_ALGORITHM, hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Lifetime of a CA certificate. */
const CA_LIFE_MS = 3_650 * DAY_MS;
/** Lifetime of a node's certificate. @internal */
export const NODE_CERTIFICATE_LIFE_MS = 90 * DAY_MS;
/** A certificate begins this long before it is made, because the clocks of two hosts differ. @internal */
export const BACKDATE_MS = 60 * 60 * 1_000;
/** RFC 5280, section 4.1.2.2: positive, at most 20 octets. 16 random bytes below 0x80 and above 0. */
const SERIAL_BYTES = 16;
/** Longest request that is decoded; one of this file has about 400 characters. */
const REQUEST_CHARS_MAX = 4_096;

/** A certificate, a key or a request is none, or is not what a cluster's CA works with. */
export class CertificateError extends Error {
  readonly code = "CERTIFICATE";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CertificateError";
  }
}

/** A CA with its private key. */
export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8, DER. */
  readonly key: Uint8Array;
}

/** Times of a certificate in Unix milliseconds, and its only DNS name. */
export interface CertificateFacts {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** The first DNS name; "" without one. */
  readonly name: string;
}

/** @param nowMs Unix milliseconds */
export async function makeAuthority(nowMs: number, random: Random): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // The random part tells the CAs of two clusters apart in messages.
    name: `CN=elastickv cluster CA ${Buffer.from(random.bytes(4)).toString("hex")}`,
    serialNumber: serialNumber(random),
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_LIFE_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      // Path length 0: the CA signs no other CA.
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { certificate: pem(certificate), key: await exported(keys.privateKey) };
}

/** A new key of a node. @returns the private key as PEM, and a request for its certificate as PEM (PKCS #10, RFC 2986) */
export async function makeRequest(): Promise<{ readonly key: string; readonly request: string }> {
  const keys = await newKeys();
  const key = PemConverter.encode(await exported(keys.privateKey), "PRIVATE KEY");
  return { key: `${key}\n`, request: await requestFor(keys) };
}

/** A request for a key that exists. @param key PEM as `makeRequest` returned it. @throws CertificateError */
export async function requestAgain(key: string): Promise<string> {
  try {
    const [der] = PemConverter.decode(key);
    if (der === undefined) throw new CertificateError("no private key");
    const privateKey = await crypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM, true, ["sign"]);
    const { d: _private, key_ops: _uses, ...publicPart } = await crypto.subtle.exportKey("jwk", privateKey);
    const publicKey = await crypto.subtle.importKey("jwk", publicPart, KEY_ALGORITHM, true, ["verify"]);
    return await requestFor({ privateKey, publicKey });
  } catch (error) {
    throw new CertificateError("the private key of the request is damaged", { cause: error });
  }
}

async function requestFor(keys: CryptoKeyPair): Promise<string> {
  // The CA ignores the name of a request, and signs the name that the cluster knows.
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=elastickv node",
    keys,
    signingAlgorithm: SIGNING,
  });
  return `${request.toString("pem")}\n`;
}

/** SHA-256 of the request's public key (SubjectPublicKeyInfo, DER), hex. @throws CertificateError */
export async function requestKeyDigest(request: string): Promise<string> {
  const { publicKey } = await decodeRequest(request);
  return Buffer.from(await crypto.subtle.digest("SHA-256", publicKey.rawData)).toString("hex");
}

/**
 * Signs a certificate for the node `name`, for both ends of TLS. The name is the only thing that the certificate
 * says: an address in it would let its owner speak for every node at that address.
 * @param request PEM. @param nowMs Unix milliseconds
 * @returns PEM
 * @throws CertificateError for a request that is damaged, has another kind of key, or is not signed by its key
 */
export async function issue(
  authority: CertificateAuthority,
  request: string,
  name: string,
  nowMs: number,
  random: Random,
): Promise<string> {
  const { publicKey } = await decodeRequest(request);
  const issuer = decode(authority.certificate);
  const signingKey = await crypto.subtle.importKey("pkcs8", authority.key.slice(), KEY_ALGORITHM, false, [
    "sign",
  ]);
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [name] }],
    issuer: issuer.subject,
    serialNumber: serialNumber(random),
    notBefore: new Date(nowMs - BACKDATE_MS),
    // A certificate that outlives its CA is not valid after the end of the CA anyway (RFC 5280, section 6).
    notAfter: new Date(Math.min(nowMs + NODE_CERTIFICATE_LIFE_MS, issuer.notAfter.getTime())),
    signingAlgorithm: SIGNING,
    publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
    ],
  });
  return pem(certificate);
}

/** @param certificate PEM; the first certificate counts. @throws CertificateError */
export function factsOf(certificate: string): CertificateFacts {
  const decoded = decode(certificate);
  const names = decoded.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return {
    notBeforeMs: decoded.notBefore.getTime(),
    notAfterMs: decoded.notAfter.getTime(),
    name: names.find(({ type }) => type === "dns")?.value ?? "",
  };
}

/** SHA-256 of the certificate (DER), hex: what a join token carries. @throws CertificateError */
export async function fingerprint(certificate: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", decode(certificate).rawData)).toString("hex");
}

/**
 * Returns the only certificate of a text from another end, encoded again. A second certificate in the text would be trusted
 * too, while only the first is compared with a fingerprint. @throws CertificateError
 */
export function soleCertificate(text: string): string {
  if (text.split("-----BEGIN").length !== 2) throw new CertificateError("not exactly one PEM certificate");
  return pem(decode(text));
}

/** True when the CA has signed the certificate; the times are not looked at. Both are PEM. @throws CertificateError */
export async function isIssuedBy(certificate: string, authority: string): Promise<boolean> {
  const issuer = decode(authority);
  const decoded = decode(certificate);
  if (decoded.issuer !== issuer.subject) return false;
  return decoded.verify({ publicKey: await issuer.publicKey.export(), signatureOnly: true });
}

async function decodeRequest(text: string): Promise<Pkcs10CertificateRequest> {
  if (text.length > REQUEST_CHARS_MAX) throw new CertificateError("the certificate request is too long");
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(text);
  } catch (error) {
    throw new CertificateError("the certificate request cannot be decoded", { cause: error });
  }
  const { algorithm } = request.publicKey as { algorithm: { name?: string; namedCurve?: string } };
  if (algorithm.name !== KEY_ALGORITHM.name || algorithm.namedCurve !== KEY_ALGORITHM.namedCurve) {
    throw new CertificateError("the key of the certificate request is not ECDSA on P-256");
  }
  const signed = await request.verify().catch(() => false);
  if (!signed) throw new CertificateError("the certificate request is not signed by its own key");
  return request;
}

function decode(certificate: string): X509Certificate {
  try {
    // A file may hold a key too, and a chain.
    const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(certificate)?.[0];
    if (block === undefined) throw new CertificateError("no PEM certificate");
    return new X509Certificate(block);
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    throw new CertificateError("the certificate cannot be decoded", { cause: error });
  }
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

async function exported(key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
}

function serialNumber(random: Random): string {
  const bytes = random.bytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}
