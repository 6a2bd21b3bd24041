/**
 * Open connections, and the choice of a connection to close. A connection with a request in progress is never
 * chosen. A chosen connection is idle, or its next head is not complete, so its client only has to connect again.
 */
import type { Socket } from "node:net";
import { Connection } from "./connection.ts";
import type { EdgeMetrics } from "./metrics.ts";

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Connections of one address that have no request in progress. */
  readonly maxIdlePerAddress: number;
}

/** Told when connections begin and end to wait for a request. */
interface Idleness {
  enter(connection: Connection): void;
  leave(connection: Connection): void;
}

export class ConnectionTable {
  readonly #limits: ConnectionLimits;
  readonly #metrics: EdgeMetrics;
  readonly #nowMs: () => number;
  readonly #idleness: Idleness | undefined;
  readonly #bySocket = new WeakMap<Socket, Connection>();
  /** Connections without a request in progress, longest idle first. */
  readonly #idle = new Set<Connection>();
  /** Idle connections of each address group, longest idle first. */
  readonly #idleOfGroup = new Map<string, Set<Connection>>();
  #size = 0;

  constructor(limits: ConnectionLimits, metrics: EdgeMetrics, nowMs: () => number, idleness?: Idleness) {
    this.#limits = limits;
    this.#metrics = metrics;
    this.#nowMs = nowMs;
    this.#idleness = idleness;
  }

  get size(): number {
    return this.#size;
  }

  /** The connection of a socket; undefined when the connection was refused. */
  of(socket: Socket): Connection | undefined {
    return this.#bySocket.get(socket);
  }

  /**
   * Accepts a new connection, and closes the oldest idle one when there is no space. Undefined: refused and
   * destroyed.
   */
  accept(socket: Socket): Connection | undefined {
    const connection = new Connection(socket, socket.remoteAddress ?? "");
    const { group } = connection;
    const ofGroup = this.#idleOfGroup.get(group);
    if (ofGroup !== undefined && ofGroup.size >= this.#limits.maxIdlePerAddress) {
      this.#evict(oldestOf(ofGroup), "address");
    }
    if (this.#size >= this.#limits.maxConnections && !this.#evict(oldestOf(this.#idle), "full")) {
      this.#metrics.connectionRefused();
      socket.destroy();
      return undefined;
    }
    this.#bySocket.set(socket, connection);
    this.#size++;
    this.#metrics.connectionOpened();
    this.#enterIdle(connection);
    return connection;
  }

  /** The handshake of a connection is complete: requests come on this socket from now on. */
  secure(connection: Connection, socket: Socket): void {
    connection.socket = socket;
    this.#bySocket.set(socket, connection);
  }

  /** A request begins. */
  begin(connection: Connection): void {
    connection.inProgress++;
    this.#leaveIdle(connection);
  }

  /** The request has ended, and no other request of the connection waits. */
  rest(connection: Connection): void {
    connection.inProgress--;
    connection.served = true;
    if (connection.open && connection.inProgress === 0) this.#enterIdle(connection);
  }

  /** The connection has ended, or ends now. Idempotent. */
  forget(connection: Connection): void {
    if (!connection.open) return;
    connection.open = false;
    this.#leaveIdle(connection);
    this.#size--;
    this.#metrics.connectionClosed();
  }

  /** Up to `count` connections without a request in progress since `idleMs`, longest idle first. */
  idleFor(idleMs: number, count: number): Connection[] {
    const untilMs = this.#nowMs() - idleMs;
    const found: Connection[] = [];
    for (const connection of this.#idle) {
      if (connection.idleSinceMs > untilMs || found.length === count) break;
      if (!connection.closing) found.push(connection);
    }
    return found;
  }

  /**
   * Closes up to `count` idle connections, oldest first. Called when descriptors have run out. Returns the number.
   */
  shed(count: number): number {
    let shed = 0;
    while (shed < count && this.#evict(oldestOf(this.#idle), "descriptors")) shed++;
    return shed;
  }

  /** Closes every connection that has no request in progress. */
  closeIdle(): void {
    for (const connection of this.#idle) connection.socket.destroy();
  }

  #evict(connection: Connection | undefined, reason: "full" | "address" | "descriptors"): boolean {
    if (connection === undefined) return false;
    this.#metrics.connectionEvicted(reason);
    this.forget(connection);
    connection.socket.destroy();
    return true;
  }

  #enterIdle(connection: Connection): void {
    this.#idle.add(connection);
    connection.idleSinceMs = this.#nowMs();
    this.#idleness?.enter(connection);
    const { group } = connection;
    const ofGroup = this.#idleOfGroup.get(group);
    if (ofGroup === undefined) this.#idleOfGroup.set(group, new Set([connection]));
    else ofGroup.add(connection);
  }

  #leaveIdle(connection: Connection): void {
    if (!this.#idle.delete(connection)) return;
    this.#idleness?.leave(connection);
    const { group } = connection;
    const ofGroup = this.#idleOfGroup.get(group);
    ofGroup?.delete(connection);
    if (ofGroup?.size === 0) this.#idleOfGroup.delete(group);
  }
}

function oldestOf(connections: ReadonlySet<Connection>): Connection | undefined {
  return connections.values().next().value;
}
