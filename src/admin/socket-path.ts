import { lstatSync, unlinkSync } from "node:fs";
import { socketPathProblem } from "../config/admin-socket.ts";
import { EXIT } from "../platform/exit-codes.ts";
import { unixSocketState } from "../platform/network/unix-socket.ts";
import { lasting, StartError } from "../platform/start-error.ts";

/**
 * Prepares the path of a socket. A killed process leaves its socket file; the file is removed when no process
 * listens on it. The caller holds the lock of the data directory, so no other process of this node runs between the
 * removal and `listen`.
 * @throws StartError naming the path and the problem; nothing was removed then.
 */
export async function prepareSocketPath(path: string): Promise<void> {
  const where = `admin socket ${path}`;
  const tooLong = socketPathProblem(path);
  if (tooLong !== undefined) throw new StartError(`${where}: ${tooLong}`, { exitCode: EXIT.USAGE });
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw lasting(`${where}: a file is there that is no socket (--admin-socket chooses another path)`);
  }
  const state = await unixSocketState(path);
  if (state === "listening") {
    throw new StartError(`${where} is in use by another process (--admin-socket chooses another path)`);
  }
  if (state !== "ECONNREFUSED") throw new StartError(`${where}: whether it is in use is not known: ${state}`);
  unlinkSync(path);
}
