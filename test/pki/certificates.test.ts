import { describe, expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  BACKDATE_MS,
  CertificateError,
  factsOf,
  fingerprint,
  isIssuedBy,
  issue,
  makeAuthority,
  makeRequest,
  NODE_CERTIFICATE_LIFE_MS,
  requestAgain,
  requestKeyDigest,
  soleCertificate,
} from "../../src/pki/certificates.ts";
import { systemRandom } from "../../src/platform/random.ts";

const NOW_MS = Date.UTC(2026, 10, 29);

describe("a cluster's certificate authority", () => {
  test("signs what OpenSSL's verification accepts: name, times, uses", async () => {
    const authority = await makeAuthority(NOW_MS, systemRandom);
    const { key, request } = await makeRequest();
    const certificate = await issue(authority, request, "n_1", NOW_MS, systemRandom);
    // The runtime's own parser, which is not the library that wrote it.
    const [ca, node] = [new X509Certificate(authority.certificate), new X509Certificate(certificate)];
    expect(node.subjectAltName).toBe("DNS:n_1");
    expect(node.verify(ca.publicKey)).toBe(true);
    expect(node.checkIssued(ca)).toBe(true);
    expect(node.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect([ca.ca, node.ca]).toEqual([true, false]);
    expect(factsOf(certificate)).toEqual({
      notBeforeMs: NOW_MS - BACKDATE_MS,
      notAfterMs: NOW_MS + NODE_CERTIFICATE_LIFE_MS,
      name: "n_1",
    });
    expect(await fingerprint(authority.certificate)).toBe(
      ca.fingerprint256.replaceAll(":", "").toLowerCase(),
    );
    expect(await isIssuedBy(certificate, authority.certificate)).toBe(true);
    const other = await makeAuthority(NOW_MS, systemRandom);
    expect(await isIssuedBy(certificate, other.certificate)).toBe(false);
  });

  test("a certificate ends no later than its CA", async () => {
    const authority = await makeAuthority(NOW_MS, systemRandom);
    const end = factsOf(authority.certificate).notAfterMs;
    const { request } = await makeRequest();
    const late = await issue(authority, request, "n1", end - 1_000, systemRandom);
    expect(factsOf(late).notAfterMs).toBe(end);
  });

  test("a request can be made again from its key, and is refused when it is damaged or not signed by its key", async () => {
    const authority = await makeAuthority(NOW_MS, systemRandom);
    const { key, request } = await makeRequest();
    expect(await requestKeyDigest(await requestAgain(key))).toBe(await requestKeyDigest(request));
    const lines = request.split("\n");
    const der = Buffer.from(lines.slice(1, -2).join(""), "base64");
    der[der.length - 3] = (der[der.length - 3] ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    for (const bad of ["", "nonsense", forged, "x".repeat(5_000), request.replace("REQUEST", "THING")]) {
      await expect(issue(authority, bad, "n1", NOW_MS, systemRandom)).rejects.toBeInstanceOf(
        CertificateError,
      );
    }
    await expect(requestAgain("nonsense")).rejects.toBeInstanceOf(CertificateError);
    expect(() => factsOf("nonsense")).toThrow(CertificateError);
  });

  test("a text with a second certificate is refused: the second would be trusted, and only the first is compared", async () => {
    const [mine, evil] = [
      await makeAuthority(NOW_MS, systemRandom),
      await makeAuthority(NOW_MS, systemRandom),
    ];
    expect(soleCertificate(`# a comment\n${mine.certificate}`)).toBe(mine.certificate);
    for (const bad of [mine.certificate + evil.certificate, "", mine.certificate.slice(0, 200)]) {
      expect(() => soleCertificate(bad)).toThrow(CertificateError);
    }
  });
});
