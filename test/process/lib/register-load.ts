/**
 * Clients at every node that read, write, create, compare-and-set, delete and list the same few objects, and write down what they
 * were told, to be checked for linearizability. Beside them each writes objects of its own, once and never again: what was
 * acknowledged of those must all be there in the end.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CheckSummary,
  checkLinearizable,
  HistoryRecorder,
  type OpenCall,
  type Operation,
  type Result,
  type Sight,
} from "../../linearizability/index.ts";
import type { Cluster } from "./cluster.ts";
import { Random, seedFromEnvironment } from "./random.ts";
import { type Answer, type CallOptions, type S3Client, text } from "./s3-client.ts";

const BUCKET = "registers";
const LEDGER = "ledger";
const REQUEST_TIMEOUT_MS = 8_000;
/** Keeps the history in a size that a reader of a failure can bear. */
const THINK_MS = { least: 2, most: 12 };
const VERIFY_CONCURRENCY = 16;

const KINDS = [
  ["read", 30],
  ["write", 18],
  ["create", 10],
  ["cas", 16],
  ["delete", 8],
  ["delete-if", 3],
  ["list", 6],
  ["ledger", 9],
] as const;

export interface LoadCounts {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly conditionFailed: number;
  readonly reads: number;
}

export class RegisterLoad {
  readonly #cluster: Cluster;
  readonly #startedAtMs = performance.now();
  readonly #recorder = new HistoryRecorder(() => performance.now() - this.#startedAtMs);
  readonly #random: Random;
  readonly #keys: readonly string[];
  /** Acknowledged objects of the ledger and their bodies. */
  readonly #ledger = new Map<string, string>();
  /** The ETag that a client saw last of a key. */
  readonly #etags = new Map<string, string>();
  #stop = false;
  #running: Promise<unknown> = Promise.resolve();
  #problem: unknown;
  #lastAcknowledgedMs = 0;

  private constructor(cluster: Cluster, keys: number) {
    this.#cluster = cluster;
    this.#random = new Random(seedFromEnvironment());
    this.#keys = Array.from({ length: keys }, (_, i) => `r${i}`);
  }

