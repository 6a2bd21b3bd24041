/** Clients (load.py: boto3 with its default retries) that reach the hosts through haproxy, in the operator's namespace. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../support/run.ts";
import { eventually, must, RUN } from "./host.ts";
import { ACCESS_KEY, type Lab, SECRET_KEY } from "./lab.ts";

const PORT = 8000;

export interface LoadResult {
  readonly operations: number;
  /** Requests that boto3 sent again. */
  readonly retries: number;
  /** The longest time in seconds that one operation took, with its retries. */
  readonly longest: number;
  readonly errors: readonly string[];
  readonly seconds: number;
}

export class Load {
  readonly #begin = performance.now();
  readonly #stop = join(RUN(), `stop-${crypto.randomUUID()}`);
  readonly #proxy: Bun.Subprocess;
  readonly #clients: Promise<string>;

  private constructor(proxy: Bun.Subprocess) {
    this.#proxy = proxy;
    this.#clients = must(
      ["/usr/bin/python3", join(import.meta.dir, "load.py"), `http://127.0.0.1:${PORT}`, "hosts", this.#stop],
      { env: { PATH: process.env["PATH"] ?? "", HOME: RUN(), ACCESS_KEY, SECRET_KEY } },
    );
    // A failure is told by stop().
    this.#clients.catch(() => {});
  }

  /** As docs/operations/monitoring.md and docs/operations/update.md describe a balancer. */
  static async start(lab: Lab): Promise<Load> {
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
    const file = join(RUN(), "haproxy.cfg");
    writeFileSync(file, settings.join("\n"));
    const proxy = Bun.spawn(["haproxy", "-db", "-f", file], { stdout: "ignore", stderr: "ignore" });
    await eventually("haproxy to reach a host", async () =>
      (await run(["curl", "-sf", `http://127.0.0.1:${PORT}/-/ready`])).code === 0 ? true : undefined,
    );
    return new Load(proxy);
  }

  async stop(): Promise<LoadResult> {
    writeFileSync(this.#stop, "");
    const result = JSON.parse(await this.#clients) as Omit<LoadResult, "seconds">;
    this.#proxy.kill();
    await this.#proxy.exited;
    return { ...result, seconds: (performance.now() - this.#begin) / 1000 };
  }
}
