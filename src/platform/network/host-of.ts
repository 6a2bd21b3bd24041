/** "[::1]:80" -> "::1", "host:80" -> "host". */
export function hostOf(address: string): string {
  const host = address.slice(0, Math.max(0, address.lastIndexOf(":")));
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
