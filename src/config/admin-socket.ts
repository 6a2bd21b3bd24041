/** Path of a node's admin socket: the node makes the socket, and `elastickv cluster` connects to it. */
import { join } from "node:path";
import type { Environment } from "./load.ts";

const FILE_NAME = "admin.sock";
/** Socket of the unit in systemd/ (RuntimeDirectory=elastickv). */
export const SERVICE_SOCKET = `/run/elastickv/${FILE_NAME}`;
/** Limit of a socket path in bytes. `sun_path` has 108 on Linux, with the NUL at its end (unix(7)). @internal */
export const SOCKET_PATH_MAX = 107;

export interface AdminSocketPlace {
  readonly path: string;
  /**
   * The operator asked for this path: without the socket the node does not start. False: the node continues without
   * it.
   */
  readonly required: boolean;
}

/**
 * The path: `--admin-socket`, or the runtime directory that systemd made for this process, or the data directory. A
 * child of a service (a CI runner, a shell) inherits the variable; `SYSTEMD_EXEC_PID` identifies the service's own
 * process (systemd.exec(5)).
 */
export function adminSocketPlace(
  config: { readonly adminSocket: string | undefined; readonly dataDir: string },
  environment: Environment,
  pid: number,
): AdminSocketPlace {
  if (config.adminSocket !== undefined) return { path: config.adminSocket, required: true };
  const { RUNTIME_DIRECTORY: runtime, SYSTEMD_EXEC_PID: execPid } = environment;
  const ours = execPid === undefined || execPid === String(pid);
  // Colons separate several directories.
  const directory = ours ? runtime?.split(":", 1)[0] : undefined;
  return { path: socketIn(directory || config.dataDir), required: false };
}

export function socketIn(directory: string): string {
  return join(directory, FILE_NAME);
}

/** @returns the error about the length, or undefined. */
export function socketPathProblem(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_MAX) return undefined;
  return `the path of a unix socket has at most ${SOCKET_PATH_MAX} bytes (108 with the NUL at its end, unix(7)), this one has ${bytes}: choose a shorter one, for instance --admin-socket ${SERVICE_SOCKET}`;
}
