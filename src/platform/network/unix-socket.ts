import { connect } from "node:net";

/** Whether somebody accepts connections at this unix socket; else why not: the system's code (ENOENT, ECONNREFUSED ...). */
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
