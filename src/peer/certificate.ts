/** Who a peer's certificate speaks for. */
import { hostOf } from "../platform/network/host-of.ts";
import type { PeerCertificate } from "../platform/network.ts";
import type { HandshakeResult, Hello } from "./types.ts";

/**
 * The certificate must name the node, or the host of the node's address as this node knows it: the address in the hello
 * proves nothing.
 * @param address `host:port`; undefined: not known
 */
export function certify(
  { name }: Pick<Hello, "name">,
  certificate: PeerCertificate | undefined,
  address: string | undefined,
): HandshakeResult {
  if (certificate === undefined) return refuse(`${name} has shown no certificate`);
  const names = new Set(certificate.names.map((one) => one.toLowerCase()));
  if (names.has(name.toLowerCase())) return { ok: true };
  if (address !== undefined && names.has(hostOf(address).toLowerCase())) return { ok: true };
  return refuse(
    `the certificate of ${name} (${certificate.subject}) names ${certificate.names.join(", ") || "nobody"}`,
  );
}

function refuse(message: string): HandshakeResult {
  return { ok: false, code: "CERTIFICATE", message };
}
