/**
 * Clients that reach the hosts through haproxy, in the operator's namespace: boto3, the AWS SDK for JavaScript and rclone, each with its
 * default retries. Each is a program below load/ with the arguments ENDPOINT BUCKET STOP_FILE LARGE_BYTES FOLDER, and the keys in ACCESS_KEY and
 * SECRET_KEY. It prints "ready", works until STOP_FILE exists, and prints a ClientResult. LARGE_BYTES above 0: it has an object of that size in
 * flight most of the time.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../support/run.ts";
import { eventually, RUN } from "./host.ts";
import { ACCESS_KEY, type Lab, SECRET_KEY } from "./lab.ts";

const PORT = 8000;
/** The large objects are made before the load begins. */
const PREPARE_LIMIT_MS = 180_000;

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  boto3: ["/usr/bin/python3", "boto3-client.py"],
  "AWS SDK for JavaScript": ["node", "aws-sdk-client.mjs"],
  rclone: [process.execPath, "rclone-client.ts"],
};

/** Begin and end of a transfer, in seconds since 1970. */
type Span = readonly [number, number];

interface ClientResult {
  readonly operations: number;
  /** Requests that the client sent again by itself. */
  readonly retries: number;
  /** The longest time in seconds that an operation took with its retries; of a large transfer, the longest time without a byte. */
  readonly longest: number;
  /** Large objects that were written and read. */
  readonly uploads: readonly Span[];
  readonly downloads: readonly Span[];
  /** What the program that uses the client would have seen. */
  readonly errors: readonly string[];
}

export interface LoadResult {
  readonly clients: Readonly<Record<string, ClientResult>>;
  readonly operations: number;
  readonly errors: readonly string[];
  readonly seconds: number;
}

interface Client {
  readonly name: string;
  readonly process: Bun.Subprocess;
  readonly said: string;
}

export class Load {
  #begin = 0;
  readonly #stop: string;
  readonly #proxy: Bun.Subprocess;
  readonly #clients: readonly Client[];

  private constructor(proxy: Bun.Subprocess, folder: string, largeBytes: number) {
    this.#proxy = proxy;
    this.#stop = join(folder, "stop");
    this.#clients = Object.entries(PROGRAMS).map(([name, [program = "", file = ""]]) => {
      const said = join(folder, `${file}.output`);
      const words = [`http://127.0.0.1:${PORT}`, "hosts", this.#stop, String(largeBytes), folder];
      const process_ = Bun.spawn([program, join(import.meta.dir, "load", file), ...words], {
        env: { PATH: process.env["PATH"] ?? "", HOME: RUN(), ACCESS_KEY, SECRET_KEY },
        stdin: "ignore",
        stdout: Bun.file(said),
        stderr: Bun.file(`${said}.errors`),
      });
      return { name, process: process_, said };
    });
  }

  /** As docs/operations/monitoring.md and docs/operations/update.md describe a balancer. @returns when every client works. */
  static async start(lab: Lab, largeBytes = 0): Promise<Load> {
    const settings = [
      "defaults",
      "  mode http",
      "  timeout connect 2s",
      "  timeout client 60s",
      "  timeout server 60s",
      "  retries 3",
      "  option redispatch 1",
      "listen s3",
      `  bind 127.0.0.1:${PORT}`,
      "  balance roundrobin",
      "  option httpchk GET /-/ready",
      ...lab.hosts.map(
        ({ name, address }) => `  server ${name} ${address}:9000 check inter 500ms fall 1 rise 2`,
      ),
      "",
    ];
    const folder = join(RUN(), `load-${crypto.randomUUID()}`);
    mkdirSync(folder);
    const file = join(folder, "haproxy.cfg");
    writeFileSync(file, settings.join("\n"));
    const proxy = Bun.spawn(["haproxy", "-db", "-f", file], { stdout: "ignore", stderr: "ignore" });
    await eventually("haproxy to reach a host", async () =>
      (await run(["curl", "-sf", `http://127.0.0.1:${PORT}/-/ready`])).code === 0 ? true : undefined,
    );
    const load = new Load(proxy, folder, largeBytes);
    await load.#ready();
    return load;
  }

  async #ready(): Promise<void> {
    for (const { name, process: client, said } of this.#clients) {
      await eventually(
        `${name} to begin`,
        async () => {
          if (client.exitCode !== null) throw new Error(ended(name, client.exitCode, said));
          return readFileSync(said, "utf8").startsWith("ready\n") ? true : undefined;
        },
        PREPARE_LIMIT_MS,
      );
    }
    this.#begin = performance.now();
  }

  async stop(): Promise<LoadResult> {
    writeFileSync(this.#stop, "");
    const seconds = (performance.now() - this.#begin) / 1000;
    const clients: Record<string, ClientResult> = {};
    for (const { name, process: client, said } of this.#clients) {
      const code = await client.exited;
      if (code !== 0) throw new Error(ended(name, code, said));
      const text = readFileSync(said, "utf8");
      clients[name] = JSON.parse(text.slice(text.indexOf("\n"))) as ClientResult;
    }
    this.#proxy.kill();
    await this.#proxy.exited;
    const results = Object.values(clients);
    return {
      clients,
      operations: results.reduce((sum, { operations }) => sum + operations, 0),
      errors: Object.entries(clients).flatMap(([name, { errors }]) =>
        errors.map((text) => `${name}: ${text}`),
      ),
      seconds,
    };
  }
}

function ended(name: string, code: number, said: string): string {
  return `${name} ended with ${code}: ${readFileSync(`${said}.errors`, "utf8").trim()}`;
}

/** One line a client, and one for all. */
export function loadReport(what: string, { clients, operations, errors, seconds }: LoadResult): string {
  const lines = Object.entries(clients).map(
    ([name, { operations, retries, longest, uploads, downloads, errors }]) =>
      `  ${name}: ${operations} operations, ${errors.length} errors, ${retries} requests retried, longest pause ${longest.toFixed(2)} s, ${uploads.length} large uploads, ${downloads.length} large downloads`,
  );
  return [
    `${what}: ${operations} operations, ${errors.length} errors, ${seconds.toFixed(0)} s in total`,
    ...lines,
  ].join("\n");
}
