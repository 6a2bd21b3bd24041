/**
 * How a room runs as a Worker. Main posts one `init` (settings and ports); the Worker answers `started` or `failed`;
 * afterwards its own ports carry everything, and only a `fatal` comes this way.
 */
import { type WorkerName, workerUrl } from "./worker-entrypoints.ts";

export type WorkerReport =
  | { readonly kind: "started"; readonly detail: unknown }
  /** Could not start; `message` is one line for the operator. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  /** Cannot go on: the process must end. */
  | { readonly kind: "fatal"; readonly message: string };

/** In the Worker: receives `init` once and reports how it went. @param start gives a detail for main. */
export function hostRoom<Init>(start: (init: Init, fatal: (message: string) => void) => unknown): void {
  const self = globalThis as unknown as {
    onmessage: ((event: MessageEvent) => void) | null;
    postMessage(message: WorkerReport): void;
  };
  const fatal = (message: string): void => self.postMessage({ kind: "fatal", message });
  self.onmessage = async (event: MessageEvent) => {
    self.onmessage = null;
    try {
      const detail = await start(event.data as Init, fatal);
      self.postMessage({ kind: "started", detail });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "INTERNAL";
      const message = error instanceof Error ? error.message : String(error);
      self.postMessage({ kind: "failed", code, message });
    }
  };
}

export class RoomStartError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "RoomStartError";
    this.code = code;
  }
}

/**
 * In main: starts a room and waits until it reports. From then on a room that dies, for whatever reason, calls
 * `onDeath` once: a node with a room missing must not go on half alive.
 * @throws RoomStartError with the code and message of what went wrong in the Worker.
 */
export function spawnRoom(
  name: WorkerName,
  init: unknown,
  transfer: readonly MessagePort[],
  onDeath: (message: string) => void,
): Promise<unknown> {
  const worker = new Worker(workerUrl(name));
  return new Promise((resolve, reject) => {
    let started = false;
    const died = (reason: string): void => {
      const message = `room ${name}: ${reason}`;
      if (started) onDeath(message);
      else reject(new RoomStartError("INTERNAL", message));
    };
    worker.onmessage = (event: MessageEvent) => {
      const report = event.data as WorkerReport;
      switch (report.kind) {
        case "started":
          started = true;
          resolve(report.detail);
          break;
        case "failed":
          reject(new RoomStartError(report.code, report.message));
          break;
        case "fatal":
          died(report.message);
          break;
      }
    };
    worker.onerror = (event) => died(`uncaught ${event.message}`);
    worker.addEventListener("close", () => died("its thread ended"));
    worker.postMessage(init, [...transfer]);
  });
}
