/**
 * Runs a thread as a Worker. Main posts one `init` (settings and ports), and the Worker answers with `started` or
 * `failed`. Later messages use the Worker's own ports; only `fatal` uses this channel.
 */
import { codesOf } from "../platform/exit-codes.ts";
import { type WorkerName, workerUrl } from "./worker-entrypoints.ts";

type WorkerReport =
  | { readonly kind: "started"; readonly detail: unknown }
  /** The Worker could not start; `message` is one line for the operator. */
  | { readonly kind: "failed"; readonly codes: readonly string[]; readonly message: string }
  /** The Worker cannot continue: the process must end. */
  | { readonly kind: "fatal"; readonly codes: readonly string[]; readonly message: string };

/**
 * Ends the process. @param cause the error whose codes decide whether a restart may help
 * (src/platform/exit-codes.ts)
 */
export type Fatal = (message: string, cause?: unknown) => void;

/** Called when a thread ends. @param codes as in `codesOf` */
export type OnDeath = (message: string, codes: readonly string[]) => void;

/** In the Worker: receives `init` once and reports the result of the start. @param start returns a detail for main */
export function hostThread<Init>(start: (init: Init, fatal: Fatal) => unknown): void {
  const self = globalThis as unknown as {
    onmessage: ((event: MessageEvent) => void) | null;
    postMessage(message: WorkerReport): void;
  };
  const fatal: Fatal = (message, cause) =>
    self.postMessage({ kind: "fatal", codes: codesOf(cause), message });
  self.onmessage = async (event: MessageEvent) => {
    self.onmessage = null;
    try {
      const detail = await start(event.data as Init, fatal);
      self.postMessage({ kind: "started", detail });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      self.postMessage({ kind: "failed", codes: codesOf(error), message });
    }
  };
}

export class ThreadStartError extends Error {
  /** Codes as in `codesOf`; empty for an unexpected error. */
  readonly codes: readonly string[];
  constructor(codes: readonly string[], message: string) {
    super(message);
    this.name = "ThreadStartError";
    this.codes = codes;
  }
}

/**
 * In main: starts a thread and waits for its report. A thread that ends later, for any reason, calls `onDeath` once:
 * a node must not continue without one of its threads.
 * @throws ThreadStartError with the codes and the message of the error in the Worker
 */
export function spawnThread(
  name: WorkerName,
  init: unknown,
  transfer: readonly MessagePort[],
  onDeath: OnDeath,
): Promise<unknown> {
  const worker = new Worker(workerUrl(name));
  return new Promise((resolve, reject) => {
    let started = false;
    const died = (reason: string, codes: readonly string[] = []): void => {
      const message = `thread ${name}: ${reason}`;
      if (started) onDeath(message, codes);
      else reject(new ThreadStartError(codes, message));
    };
    worker.onmessage = (event: MessageEvent) => {
      const report = event.data as WorkerReport;
      switch (report.kind) {
        case "started":
          started = true;
          resolve(report.detail);
          break;
        case "failed":
          reject(new ThreadStartError(report.codes, report.message));
          break;
        case "fatal":
          died(report.message, report.codes);
          break;
      }
    };
    worker.onerror = (event) => died(`uncaught ${event.message}`);
    worker.addEventListener("close", () => died("its thread ended"));
    worker.postMessage(init, [...transfer]);
  });
}
