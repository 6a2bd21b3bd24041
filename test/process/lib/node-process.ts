/** A real elastickv process on loopback: start, wait until ready, kill, stop, and what it printed. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Credentials } from "./sigv4.ts";

export const CREDENTIALS: Credentials = {
  accessKey: "TESTROOTACCESSKEY",
  secretKey: "testRootSecretKey0123456789",
};

/** Of every cluster here. */
export const CLUSTER_SECRET = `${"7e57c0de".repeat(7)}0123456a`;

export const LOOPBACK = "127.0.0.1";
const REPOSITORY = resolve(import.meta.dir, "../../..");
const READY_TIMEOUT_MS = 60_000;
const EXIT_TIMEOUT_MS = 60_000;
const ADMIN_TIMEOUT_MS = 60_000;
const POLL_MS = 5;
/** Below Linux's default range for outgoing connections (32768 - 60999). */
const FIRST_PORT = 15_000;
const PORTS = 15_000;
const PORT_ATTEMPTS = 1000;

/** The command under test: ELASTICKV_TEST_BINARY (may hold arguments), else the compiled binary.
 *  @throws Error when it is not there. */
export function serverCommand(): string[] {
  const given = process.env["ELASTICKV_TEST_BINARY"];
  if (given !== undefined && given !== "") return given.split(" ");
  const binary = join(REPOSITORY, "dist/elastickv");
  if (!existsSync(binary)) throw new Error(`${binary} is not there: run "make build" first`);
  return [binary];
}

export interface NodeOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** More arguments after those of the test. */
  readonly args?: readonly string[];
  /** Where it serves; default: loopback. */
  readonly host?: string;
  readonly s3Port?: number;
  readonly adminPort?: number;
  /** Put before the command: `setpriv ...`, `nsenter ...`. */
  readonly wrapper?: readonly string[];
  /** Default: `serverCommand()`. */
  readonly command?: readonly string[];
}

const running = new Set<NodeProcess>();
const directories = new Set<string>();

/** Ends every node that still runs and removes the temporary directories. */
export function cleanUp(): void {
  for (const node of running) node.signal("SIGKILL");
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  directories.clear();
}

process.on("exit", cleanUp);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

/** A fresh directory, removed when the test process ends. */
export function temporaryDirectory(name: string): string {
  const directory = mkdtempSync(join(process.env["ELASTICKV_TEST_TMP"] ?? tmpdir(), `elastickv-${name}-`));
  directories.add(directory);
  return directory;
}

/** Ports that nothing listens on. Not of the range from which connections get theirs: such a port may be taken before the node binds it. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count; attempt++) {
    if (attempt > count + PORT_ATTEMPTS) throw new Error(`no ${count} free ports`);
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer().once("error", () => done(false));
    server.listen(port, LOOPBACK, () => server.close(() => done(true)));
  });
}

export class NodeProcess {
  readonly host: string;
  readonly s3Port: number;
  readonly adminPort: number;
  readonly adminSocket: string;
  readonly spawnedAtMs: number;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #stderr = "";
  #stdout = "";
  readonly #drained: Promise<unknown>;

  private constructor(options: NodeOptions, s3Port: number, adminPort: number) {
    this.host = options.host ?? LOOPBACK;
    this.s3Port = s3Port;
    this.adminPort = adminPort;
    this.adminSocket = join(options.dataDir, "admin.sock");
    this.spawnedAtMs = performance.now();
    this.#child = Bun.spawn(
      [
        ...(options.wrapper ?? []),
        ...(options.command ?? serverCommand()),
        "serve",
        "--data-dir",
        options.dataDir,
        "--s3-address",
        `${this.host}:${s3Port}`,
        "--admin-address",
        `${this.host}:${adminPort}`,
        ...(options.args ?? []),
      ],
      {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        env: {
          PATH: process.env["PATH"],
          HOME: process.env["HOME"],
          ELASTICKV_ROOT_ACCESS_KEY: CREDENTIALS.accessKey,
          ELASTICKV_ROOT_SECRET_KEY: CREDENTIALS.secretKey,
          ...options.env,
        },
      },
    );
    running.add(this);
    this.#drained = Promise.all([
      collect(this.#child.stderr, (text) => {
        this.#stderr += text;
      }),
      collect(this.#child.stdout, (text) => {
        this.#stdout += text;
      }),
      this.#child.exited.then(() => running.delete(this)),
    ]);
  }

  /** Spawns without waiting for anything. */
  static async spawn(options: NodeOptions): Promise<NodeProcess> {
    const { s3Port, adminPort } = options;
    // Looking for a port binds it for a moment, which another test may be about to do: only where none is given.
    const free = await freePorts([s3Port, adminPort].filter((port) => port === undefined).length);
    return new NodeProcess(options, s3Port ?? free.pop() ?? 0, adminPort ?? free.pop() ?? 0);
  }

  /** Spawns and waits until /readyz says yes. @throws Error with what it printed when it does not. */
  static async start(options: NodeOptions): Promise<NodeProcess> {
    const node = await NodeProcess.spawn(options);
    await node.ready();
    return node;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get exited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get endpoint(): string {
    return `http://${this.host}:${this.s3Port}`;
  }

  /** Waits for readiness; returns the milliseconds since the spawn. */
  async ready(timeoutMs = READY_TIMEOUT_MS): Promise<number> {
    const url = `http://${this.host}:${this.adminPort}/readyz`;
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      if (this.exited)
        throw new Error(`ended with ${await this.exitCode()} before it was ready: ${this.#stderr}`);
      const answer = await fetch(url, { keepalive: false }).catch(() => undefined);
      const status = answer?.status;
      await answer?.arrayBuffer();
      if (status === 200) return performance.now() - this.spawnedAtMs;
      await Bun.sleep(POLL_MS);
    }
    throw new Error(`not ready after ${timeoutMs} ms: ${this.#stderr}`);
  }

  /** Asks the admin socket, which needs no login. */
  async admin(
    path: string,
    timeoutMs = ADMIN_TIMEOUT_MS,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`http://localhost${path}`, {
      unix: this.adminSocket,
      keepalive: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: answer.status, text: await answer.text() };
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGKILL, and wait until it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exitCode();
  }

  /** SIGTERM, and wait; the exit code. */
  async stop(): Promise<number> {
    this.signal("SIGTERM");
    return this.exitCode();
  }

  /** Waits for the end and for all output; the code, or 128 + signal number as a shell says it. */
  async exitCode(timeoutMs = EXIT_TIMEOUT_MS): Promise<number> {
    const late = Symbol("late");
    const code = await Promise.race([this.#child.exited, Bun.sleep(timeoutMs).then(() => late)]);
    if (code === late) {
      this.signal("SIGKILL");
      throw new Error(`still running after ${timeoutMs} ms: ${this.#stderr}`);
    }
    await this.#drained;
    return Number(code);
  }
}

async function collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const piece of stream) add(decoder.decode(piece, { stream: true }));
}
