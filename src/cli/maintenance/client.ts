/** Client of the admin API's work on all objects. A request that may succeed later is repeated. */
import { type Answer, AnswerError, checkAnswer, type Schema } from "../../api/answers.ts";
import { type AdminEndpoint, endpointOf } from "../admin/endpoint.ts";
import type { AdminTarget } from "../cluster-arguments.ts";
import { ClusterError, type Fetch, reason } from "../cluster-client.ts";

export interface MaintenanceClientOptions {
  readonly admin: AdminTarget;
  readonly fetch: Fetch;
  readonly clock: { monotonicMs(): number };
  sleep(ms: number): Promise<void>;
  /** A request that can be repeated is given up after this time. */
  readonly patienceMs: number;
  /** Called before each pause, with the reason. */
  readonly waiting: (reason: string) => void;
}

/** One request; a step of verify reads up to 64 MiB on every member. */
const REQUEST_MS = 120_000;
const PAUSE_MS = 1_000;
/** Refusals and failures after which the same request may succeed. */
const PASSING = ["UNAVAILABLE", "GATE_CLOSED", "UNREACHABLE", "TIMEOUT"];

export class MaintenanceClient {
  readonly #options: MaintenanceClientOptions;
  readonly #endpoint: AdminEndpoint;

  constructor(options: MaintenanceClientOptions) {
    const { admin } = options;
    this.#options = options;
    this.#endpoint = endpointOf(admin);
  }

  /** @throws ClusterError */
  async json<S extends Schema>(
    schema: S,
    method: "GET" | "POST",
    path: string,
    body?: unknown,
  ): Promise<Answer<S>> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return this.#checked(schema, path, await this.#patiently(method, path, text));
  }

  /** @returns the bytes of the answer. @throws ClusterError */
  bytes(path: string, body: unknown): Promise<Uint8Array> {
    return this.#patiently("POST", path, JSON.stringify(body));
  }

  /** Sends bytes. @throws ClusterError */
  async sendFor<S extends Schema>(schema: S, path: string, body: Uint8Array): Promise<Answer<S>> {
    return this.#checked(schema, path, await this.#patiently("POST", path, body));
  }

  #checked<S extends Schema>(schema: S, path: string, bytes: Uint8Array): Answer<S> {
    try {
      return checkAnswer(schema, JSON.parse(Buffer.from(bytes).toString("utf8")));
    } catch (error) {
      if (!(error instanceof AnswerError || error instanceof SyntaxError)) throw error;
      throw new ClusterError(
        "BAD_ANSWER",
        `${this.#endpoint.where} answered ${path} with something else (${error.message})`,
      );
    }
  }

  async #patiently(method: string, path: string, body: string | Uint8Array | undefined): Promise<Uint8Array> {
    const { clock, sleep, patienceMs, waiting } = this.#options;
    const endsAtMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      try {
        return await this.#once(method, path, body);
      } catch (error) {
        if (!(error instanceof ClusterError) || !PASSING.includes(error.code)) throw error;
        if (clock.monotonicMs() + PAUSE_MS > endsAtMs) throw error;
        waiting(error.message);
      }
      await sleep(PAUSE_MS);
    }
  }

  async #once(method: string, path: string, body: string | Uint8Array | undefined): Promise<Uint8Array> {
    const type = typeof body === "string" ? "application/json" : "application/octet-stream";
    let response: Response;
    let bytes: Uint8Array;
    try {
      response = await this.#options.fetch(`${this.#endpoint.base}${path}`, {
        method,
        signal: AbortSignal.timeout(REQUEST_MS),
        redirect: "error",
        ...this.#endpoint.options,
        headers: { ...this.#endpoint.headers, ...(body === undefined ? {} : { "Content-Type": type }) },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : body.slice() }),
      });
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      const timedOut = error instanceof Error && error.name === "TimeoutError";
      throw timedOut
        ? new ClusterError("TIMEOUT", `${this.#endpoint.where}: no answer in time`)
        : new ClusterError(
            "UNREACHABLE",
            `${this.#endpoint.where}: ${reason(error)} (--admin-address names another node's)`,
          );
    }
    if (response.ok) return bytes;
    throw this.#refusal(response.status, Buffer.from(bytes).toString("utf8"));
  }

  #refusal(status: number, text: string): ClusterError {
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      answer = undefined;
    }
    const { code, message, error } = (answer ?? {}) as Record<string, unknown>;
    if (typeof code === "string" && typeof message === "string") {
      return new ClusterError(code, `${code}: ${message}`);
    }
    if (status === 404) {
      return new ClusterError(
        "BAD_ANSWER",
        `${this.#endpoint.where}: the node's release does not know this request`,
      );
    }
    return new ClusterError(
      "BAD_ANSWER",
      `${this.#endpoint.where} answered ${status}: ${String(error ?? "")}`,
    );
  }
}
