/** Removes the port: "[::1]:80" becomes "::1", and "host:80" becomes "host". */
export function hostOf(address: string): string {
  const host = address.slice(0, Math.max(0, address.lastIndexOf(":")));
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
