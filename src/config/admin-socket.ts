/** Where a node's admin socket lies: the node makes it there, and `elastickv cluster` looks there. */
import { join } from "node:path";
import type { Environment } from "./load.ts";

const FILE_NAME = "admin.sock";
/** Of the unit in systemd/ (RuntimeDirectory=elastickv). */
export const SERVICE_SOCKET = `/run/elastickv/${FILE_NAME}`;
/** Bytes. `sun_path` has 108 on Linux, the NUL at its end included (unix(7)). @internal */
export const SOCKET_PATH_MAX = 107;

export interface AdminSocketPlace {
  readonly path: string;
  /** Somebody asked for this path: without it the node does not start. Else it goes on without a socket. */
  readonly required: boolean;
}

/**
 * `--admin-socket`, else in the runtime directory that systemd made for this very process, else in the data directory.
 * A child of a service inherits the variable (a CI runner, a shell): `SYSTEMD_EXEC_PID` tells it from the service's process
 * (systemd.exec(5)).
 */
export function adminSocketPlace(
  config: { readonly adminSocket: string | undefined; readonly dataDir: string },
  environment: Environment,
  pid: number,
): AdminSocketPlace {
  if (config.adminSocket !== undefined) return { path: config.adminSocket, required: true };
  const { RUNTIME_DIRECTORY: runtime, SYSTEMD_EXEC_PID: execPid } = environment;
  const ours = execPid === undefined || execPid === String(pid);
  // Several directories are separated by colons.
  const directory = ours ? runtime?.split(":", 1)[0] : undefined;
  return { path: socketIn(directory || config.dataDir), required: false };
}

export function socketIn(directory: string): string {
  return join(directory, FILE_NAME);
}

/** @returns what is wrong with the length, or undefined. */
export function socketPathProblem(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_MAX) return undefined;
  return `the path of a unix socket has at most ${SOCKET_PATH_MAX} bytes (108 with the NUL at its end, unix(7)), this one has ${bytes}: choose a shorter one, for instance --admin-socket ${SERVICE_SOCKET}`;
}