  /** Makes the buckets and starts the clients. @param clientsPerNode each with one request at a time */
  static async start(cluster: Cluster, clientsPerNode = 2, keys = 5): Promise<RegisterLoad> {
    const load = new RegisterLoad(cluster, keys);
    console.log(`seed ${load.#random.seed} (ELASTICKV_TEST_SEED)`);
    const first = cluster.client(cluster.nodes[0]?.name ?? "");
    for (const bucket of [BUCKET, LEDGER]) await first.expect(200, "PUT", bucket);
    load.#running = Promise.all(
      cluster.nodes.flatMap(({ name }) => [
        ...Array.from({ length: clientsPerNode }, (_, i) => load.#run(name, `${name}/${i}`)),
        // One that never waits behind a write: where writes hang, reads may still be answered, and wrongly.
        load.#read(name),
      ]),
    );
    load.#running.catch((error) => {
      load.#problem = error;
      load.#stop = true;
    });
    return load;
  }

  /** Many reads at once at one node, each on a connection of its own. @returns when all have an answer, or none in time */
  async burst(node: string, reads = 40): Promise<void> {
    const client = this.#cluster.client(node, reads);
    await Promise.all(
      Array.from({ length: reads }, (_, i) => {
        const key = this.#keys[i % this.#keys.length] ?? "";
        return this.#act(client, `${node}/burst${i}`, { kind: "read", key });
      }),
    );
  }

  /** Changes that were acknowledged so far. */
  get acknowledged(): number {
    return this.counts().acknowledged;
  }

  /** When the last change was acknowledged, on the clock of `performance.now()`. */
  get lastAcknowledgedMs(): number {
    return this.#lastAcknowledgedMs;
  }

  /** Waits until so many more changes have been acknowledged. */
  async progress(changes = 30, timeoutMs = 30_000): Promise<void> {
    const wanted = this.acknowledged + changes;
    const deadline = performance.now() + timeoutMs;
    while (this.acknowledged < wanted) {
      if (this.#problem !== undefined) throw this.#problem;
      if (performance.now() > deadline) {
        throw new Error(
          `${changes} more changes were not acknowledged in ${timeoutMs} ms: ${this.acknowledged} of ${wanted}`,
        );
      }
      await Bun.sleep(10);
    }
  }

  counts(): LoadCounts {
    let acknowledged = 0;
    let unknown = 0;
    let conditionFailed = 0;
    let reads = 0;
    for (const { outcome } of this.#recorder.calls()) {
      if (outcome.kind === "done") acknowledged++;
      if (outcome.kind === "unknown") unknown++;
      if (outcome.kind === "condition-failed") conditionFailed++;
      if (outcome.kind === "found" || outcome.kind === "absent" || outcome.kind === "listed") reads++;
    }
    return { acknowledged: acknowledged + this.#ledger.size, unknown, conditionFailed, reads };
  }

  /**
   * Ends the load, reads everything once more at every node that runs, and checks all of it.
   * @throws Error with the smallest history that cannot be, or what is missing.
   */
  async finish(): Promise<CheckSummary & { readonly counts: LoadCounts }> {
    this.#stop = true;
    await this.#running;
    const names = this.#cluster.nodes.filter(({ isRunning }) => isRunning).map(({ name }) => name);
    for (const name of names) await this.#readAll(name);
    for (const name of names) await this.#verifyLedger(name);
    const summary = this.#check();
    if (summary.undecided.length > 0) {
      throw new Error(`the checker could not tell about ${summary.undecided.join(", ")}`);
    }
    const counts = this.counts();
    console.log(
      `${summary.calls} calls on ${summary.keys} keys are linearizable: ${counts.acknowledged} changes acknowledged, ` +
        `${counts.conditionFailed} refused by condition, ${counts.unknown} of unknown outcome, ${counts.reads} reads`,
    );
    return { ...summary, counts };
  }

  /** A history that cannot be is kept whole, beside the temporary files. */
  #check(): CheckSummary {
    const calls = this.#recorder.calls();
    try {
      return checkLinearizable(calls);
    } catch (error) {
      const path = join(tmpdir(), `elastickv-history-${this.#random.seed}.json`);
      const plain = (_: string, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value);
      writeFileSync(path, JSON.stringify(calls, plain, 1));
      console.log(`the whole history: ${path}`);
      throw error;
    }
  }

  async #run(node: string, name: string): Promise<void> {
    const random = new Random(this.#random.next());
    const client = this.#cluster.client(node);
    for (let number = 0; !this.#stop; number++) {
      await Bun.sleep(random.between(THINK_MS.least, THINK_MS.most));
      const kind = random.weighted(KINDS);
      if (kind === "ledger") await this.#writeOnce(client, `${name.replace("/", "-")}-${number}`);
      else await this.#act(client, name, this.#choose(kind, `${name}#${number}`, random));
    }
  }

  async #read(node: string): Promise<void> {
    const random = new Random(this.#random.next());
    const client = this.#cluster.client(node);
    while (!this.#stop) {
      await Bun.sleep(random.between(THINK_MS.least, THINK_MS.most));
      const key = this.#keys[random.between(0, this.#keys.length - 1)] ?? "";
      await this.#act(client, `${node}/reader`, { kind: "read", key });
    }
  }

  #choose(kind: Exclude<(typeof KINDS)[number][0], "ledger">, value: string, random: Random): Operation {
    const key = this.#keys[random.between(0, this.#keys.length - 1)] ?? "";
    const version = etagOf(value);
    const expected = this.#etags.get(key) ?? etagOf("nothing");
    switch (kind) {
      case "read":
      case "delete":
        return { kind, key };
      case "write":
      case "create":
        return { kind, key, value, version };
      case "cas":
        return { kind, key, expected, value, version };
      case "delete-if":
        return { kind: "delete", key, expected };
      case "list":
        return { kind, prefix: "r" };
    }
  }

  /** One request, not repeated. */
  async #act(client: S3Client, name: string, operation: Operation): Promise<void> {
    const call = this.#recorder.invoke(name, operation);
    let answer: Answer;
    try {
      answer = await send(client, operation);
    } catch {
      call.unknown();
      // A node that is down is asked again a little later.
      await Bun.sleep(50);
      return;
    }
    if (answer.status >= 500) {
      call.unknown();
      await Bun.sleep(20);
      return;
    }
    this.#record(call, operation, answer);
  }

  #record(call: OpenCall, operation: Operation, answer: Answer): void {
    const result = resultOf(operation, answer);
    if (result === undefined) {
      call.refused();
      return;
    }
    call.ok(result);
    if (result.kind === "done") this.#lastAcknowledgedMs = performance.now();
    if (operation.kind === "list") return;
    const version = result.kind === "found" ? result.sight.version : result.kind === "done" && result.version;
    if (version) this.#etags.set(operation.key, version);
  }

  async #writeOnce(client: S3Client, key: string): Promise<void> {
    const body = `${key} ${"x".repeat(100 + (key.length % 7) * 300)}`;
    try {
      const answer = await client.call("PUT", `${LEDGER}/${key}`, { body, timeoutMs: REQUEST_TIMEOUT_MS });
      if (answer.status === 200) {
        this.#ledger.set(key, body);
        this.#lastAcknowledgedMs = performance.now();
      } else if (answer.status < 500) throw new Error(`PUT ${key}: ${answer.status} ${answer.body}`);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("PUT ")) throw error;
    }
  }

  /** What everybody sees once all is over: part of the history. */
  async #readAll(name: string): Promise<void> {
    const client = this.#cluster.client(name);
    const operations: Operation[] = [
      ...this.#keys.map((key) => ({ kind: "read", key }) as const),
      { kind: "list", prefix: "r" },
    ];
    for (const operation of operations) {
      const call = this.#recorder.invoke(`${name}/last`, operation);
      const answer = await send(client, operation);
      if (answer.status >= 500) throw unexpected(operation, answer);
      this.#record(call, operation, answer);
    }
  }

  async #verifyLedger(name: string): Promise<void> {
    const client = this.#cluster.client(name);
    const listed = new Set((await client.list(LEDGER)).map(({ key }) => key));
    const left = [...this.#ledger];
    const missing = left.filter(([key]) => !listed.has(key)).map(([key]) => key);
    if (missing.length > 0) {
      throw new Error(
        `${name} does not list ${missing.length} acknowledged objects: ${missing.slice(0, 10).join(", ")}`,
      );
    }
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const [key, body] = next;
        const answer = await client.expect(200, "GET", `${LEDGER}/${key}`);
        if (answer.body.toString() !== body)
          throw new Error(`${name}: ${key} has other bytes than were acknowledged`);
      }
    };
    await Promise.all(Array.from({ length: VERIFY_CONCURRENCY }, work));
  }
}

