/** Two ends of a connection, which remember what happened to them. */
import type {
  Connection,
  ConnectionHandlers,
  Network,
  NetworkListener,
  PeerCertificate,
} from "../../../src/platform/network.ts";

export interface End {
  connection: Connection | undefined;
  peer: PeerCertificate | undefined;
  readonly received: Uint8Array[];
  bytes: number;
  drains: number;
  readonly opened: Promise<void>;
  readonly closed: Promise<string>;
  readonly handlers: ConnectionHandlers;
  until(bytes: number): Promise<void>;
}

export function end(): End {
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<string>();
  const waiting: { bytes: number; done: () => void }[] = [];
  const self: End = {
    connection: undefined,
    peer: undefined,
    received: [],
    bytes: 0,
    drains: 0,
    opened: opened.promise,
    closed: closed.promise,
    handlers: {
      onOpen: (peer) => {
        self.peer = peer;
        opened.resolve();
      },
      onData: (bytes) => {
        self.received.push(new Uint8Array(bytes));
        self.bytes += bytes.byteLength;
        for (const each of waiting) if (self.bytes >= each.bytes) each.done();
      },
      onDrain: () => void self.drains++,
      onClose: (reason) => closed.resolve(reason),
    },
    until: (bytes) =>
      new Promise((done) => {
        if (self.bytes >= bytes) done();
        else waiting.push({ bytes, done });
      }),
  };
  return self;
}

interface Pair {
  readonly listener: NetworkListener;
  readonly server: End;
  readonly client: End;
  readonly accepted: Promise<void>;
}

export async function pair(serving: Network, dialling: Network, host = "127.0.0.1"): Promise<Pair> {
  const server = end();
  const client = end();
  const accepted = Promise.withResolvers<void>();
  const listener = await serving.listen({ host, port: 0 }, (connection, peer) => {
    server.connection = connection;
    server.peer = peer;
    accepted.resolve();
    return server.handlers;
  });
  client.connection = dialling.connect({ host, port: listener.address.port }, client.handlers);
  return { listener, server, client, accepted: accepted.promise };
}
