/** A cluster in memory with its admin API, and the command line in front of it. */
import { createAdminApp } from "../../../src/admin/app.ts";
import type { Maintenance } from "../../../src/admin/types.ts";
import { runCli } from "../../../src/cli/run.ts";
import { Migrator } from "../../../src/maintenance/migrator.ts";
import { MaintenanceService } from "../../../src/maintenance/service.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { systemTimers } from "../../../src/platform/timers.ts";
import { LogSource } from "../../../src/s3/content/log/source.ts";
import { clusterStatus } from "../../admin/status.ts";
import { fakeTokens } from "../../admin/tokens.ts";
import { BlobHarness } from "../../s3/support/blob-harness.ts";
import { TestKv } from "../../s3/support/test-kv.ts";
import { Members } from "./blobs.ts";

export class Site {
  readonly paths: BlobHarness;
  readonly kv: TestKv;
  readonly members = new Members(1);
  readonly service: MaintenanceService;
  readonly migrator: Migrator;
  readonly errors: unknown[] = [];
  /** Calls of the store thread. */
  readonly kept: boolean[] = [];
  versionsOpen = true;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** Sees each request before it is answered; may throw, as a connection that is lost. */
  before: ((path: string) => Promise<void> | void) | undefined;
  /** The same after the answer, which is then lost. */
  after: ((path: string) => Promise<void> | void) | undefined;
  /** Runs in each pause of the command line. */
  onSleep: (() => Promise<void>) | undefined;
  nowMs = 0;
  readonly #app: { handle(request: Request): Promise<Response> };

  constructor() {
    this.paths = new BlobHarness({ kv: new TestKv() });
    this.kv = this.paths.kv;
    this.migrator = new Migrator({
      kv: this.kv,
      chunks: new LogSource(this.kv),
      open: (target) =>
        this.paths.h.deps.content.sinkFor(1 << 30).open(target, "fixed-length", () => undefined),
      clock: this.paths.h.clock,
      timers: systemTimers,
      active: () => true,
      gateOpen: () => this.paths.blobs.open,
    });
    this.service = new MaintenanceService({
      kv: this.kv,
      copies: this.members,
      holders: () => this.members.roster,
      blobs: this.paths.blobs,
      clock: this.paths.h.clock,
      timers: systemTimers,
      random: systemRandom,
      clusterId: () => "the-cluster",
      migrator: this.migrator,
      keepVersions: (keep) => this.kept.push(keep),
      pinMs: 15 * 60_000,
      versionsOpen: () => this.versionsOpen,
    });
    const maintenance: Maintenance = this.service;
    this.#app = createAdminApp(
      {
        readiness: () => ({ ready: true }),
        metrics: async () => "",
        cluster: async () => clusterStatus(),
        changeCluster: async () => ({ kind: "done", changed: true, configurationIndex: 1 }),
        version: { version: "1", commit: "c", bun: "b" },
        tokens: fakeTokens(),
        maintenance: () => maintenance,
      },
      (error) => this.errors.push(error),
    );
  }

  call(method: string, target: string, body?: string | Uint8Array, headers: Record<string, string> = {}) {
    return this.paths.h.call(method, target, { headers, ...(body === undefined ? {} : { body }) });
  }

  /** Of the command line. */
  environment: Record<string, string> = {};

  /** What was written to standard error, as on a terminal. */
  readonly screen: string[] = [];

  /** Runs the command line against this site. */
  async run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCli({
      words,
      environment: this.environment,
      formats: {},
      verify: () => {},
      print: (text) => out.push(text),
      readInput: () => new Uint8Array(),
      complain: (line) => err.push(line),
      serve: async () => 99,
      listens: async () => true,
      clock: { monotonicMs: () => this.nowMs },
      screen: { isTerminal: true, write: (text) => this.screen.push(text) },
      sleep: async (ms) => {
        this.nowMs += ms;
        await this.onSleep?.();
      },
      fetch: async (url, init) => {
        const path = new URL(url).pathname;
        this.asked.push(path);
        await this.before?.(path);
        const { signal: _, ...request } = init;
        const response = await this.#app.handle(
          new Request(`http://admin.localhost${path}${new URL(url).search}`, request),
        );
        await this.after?.(path);
        return response;
      },
    });
    return { code, out: out.join(""), err: err.join("") };
  }
}
