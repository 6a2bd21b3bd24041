/** Renewal of this node's certificate, by this node alone: every member has the CA's private key. */
import type { Logger } from "../../monitoring/log.ts";
import { CertificateError, factsOf, isIssuedBy, issue, makeRequest } from "../../pki/certificates.ts";
import { readPeerCertificate, writePeerCertificate } from "../../pki/peer-files.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { NodeKey } from "../../secrets/node-key.ts";
import { sealedAuthority } from "./authority.ts";

/** Part of a certificate's life after which it is renewed: the rest is the time to notice that it was not. */
const RENEWED_AFTER = 2 / 3;

export interface RenewalOptions {
  readonly dataDir: string;
  readonly key: NodeKey;
  /** Name of this node. */
  readonly name: string;
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Makes a new key and certificate when two thirds of the old certificate's life have passed, or its life has not begun, and
 * replaces the file in one step. A certificate that the CA in the data directory has not signed (the operator put it there) is left alone.
 * @returns true when the file has changed
 * @throws ConfigError | StartError naming a file that cannot be read or written
 */
export async function renewIfDue(options: RenewalOptions): Promise<boolean> {
  const { dataDir, key, name, clock, random, log } = options;
  const certificate = readPeerCertificate(dataDir);
  const facts = factsOf(certificate);
  const nowMs = clock.nowMs();
  const due = facts.notBeforeMs + (facts.notAfterMs - facts.notBeforeMs) * RENEWED_AFTER;
  // A certificate from the future was made while this host's clock was ahead: no other host takes it.
  if (nowMs >= facts.notBeforeMs && nowMs < due) return false;
  const notAfter = new Date(facts.notAfterMs).toISOString();
  const authority = sealedAuthority(dataDir, key);
  if (authority === undefined) {
    log.warn("this node's certificate is due and cannot be renewed yet: the CA's key is not here", {
      notAfter,
    });
    return false;
  }
  if (!(await isIssuedBy(certificate, authority.certificate))) {
    log.warn("this node's certificate is due, and another CA than the cluster's has signed it", { notAfter });
    return false;
  }
  const { key: newKey, request } = await makeRequest();
  let renewed: string;
  try {
    renewed = await issue(authority, request, name, nowMs, random);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    log.error("this node's certificate cannot be renewed", { notAfter, reason: error.message });
    return false;
  }
  writePeerCertificate(dataDir, renewed, newKey);
  log.info("this node's certificate was renewed", {
    before: notAfter,
    notAfter: new Date(factsOf(renewed).notAfterMs).toISOString(),
  });
  return true;
}
