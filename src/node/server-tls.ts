/** Certificates of a listener: read at the start, at a reload, and when their files have changed. */
import { type Config, ConfigError } from "../config/config.ts";
import { readTlsPairs, type TlsPair, type TlsPairFiles, tlsPairsOf } from "../config/server-tls.ts";
import { Certificates, type ServerCertificate } from "../http/tls-certificates.ts";
import type { Logger } from "../monitoring/log.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { Timers } from "../platform/timers.ts";

/** Interval of the looks at the files. They are small, and reading them tells more than their times. */
const LOOK_MS = 10_000;

export interface ServerTlsOptions {
  readonly listener: "s3" | "admin";
  readonly files: readonly TlsPairFiles[];
  /** Directory of systemd (LoadCredential=). */
  readonly credentialsDirectory: string | undefined;
  readonly timers: Pick<Timers, "every">;
  readonly metrics: ThreadMetrics;
  readonly log: Pick<Logger, "info" | "warn">;
}

type Pairs = readonly [TlsPair, ...TlsPair[]];

export class ServerTls {
  readonly certificates: Certificates;
  readonly #options: ServerTlsOptions;
  #used: string;
  /** Last problem that was told, so that it is told once. */
  #problem = "";
  readonly #stopLooking: () => void;

  /** undefined without certificate files. @throws ConfigError naming the file that is wrong */
  static of(
    config: Config,
    listener: "s3" | "admin",
    parts: Pick<ServerTlsOptions, "timers" | "metrics" | "log">,
  ): ServerTls | undefined {
    const files = tlsPairsOf(config, listener);
    const credentialsDirectory = process.env["CREDENTIALS_DIRECTORY"];
    return files.length === 0
      ? undefined
      : new ServerTls({ ...parts, files, listener, credentialsDirectory });
  }

  constructor(options: ServerTlsOptions) {
    this.#options = options;
    const pairs = this.#read();
    this.certificates = accepted(() => new Certificates(pairs.map(servable) as Servable), pairs);
    this.#used = contentOf(pairs);
    this.#measure(pairs);
    this.#stopLooking = options.timers.every(() => this.reload(), LOOK_MS);
  }

  /**
   * Uses the files as they are now for new connections; connections that are open keep their certificate. Files that
   * do not go together (one of two was replaced yet) change nothing.
   */
  reload(): void {
    const { listener, log, metrics } = this.#options;
    try {
      const pairs = this.#read();
      const content = contentOf(pairs);
      this.#problem = "";
      if (content === this.#used) return;
      accepted(() => this.certificates.replace(pairs.map(servable) as Servable), pairs);
      this.#used = content;
      this.#measure(pairs);
      metrics.counter("tlsReloads").labels({ listener, outcome: "used" }).inc();
      const notAfter = new Date(Math.min(...pairs.map(({ notAfterMs }) => notAfterMs))).toISOString();
      log.info("certificates reloaded", { listener, files: pairs.map(({ certFile }) => certFile), notAfter });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (error.message === this.#problem) return;
      this.#problem = error.message;
      metrics.counter("tlsReloads").labels({ listener, outcome: "refused" }).inc();
      log.warn("certificate files cannot be used, the old certificate stays", {
        listener,
        problem: error.message,
      });
    }
  }

  stop(): void {
    this.#stopLooking();
  }

  #read(): Pairs {
    const { files, credentialsDirectory } = this.#options;
    return readTlsPairs(files, credentialsDirectory) as unknown as Pairs;
  }

  #measure(pairs: Pairs): void {
    const { listener, metrics } = this.#options;
    const end = Math.min(...pairs.map(({ notAfterMs }) => notAfterMs));
    metrics
      .gauge("tlsCertificateEnd")
      .labels({ listener })
      .set(Math.floor(end / 1000));
  }
}

type Servable = [ServerCertificate, ...ServerCertificate[]];

function servable({ cert, key, names }: TlsPair): ServerCertificate {
  return { cert, key, names };
}

function contentOf(pairs: Pairs): string {
  return JSON.stringify(pairs.map(({ cert, key }) => [cert, key]));
}

/** @throws ConfigError for a certificate that the TLS library refuses (a weak key, a broken chain) */
function accepted<T>(make: () => T, pairs: Pairs): T {
  try {
    return make();
  } catch (error) {
    const files = pairs.map(({ certFile }) => certFile).join(", ");
    throw new ConfigError(
      `${files}: TLS refuses it: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
