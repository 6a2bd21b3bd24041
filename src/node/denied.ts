/** Advice when the system refuses access to a file. */
import { resolve } from "node:path";

/** The variable that systemd sets for every process of a unit (systemd.exec(5)). */
const UNDER_SYSTEMD = "INVOCATION_ID";

/**
 * Advice about a data directory, appended to the system's reason; empty when the code says enough. The systemd unit
 * makes everything but its state directory read-only (ProtectSystem=strict) and hides /home (ProtectHome=yes).
 */
export function adviceOn(
  code: unknown,
  dataDir: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const path = resolve(dataDir);
  if (code !== "EROFS" && code !== "EACCES" && code !== "EPERM") return "";
  const inUnit = (environment[UNDER_SYSTEMD] ?? "") !== "";
  if (inUnit) {
    return (
      `; the unit lets it write below /var/lib/elastickv only: "systemctl edit elastickv", there "[Service]" and ` +
      `"ReadWritePaths=${path}"${path.startsWith("/home/") || path.startsWith("/root") ? ' and "ProtectHome=no"' : ""}, and ` +
      `"install -d -m 700 -o elastickv -g elastickv ${path}" (docs/operations/install.md)`
    );
  }
  if (code === "EROFS")
    return "; its file system is mounted read-only: see mount(8) and dmesg, or name another with --data-dir";
  return "; it must belong to the user that this process runs as, and its parent must let that user in";
}
