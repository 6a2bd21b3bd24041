/**
 * A load generator on raw sockets, run as a process of its own so that its cost is not the server's:
 *
 *   bun bench/lib/load-generator.ts '<LoadPlan as JSON>'      prints a LoadReport as JSON
 *
 * One request in flight per connection, kept alive. `runLoad` spawns it and returns the report.
 */
import type { Socket } from "bun";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadPlan, LoadReport, RequestFactory, WireRequest } from "./load-plan.ts";
import { ResponseParser } from "./response-parser.ts";

/** Runs a plan in a child process. @throws Error with the child's output when it fails. */
export async function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const child = Bun.spawn([process.execPath, import.meta.path, JSON.stringify(plan)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`load generator failed: ${output}`);
  return JSON.parse(output) as LoadReport;
}

class Run {
  readonly plan: LoadPlan;
  readonly latency = new LatencyHistogram();
  readonly statuses = new Map<number, number>();
  requests = 0;
  started = 0;
  bytesSent = 0;
  bytesReceived = 0;
  errors = 0;
  firstError: string | undefined;
  counting = false;
  stopping = false;
  startedAt = 0;

  constructor(plan: LoadPlan) {
    this.plan = plan;
  }

  fail(message: string): void {
    this.errors++;
    this.firstError ??= message;
  }

  report(endedAt: number): LoadReport {
    const seconds = (endedAt - this.startedAt) / 1000;
    return {
      requests: this.requests,
      seconds,
      requestsPerSecond: this.requests / seconds,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
      megabytesPerSecond: (this.bytesSent + this.bytesReceived) / seconds / 1e6,
      statuses: Object.fromEntries(this.statuses),
      errors: this.errors,
      firstError: this.firstError,
      latencyMs: {
        p50: this.latency.quantile(0.5),
        p90: this.latency.quantile(0.9),
        p99: this.latency.quantile(0.99),
        max: this.latency.max,
      },
    };
  }
}

/** One connection: send, wait for the answer, again. `done` resolves when it stops. */
class Connection {
  readonly #run: Run;
  readonly #next: () => WireRequest | undefined;
  readonly #parser = new ResponseParser();
  readonly done: Promise<void>;
  #resolve: () => void = () => {};
  #socket: Socket | undefined;
  #request: WireRequest | undefined;
  /** Pieces of the body still to be sent whole, and bytes of the current piece already sent. */
  #piecesLeft = 0;
  #piece: Uint8Array | undefined;
  #sent = 0;
  #sentAt = 0;
  #seenBodyBytes = 0;

  constructor(run: Run, next: () => WireRequest | undefined) {
    this.#run = run;
    this.#next = next;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  async open(): Promise<void> {
    const { host, port } = this.#run.plan;
    await Bun.connect({
      hostname: host,
      port,
      socket: {
        binaryType: "uint8array",
        open: (socket) => {
          this.#socket = socket;
          socket.setNoDelay(true);
          this.#send();
        },
        data: (_socket, data) => this.#received(data),
        drain: () => this.#pump(),
        close: () => this.#closed(),
        error: (_socket, error) => this.#run.fail(String(error)),
      },
    }).catch((error: unknown) => {
      this.#run.fail(String(error));
      this.#resolve();
    });
  }

  #send(): void {
    const run = this.#run;
    const exhausted = run.plan.count !== undefined && run.started >= run.plan.count;
    const request = run.stopping || exhausted ? undefined : this.#next();
    this.#request = request;
    if (request === undefined) {
      this.#socket?.end();
      this.#resolve();
      return;
    }
    run.started++;
    this.#piece = request.head;
    this.#piecesLeft = request.body === undefined ? 0 : (request.repeat ?? 1);
    this.#sent = 0;
    this.#sentAt = performance.now();
    this.#pump();
  }

  #pump(): void {
    const socket = this.#socket;
    while (socket !== undefined && this.#piece !== undefined) {
      const piece = this.#piece;
      const n = socket.write(piece, this.#sent, piece.length - this.#sent);
      if (n <= 0) return;
      if (this.#run.counting) this.#run.bytesSent += n;
      this.#sent += n;
      if (this.#sent < piece.length) return;
      this.#sent = 0;
      this.#piece = this.#piecesLeft > 0 ? this.#nextPiece() : undefined;
      this.#piecesLeft--;
    }
  }

  /** The kernel has the piece before as a whole. */
  #nextPiece(): Uint8Array | undefined {
    const { body, fresh } = this.#request ?? {};
    if (body !== undefined && fresh === true) crypto.getRandomValues(body.subarray(0, 16));
    return body;
  }

  #received(data: Uint8Array): void {
    let ended: boolean;
    try {
      ended = this.#parser.feed(data, this.#request?.isHead === true);
    } catch (error) {
      this.#run.fail(String(error));
      this.#socket?.terminate();
      return;
    }
    const run = this.#run;
    if (run.counting) run.bytesReceived += this.#parser.bodyBytes - this.#seenBodyBytes;
    this.#seenBodyBytes = this.#parser.bodyBytes;
    if (!ended) return;
    if (run.counting) {
      run.requests++;
      run.latency.record(performance.now() - this.#sentAt);
      run.statuses.set(this.#parser.status, (run.statuses.get(this.#parser.status) ?? 0) + 1);
    }
    if (this.#parser.closes) this.#socket?.end();
    else this.#send();
  }

  #closed(): void {
    if (this.#request !== undefined && !this.#run.stopping) {
      this.#run.fail(`connection closed (last status ${this.#parser.status})`);
    }
    this.#resolve();
  }
}

async function requestFactory(plan: LoadPlan): Promise<RequestFactory> {
  if (plan.requestModule !== undefined) {
    const module = (await import(plan.requestModule)) as { default: RequestFactory };
    return module.default;
  }
  if (plan.requestFile === undefined) throw new Error("a plan needs requestFile or requestModule");
  const head = new Uint8Array(await Bun.file(plan.requestFile).arrayBuffer());
  const isHead = Buffer.from(head.subarray(0, 5)).toString("latin1") === "HEAD ";
  return () => () => ({ head, isHead });
}

async function main(plan: LoadPlan): Promise<void> {
  if ((plan.durationMs === undefined) === (plan.count === undefined)) {
    throw new Error("a plan needs exactly one of durationMs and count");
  }
  const factory = await requestFactory(plan);
  const run = new Run(plan);
  const connections = Array.from(
    { length: plan.connections },
    (_, i) => new Connection(run, factory(i, plan)),
  );
  const begin = (): void => {
    run.counting = true;
    run.startedAt = performance.now();
  };
  const warmupMs = plan.warmupMs ?? 0;
  if (warmupMs === 0) begin();
  await Promise.all(connections.map((connection) => connection.open()));
  if (warmupMs > 0) {
    await Bun.sleep(warmupMs);
    begin();
  }
  const all = Promise.all(connections.map((connection) => connection.done));
  if (plan.durationMs !== undefined) await Promise.race([all, Bun.sleep(plan.durationMs)]);
  else await all;
  const endedAt = performance.now();
  run.stopping = true;
  run.counting = false;
  process.stdout.write(`${JSON.stringify(run.report(endedAt))}\n`, () => process.exit(0));
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "{}") as LoadPlan);
