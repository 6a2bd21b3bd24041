import { connect } from "node:net";

interface Ends {
  readonly host?: string;
  /** The client's own address. */
  readonly localAddress?: string;
}

/** At a port, or at the path of a unix socket: sends exactly this text and waits until the server closes the connection: what it answered. */
export function raw(
  where: number | string,
  text: string,
  { host = "127.0.0.1", localAddress }: Ends = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const from = localAddress === undefined ? {} : { localAddress };
    const to = typeof where === "string" ? { path: where } : { port: where, host, ...from };
    const socket = connect(to, () => socket.write(text));
    socket.on("data", (data) => {
      answer += String(data);
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}
