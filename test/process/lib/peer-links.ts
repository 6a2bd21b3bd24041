/**
 * The network between the nodes of a test: a TCP proxy at the address that each node advertises. Every connection is known by the
 * node that dialled it, so each direction between each two nodes can be cut, slowed down or reset on its own.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

const LOOPBACK = "127.0.0.1";

export interface LinkedNode {
  readonly name: string;
  /** Where others dial it: the proxy listens here. */
  readonly advertisedPort: number;
  /** Where it listens. */
  readonly listenPort: number;
  /** Of the process that runs now; undefined: none does. */
  readonly pid: () => number | undefined;
}

/** What happens to bytes that travel one way. Cut bytes are not lost but late: TCP would send them again. */
interface Direction {
  cut: boolean;
  delayMs: number;
}

export class PeerLinks {
  readonly #nodes = new Map<string, LinkedNode>();
  readonly #servers: Server[] = [];
  readonly #directions = new Map<string, Direction>();
  readonly #links = new Set<Link>();

  /** Begins to listen for a node. @throws Error when the port is taken. */
  async add(node: LinkedNode): Promise<void> {
    this.#nodes.set(node.name, node);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket, node),
    );
    this.#servers.push(server);
    await new Promise<void>((done, failed) => {
      server.once("error", failed);
      server.listen(node.advertisedPort, LOOPBACK, done);
    });
  }

  /** Nothing travels from one to the other any more; the way back stays. */
  cut(from: string, to: string): void {
    this.#change(from, to, { cut: true });
  }

  /** Nothing travels between these nodes and all others, either way. */
  isolate(...names: readonly string[]): void {
    for (const inside of names) {
      for (const outside of this.#nodes.keys()) {
        if (names.includes(outside)) continue;
        this.cut(inside, outside);
        this.cut(outside, inside);
      }
    }
  }

  /** Each piece arrives so much later, in order. */
  delay(from: string, to: string, delayMs: number): void {
    this.#change(from, to, { delayMs });
  }

  /** Ends every connection between the two, wherever it is in a frame. */
  reset(one: string, other: string): void {
    for (const link of this.#links) if (link.joins(one, other)) link.destroy();
  }

  /** Everything travels again; what was held back arrives first. */
  heal(): void {
    for (const direction of this.#directions.values()) Object.assign(direction, { cut: false, delayMs: 0 });
    for (const link of this.#links) link.update();
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const link of this.#links) link.destroy();
  }

  #change(from: string, to: string, change: Partial<Direction>): void {
    for (const name of [from, to]) if (!this.#nodes.has(name)) throw new Error(`no node ${name}`);
    Object.assign(this.#direction(from, to), change);
    for (const link of this.#links) link.update();
  }

  #direction(from: string, to: string): Direction {
    const name = `${from}>${to}`;
    const known = this.#directions.get(name);
    if (known !== undefined) return known;
    const direction: Direction = { cut: false, delayMs: 0 };
    this.#directions.set(name, direction);
    return direction;
  }

  #accept(socket: Socket, to: LinkedNode): void {
    const dialler = this.#whoDialled(socket);
    // It died between dialling and now, or is none of ours.
    if (dialler === undefined) return void socket.destroy();
    const link: Link = new Link(
      dialler,
      to.name,
      socket,
      () => connect({ host: LOOPBACK, port: to.listenPort, allowHalfOpen: true, noDelay: true }),
      this.#direction(dialler, to.name),
      this.#direction(to.name, dialler),
      () => this.#links.delete(link),
    );
    this.#links.add(link);
    link.update();
  }

  /** The node whose process owns the other end: the kernel's table has its inode, /proc/PID/fd who holds it. */
  #whoDialled(socket: Socket): string | undefined {
    const inode = inodeOf(socket.remotePort ?? 0, socket.localPort ?? 0);
    if (inode === undefined) return undefined;
    for (const { name, pid } of this.#nodes.values()) {
      const id = pid();
      if (id !== undefined && holds(id, inode)) return name;
    }
    return undefined;
  }
}

function inodeOf(localPort: number, remotePort: number): string | undefined {
  const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readFileSync(table, "utf8").split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(hex(localPort)) && fields[2]?.endsWith(hex(remotePort))) return fields[9];
    }
  }
  return undefined;
}

function holds(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
      } catch {
        return false; // closed in between
      }
    });
  } catch {
    return false; // ended in between
  }
}

/** One connection through the proxy. It is dialled on only once the way there is open. */
class Link {
  readonly #dialler: string;
  readonly #listener: string;
  readonly #near: Socket;
  readonly #dial: () => Socket;
  readonly #there: Direction;
  readonly #pipes: Pipe[];
  readonly #onEnd: () => void;
  #far: Socket | undefined;
  #ended = false;

  constructor(
    dialler: string,
    listener: string,
    near: Socket,
    dial: () => Socket,
    there: Direction,
    back: Direction,
    onEnd: () => void,
  ) {
    this.#dialler = dialler;
    this.#listener = listener;
    this.#near = near;
    this.#dial = dial;
    this.#there = there;
    this.#onEnd = onEnd;
    this.#pipes = [new Pipe(there, () => this.#far), new Pipe(back, () => this.#near)];
    this.#follow(near, 0);
  }

  joins(one: string, other: string): boolean {
    return [one, other].includes(this.#dialler) && [one, other].includes(this.#listener);
  }

  update(): void {
    if (this.#ended) return;
    if (this.#far === undefined && !this.#there.cut) {
      this.#far = this.#dial();
      this.#follow(this.#far, 1);
    }
    for (const pipe of this.#pipes) pipe.flush();
  }

  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#near.destroy();
    this.#far?.destroy();
    this.#onEnd();
  }

  #follow(socket: Socket, way: 0 | 1): void {
    socket.on("data", (bytes: Buffer) => this.#pipes[way]?.push(bytes));
    // An end is news like any other: it does not pass a cut.
    socket.on("end", () => this.#pipes[way]?.push(undefined));
    socket.on("error", () => this.destroy());
    socket.on("close", () => {
      this.#pipes[way]?.push(undefined);
      if (this.#pipes.every((pipe) => pipe.isDone)) this.destroy();
    });
  }
}

/** Bytes in one direction of one connection. undefined in the queue: the end. */
class Pipe {
  readonly #direction: Direction;
  readonly #target: () => Socket | undefined;
  readonly #queue: { readonly bytes: Uint8Array | undefined; readonly dueMs: number }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(direction: Direction, target: () => Socket | undefined) {
    this.#direction = direction;
    this.#target = target;
  }

  get isDone(): boolean {
    return this.#ended && this.#queue.length === 0;
  }

  push(bytes: Uint8Array | undefined): void {
    if (this.#ended) return;
    this.#ended = bytes === undefined;
    this.#queue.push({
      bytes: bytes === undefined ? undefined : Uint8Array.from(bytes),
      dueMs: performance.now() + this.#direction.delayMs,
    });
    this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    const target = this.#target();
    if (target === undefined || this.#direction.cut) return;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const left = next.dueMs - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.flush(), left);
        return;
      }
      this.#queue.shift();
      if (next.bytes === undefined) target.end();
      else target.write(next.bytes);
    }
  }
}
