/**
 * How a thread runs as a Worker. Main posts one `init` (settings and ports); the Worker answers `started` or `failed`;
 * afterwards its own ports carry everything, and only a `fatal` comes this way.
 */
import { codesOf } from "../platform/exit-codes.ts";
import { type WorkerName, workerUrl } from "./worker-entrypoints.ts";

type WorkerReport =
  | { readonly kind: "started"; readonly detail: unknown }
  /** Could not start; `message` is one line for the operator. */
  | { readonly kind: "failed"; readonly codes: readonly string[]; readonly message: string }
  /** Cannot go on: the process must end. */
  | { readonly kind: "fatal"; readonly codes: readonly string[]; readonly message: string };

/** Ends the process. @param cause whose codes say whether a new start may help (src/platform/exit-codes.ts). */
export type Fatal = (message: string, cause?: unknown) => void;

/** Codes as in `codesOf`. */
export type OnDeath = (message: string, codes: readonly string[]) => void;

/** In the Worker: receives `init` once and reports how it went. @param start gives a detail for main. */
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
  /** As in `codesOf`; empty: nobody foresaw it. */
  readonly codes: readonly string[];
  constructor(codes: readonly string[], message: string) {
    super(message);
    this.name = "ThreadStartError";
    this.codes = codes;
  }
}

/**
 * In main: starts a thread and waits until it reports. From then on a thread that dies, for whatever reason, calls
 * `onDeath` once: a node with a thread missing must not go on half alive.
 * @throws ThreadStartError with the codes and message of what went wrong in the Worker.
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