function send(client: S3Client, operation: Operation): Promise<Answer> {
  const options: CallOptions = { timeoutMs: REQUEST_TIMEOUT_MS };
  if (operation.kind === "list") {
    const query = [
      ["list-type", "2"],
      ["prefix", operation.prefix],
    ] as const;
    return client.call("GET", BUCKET, { ...options, query });
  }
  const target = `${BUCKET}/${operation.key}`;
  switch (operation.kind) {
    case "read":
      return client.call("GET", target, options);
    case "write":
      return client.call("PUT", target, { ...options, body: operation.value });
    case "create":
      return client.call("PUT", target, {
        ...options,
        body: operation.value,
        headers: { "if-none-match": "*" },
      });
    case "cas":
      return client.call("PUT", target, {
        ...options,
        body: operation.value,
        headers: { "if-match": operation.expected },
      });
    case "delete":
      return client.call("DELETE", target, {
        ...options,
        ...(operation.expected === undefined ? {} : { headers: { "if-match": operation.expected } }),
      });
  }
}

/** What the answer says; undefined: nothing happened, and it does not say why. @throws Error when it makes no sense. */
function resultOf(operation: Operation, answer: Answer): Result | undefined {
  const { status } = answer;
  const code = status >= 400 ? text(answer.body.toString(), "Code") : "";
  const version = String(answer.headers.etag);
  if (operation.kind === "list") {
    if (status === 200) return { kind: "listed", entries: entriesOf(answer) };
  } else if (operation.kind === "read") {
    if (status === 404 && code === "NoSuchKey") return { kind: "absent" };
    if (status === 200) return { kind: "found", sight: { value: answer.body.toString(), version } };
  } else if (operation.kind === "delete" && status === 204) return { kind: "done" };
  else if (operation.kind !== "delete" && status === 200) return { kind: "done", version };
  else if (operation.kind === "create" || "expected" in operation) {
    if (status === 412 || (status === 404 && code === "NoSuchKey")) return { kind: "condition-failed" };
    // Another conditional request was quicker, and S3 does not say what the state was.
    if (status === 409 && code === "ConditionalRequestConflict") return undefined;
  }
  throw unexpected(operation, answer);
}

function entriesOf(answer: Answer): Map<string, Sight> {
  const xml = answer.body.toString();
  if (text(xml, "IsTruncated") !== "false") throw new Error(`a list of a few keys is truncated: ${xml}`);
  const entries = new Map<string, Sight>();
  for (const [, entry = ""] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    entries.set(text(entry, "Key"), { version: text(entry, "ETag").replaceAll("&quot;", '"') });
  }
  return entries;
}

function etagOf(value: string): string {
  return `"${createHash("md5").update(value).digest("hex")}"`;
}

function unexpected(operation: Operation, answer: Answer): Error {
  return new Error(`${JSON.stringify(operation)}: ${answer.status} ${answer.body.toString().slice(0, 400)}`);
}
