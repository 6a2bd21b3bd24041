import { connect } from "node:net";

/**
 * Tells whether a process accepts connections at this unix socket; otherwise returns the system's code (ENOENT,
 * ECONNREFUSED ...).
 */
export function unixSocketState(path: string): Promise<"listening" | (string & {})> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve("listening");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
