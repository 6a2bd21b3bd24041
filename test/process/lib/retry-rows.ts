/**
 * How common clients retry by default, as measured on the wire (docs/clients.md, "Retries"; findings/retry-defaults.sh measures
 * it again), and a client that behaves so.
 */
import { randomUUID } from "node:crypto";
import { isConnectionLost } from "./load.ts";
import { type Answer, type CallOptions, type S3Client, text } from "./s3-client.ts";

export interface RetryRow {
  readonly name: string;
  /** Of one request, the first included. */
  readonly attempts: number;
  /** All waits together, in milliseconds, after SlowDown, and after another 5xx or a lost connection. The shortest measured. */
  readonly slowDownMs: number;
  readonly otherMs: number;
  readonly obeysRetryAfter: boolean;
  readonly obeysMilliseconds: boolean;
  /** Says with each attempt which operation it belongs to (`amz-sdk-invocation-id`). */
  readonly namesInvocation: boolean;
  /** A silent connection is given up, and counts as an attempt. */
  readonly silenceMs?: number;
}

const AWS = { obeysRetryAfter: false, obeysMilliseconds: true, namesInvocation: true };
const PLAIN = { obeysRetryAfter: false, obeysMilliseconds: false, namesInvocation: false };

export const RETRY_ROWS: readonly RetryRow[] = [
  { name: "botocore", attempts: 3, slowDownMs: 1_000, otherMs: 20, ...AWS },
  { name: "aws-sdk-js", attempts: 3, slowDownMs: 350, otherMs: 90, ...AWS, obeysRetryAfter: true },
  { name: "aws-sdk-go-v2", attempts: 3, slowDownMs: 1_000, otherMs: 20, ...AWS },
  { name: "obstore", attempts: 11, slowDownMs: 1_750, otherMs: 1_500, ...PLAIN },
  { name: "minio-go", attempts: 10, slowDownMs: 3_000, otherMs: 2_000, ...PLAIN },
  { name: "minio-py", attempts: 6, slowDownMs: 6_000, otherMs: 6_000, ...PLAIN, obeysRetryAfter: true },
  {
    name: "pyarrow",
    attempts: 3,
    slowDownMs: 900,
    otherMs: 800,
    ...PLAIN,
    namesInvocation: true,
    silenceMs: 3_000,
  },
  { name: "Bun.S3Client", attempts: 1, slowDownMs: 0, otherMs: 0, ...PLAIN },
];

/** What it cost so far. */
export interface RetryCounts {
  requests: number;
  /** Answers of 5xx. */
  refused: number;
  /** Connections of the pool that ended inside a request. */
  lost: number;
  /** New ones that ended before their first answer. */
  unmet: number;
  /** Attempts given up because nothing came. */
  silent: number;
  longestMs: number;
}

export class RetryingClient {
  readonly row: RetryRow;
  readonly counts: RetryCounts = { requests: 0, refused: 0, lost: 0, unmet: 0, silent: 0, longestMs: 0 };
  readonly #endpoints: readonly S3Client[];
  #current = 0;

  /** @param endpoints where a refused connection leads to the next one at no cost, as behind a load balancer */
  constructor(row: RetryRow, endpoints: readonly S3Client[]) {
    this.row = row;
    this.#endpoints = endpoints;
  }

  /** The answer that the application sees. @throws Error after the last attempt */
  async call(method: string, target: string, options: CallOptions = {}): Promise<Answer> {
    const startedMs = performance.now();
    this.counts.requests++;
    try {
      return await this.#retry(method, target, options);
    } finally {
      this.counts.longestMs = Math.max(this.counts.longestMs, performance.now() - startedMs);
    }
  }

  async #retry(method: string, target: string, options: CallOptions): Promise<Answer> {
    const { row } = this;
    const invocation = row.namesInvocation ? { "amz-sdk-invocation-id": randomUUID() } : {};
    const given: CallOptions = {
      ...options,
      headers: { ...options.headers, ...invocation },
      ...(row.silenceMs === undefined ? {} : { timeoutMs: row.silenceMs }),
    };
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(method, target, given);
      if (!(answer instanceof Error) && answer.status < 500) return answer;
      if (attempt >= row.attempts) {
        if (answer instanceof Error) throw answer;
        throw new Error(`${row.name}: ${method} ${target}: ${answer.status} ${answer.body}`);
      }
      await Bun.sleep(this.#wait(answer));
    }
  }

  /** The answer of one attempt, or how it was lost. */
  async #attempt(method: string, target: string, options: CallOptions): Promise<Answer | Error> {
    for (let refusals = 0; ; refusals++) {
      const client = this.#endpoints[this.#current % this.#endpoints.length];
      if (client === undefined) throw new Error("no endpoint");
      try {
        const answer = await client.call(method, target, options);
        if (answer.status >= 500) this.counts.refused++;
        return answer;
      } catch (error) {
        if (!isConnectionLost(error) || !(error instanceof Error)) throw error;
        this.#current++;
        const refused =
          "code" in error && String(error.code).match(/ECONNREFUSED|ConnectionRefused/) !== null;
        if (refused && refusals < this.#endpoints.length - 1) continue;
        if (error.message.includes("no answer after")) this.counts.silent++;
        else if ("reused" in error && error.reused === true) this.counts.lost++;
        else this.counts.unmet++;
        return error;
      }
    }
  }

  #wait(answer: Answer | Error): number {
    const { attempts, slowDownMs, otherMs, obeysMilliseconds, obeysRetryAfter } = this.row;
    if (answer instanceof Error) return otherMs / (attempts - 1);
    const { headers } = answer;
    if (obeysMilliseconds) return Number(headers["x-amz-retry-after"] ?? 0);
    if (obeysRetryAfter) return Number(headers["retry-after"] ?? 0) * 1000;
    const slowDown = text(answer.body.toString(), "Code") === "SlowDown";
    return (slowDown ? slowDownMs : otherMs) / (attempts - 1);
  }
}
