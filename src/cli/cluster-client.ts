/** Client of the admin API's cluster part. */

import {
  type CreatedToken,
  type CreateToken,
  createdTokenSchema,
  revokedSchema,
  type TokenList,
  tokenListSchema,
} from "../api/admin-tokens.ts";
import { type Answer, AnswerError, checkAnswer, type Schema } from "../api/answers.ts";
import { type JoinTokenAnswer, type JoinTokenRequest, joinTokenSchema } from "../api/join.ts";
import { type ChangeDone, type ClusterStatus, clusterSchema, doneSchema } from "../api/schemas.ts";
import { type AdminEndpoint, endpointOf, type FetchOptions } from "./admin/endpoint.ts";
import type { AdminTarget } from "./cluster-arguments.ts";

/** A request was refused, or not answered. The message is one line for the operator. */
export class ClusterError extends Error {
  /** ClusterRefusalCode of the answer; UNREACHABLE or BAD_ANSWER without an answer. */
  readonly code: string;
  readonly exitCode = 1;
  constructor(code: string, message: string) {
    super(message);
    this.name = "ClusterError";
    this.code = code;
  }
}

/** Sends a request. */
export type Fetch = (url: string, init: RequestInit & FetchOptions) => Promise<Response>;

export class ClusterClient {
  readonly #endpoint: AdminEndpoint;
  readonly #fetch: Fetch;

  constructor(admin: AdminTarget, fetch: Fetch) {
    this.#endpoint = endpointOf(admin);
    this.#fetch = fetch;
  }

  /** @returns the checked status, and the raw answer for --json. @throws ClusterError */
  async status(timeoutMs: number): Promise<{ readonly status: ClusterStatus; readonly raw: unknown }> {
    const raw = await this.#ask("GET", "/v1/cluster", undefined, timeoutMs);
    const status = this.#checked(
      clusterSchema,
      raw,
      "did not answer like the admin address of an elastickv node",
    );
    return { status, raw };
  }

  /** @throws ClusterError */
  async request<S extends Schema>(
    schema: S,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body: unknown,
    timeoutMs: number,
  ): Promise<Answer<S>> {
    const answer = await this.#ask(method, path, body, timeoutMs);
    return this.#checked(schema, answer, `answered ${path} with something else than it is answered with`);
  }

  addLearner(body: { name: string; address: string }, guard: number, timeoutMs: number): Promise<ChangeDone> {
    return this.#change("POST", "/learners", { ...body, configurationIndex: guard }, timeoutMs);
  }

  promote(name: string, guard: number, timeoutMs: number): Promise<ChangeDone> {
    return this.#change("POST", `/members/${name}/promote`, { configurationIndex: guard }, timeoutMs);
  }

  remove(name: string, guard: number, timeoutMs: number): Promise<ChangeDone> {
    return this.#change("DELETE", `/members/${name}?configurationIndex=${guard}`, undefined, timeoutMs);
  }

  replace(body: { remove: string; promote: string }, guard: number, timeoutMs: number): Promise<ChangeDone> {
    return this.#change("POST", "/replace", { ...body, configurationIndex: guard }, timeoutMs);
  }

  transferLeader(to: string | null, guard: number, timeoutMs: number): Promise<ChangeDone> {
    const body = { ...(to === null ? {} : { to }), configurationIndex: guard };
    return this.#change("POST", "/transfer-leader", body, timeoutMs);
  }

  /** @throws ClusterError */
  async joinToken(request: JoinTokenRequest, timeoutMs: number): Promise<JoinTokenAnswer> {
    const answer = await this.#ask("POST", "/v1/cluster/join-tokens", request, timeoutMs);
    return this.#checked(joinTokenSchema, answer, "answered something else than a join token");
  }

  async createToken(body: CreateToken, timeoutMs: number): Promise<CreatedToken> {
    const answer = await this.#ask("POST", "/v1/admin/tokens", body, timeoutMs);
    return this.#checked(createdTokenSchema, answer, "answered something else than a new token");
  }

  async listTokens(timeoutMs: number): Promise<TokenList> {
    const answer = await this.#ask("GET", "/v1/admin/tokens", undefined, timeoutMs);
    return this.#checked(tokenListSchema, answer, "answered something else than a list of tokens");
  }

  async revokeToken(id: string, timeoutMs: number): Promise<void> {
    const answer = await this.#ask("DELETE", `/v1/admin/tokens/${id}`, undefined, timeoutMs);
    this.#checked(revokedSchema, answer, "answered something else than a revocation");
  }

  async #change(method: string, path: string, body: unknown, timeoutMs: number): Promise<ChangeDone> {
    const answer = await this.#ask(method, `/v1/cluster${path}`, body, timeoutMs);
    return this.#checked(doneSchema, answer, "answered something else than what a change is answered with");
  }

  #checked<S extends Schema>(schema: S, answer: unknown, problem: string): Answer<S> {
    try {
      return checkAnswer(schema, answer);
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      throw new ClusterError(error.code, `${this.#endpoint.where} ${problem} (${error.message})`);
    }
  }

  async #ask(method: string, path: string, body: unknown, timeoutMs: number): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(`${this.#endpoint.base}${path}`, {
        method,
        signal: AbortSignal.timeout(Math.max(1, timeoutMs)),
        redirect: "error",
        ...this.#endpoint.options,
        headers: {
          ...this.#endpoint.headers,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      const timedOut = error instanceof Error && error.name === "TimeoutError";
      // The change may have been made, or may still be made.
      const doubt =
        method === "GET"
          ? ""
          : "; whether it happened is not known: see elastickv cluster status, or elastickv admin token list";
      throw timedOut
        ? new ClusterError("TIMEOUT", `${this.#endpoint.where}: no answer in time (--timeout)${doubt}`)
        : new ClusterError(
            "UNREACHABLE",
            `${this.#endpoint.where}: ${reason(error)} (--admin-address names another node's)${doubt}`,
          );
    }
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      throw new ClusterError(
        "BAD_ANSWER",
        `${this.#endpoint.where} answered ${response.status} with something that is not JSON`,
      );
    }
    if (response.ok) return answer;
    const { code, message, error } = (answer ?? {}) as Record<string, unknown>;
    throw new ClusterError(
      typeof code === "string" ? code : "BAD_ANSWER",
      typeof message === "string" && typeof code === "string"
        ? `${code}: ${message}`
        : `${this.#endpoint.where} answered ${response.status}: ${typeof error === "string" ? error : text.slice(0, 200)}`,
    );
  }
}

/** The system's error code when there is one: the runtime's text is for browsers. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
