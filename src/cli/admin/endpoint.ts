/** How the command line reaches the admin API of a node: socket or address, TLS, token. */
import { clientUrl, formatAddress } from "../../config/address.ts";
import type { AdminTarget } from "../cluster-arguments.ts";
import { authorization } from "./credential.ts";

export interface FetchOptions {
  /** Over this socket instead of the URL's host. */
  readonly unix?: string;
  /** PEM of the authorities to trust, instead of the system's. */
  readonly tls?: { readonly ca: string };
}

export interface AdminEndpoint {
  /** Origin of all URLs. */
  readonly base: string;
  /** For messages. */
  readonly where: string;
  /** For every request. */
  readonly options: FetchOptions;
  readonly headers: Readonly<Record<string, string>>;
}

export function endpointOf(admin: AdminTarget): AdminEndpoint {
  if (admin.kind === "socket") {
    const where = `admin socket ${admin.path}`;
    return { base: "http://localhost", where, options: { unix: admin.path }, headers: {} };
  }
  const { address, token, https, ca } = admin;
  const plain = clientUrl(address);
  return {
    base: https === true ? plain.replace(/^http:/, "https:") : plain,
    where: `admin address ${formatAddress(address)}`,
    options: ca === undefined ? {} : { tls: { ca } },
    headers: authorization(token),
  };
}
