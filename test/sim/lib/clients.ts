/**
 * Clients: each asks one thing at a time of some node, and tells the recorder what it asked and what it heard. What it did
 * not hear of in time stays unknown, and it goes on with something else.
 */

import { decodeKey, encodeKey } from "../../../src/store/key-encoding.ts";
import { StoreError, type VersionedValue } from "../../../src/store/types.ts";
import { type Condition, KvError, type KvGroup, type Txn } from "../../../src/txn/types.ts";
import type { HistoryRecorder, Operation, Result, Sight } from "../../linearizability/index.ts";
import type { Machine } from "./machine.ts";
import type { OperationWeights, Profile } from "./profile.ts";
import { type Process, type Scheduler, SimThread } from "./scheduler.ts";
import type { SimRandom } from "./sim-random.ts";
import { hashBytes, Violation } from "./violation.ts";

const TABLE = "sim";
/** A client gives up on an answer after this long. */
const PATIENCE_MS = [200, 500, 500, 1_000, 3_000, 40_000];
/** Between a client and a node. */
const CLIENT_LATENCY_MS = 0.2;
const LIST_LIMIT = 1_000;

const text = new TextEncoder();

function rowKey(key: string): Uint8Array {
  return encodeKey([TABLE, key]);
}

const TABLE_START = encodeKey([TABLE]);
const TABLE_END: Uint8Array = (() => {
  const end = TABLE_START.slice();
  end[end.length - 1] = (end[end.length - 1] as number) + 1;
  return end;
})();

export interface ClientsOptions {
  readonly scheduler: Scheduler;
  readonly random: SimRandom;
  readonly profile: Profile;
  readonly recorder: HistoryRecorder;
  /** Where a request may go now. */
  readonly machines: () => readonly Machine[];
  readonly onViolation: (error: unknown) => void;
}

export class Clients {
  readonly #options: ClientsOptions;
  readonly #process: Process;
  readonly #clients: Client[] = [];
  #stopped = false;

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#process = {
      name: "clients",
      alive: true,
      held: undefined,
      onError: (_thread, error) => options.onViolation(error),
    };
    for (let i = 1; i <= options.profile.clients; i++) {
      this.#clients.push(new Client(`c${i}`, this.#thread(`c${i}`), options, () => this.#stopped));
    }
  }

  start(): void {
    for (const client of this.#clients) client.next();
  }

  /** Requests under way go on; no new ones are made. */
  stop(): void {
    this.#stopped = true;
  }

  /** Reads everything at one machine, key by key and as a list. @param done with how many reads worked */
  readAll(machine: Machine, done: (answered: boolean) => void): void {
    const { profile } = this.#options;
    const reader = new Client(
      `end-${machine.name}`,
      this.#thread(`end-${machine.name}`),
      this.#options,
      () => true,
    );
    const operations: Operation[] = [{ kind: "list", prefix: "" }];
    for (let i = 0; i < profile.keys; i++) operations.push({ kind: "read", key: `k${i}` });
    operations.push({ kind: "write", key: "k0", value: `end-${machine.name}` });
    const step = (at: number): void => {
      const operation = operations[at];
      if (operation === undefined) done(true);
      else reader.ask(machine, operation, 20_000, (answered) => (answered ? step(at + 1) : done(false)));
    };
    step(0);
  }

  #thread(name: string): SimThread {
    return new SimThread(this.#options.scheduler, this.#process, name);
  }
}

class Client {
  readonly #name: string;
  readonly #thread: SimThread;
  readonly #options: ClientsOptions;
  readonly #stopped: () => boolean;
  readonly #random: SimRandom;
  /** What it saw last, by key. */
  readonly #seen = new Map<string, string>();
  #count = 0;

  constructor(name: string, thread: SimThread, options: ClientsOptions, stopped: () => boolean) {
    this.#name = name;
    this.#thread = thread;
    this.#options = options;
    this.#stopped = stopped;
    this.#random = options.random.fork(name);
  }

  next(): void {
    this.#thread.post(this.#random.exponential(this.#options.profile.thinkMs), "think", () => {
      if (this.#stopped()) return;
      const machines = this.#options.machines();
      if (machines.length === 0) this.next();
      else
        this.ask(this.#random.pick(machines), this.#choose(), this.#random.pick(PATIENCE_MS), () =>
          this.next(),
        );
    });
  }

  /** @param done whether there was an answer that tells something */
  ask(machine: Machine, operation: Operation, patienceMs: number, done: (answered: boolean) => void): void {
    const { life } = machine;
    if (life?.front === undefined) {
      this.#thread.post(10, "nobody there", () => done(false));
      return;
    }
    const call = this.#options.recorder.invoke(this.#name, operation);
    this.#trace(machine, operation);
    let over = false;
    const end = (delayMs: number, how: () => boolean): void => {
      this.#thread.post(delayMs, "response", () => {
        if (over) return;
        over = true;
        done(how());
      });
    };
    const unknown = (): boolean => {
      call.unknown();
      return false;
    };
    end(patienceMs, unknown);
    life.onDeath(() => end(CLIENT_LATENCY_MS, unknown));
    const { thread, kv } = this.#random.pick(life.entries);
    thread.post(CLIENT_LATENCY_MS, `request of ${this.#name}`, () => {
      this.#carryOut(kv, operation).then(
        (result) => end(CLIENT_LATENCY_MS, () => this.#answered(machine, operation, call, result)),
        (error: unknown) => {
          if (isExpected(error)) {
            this.#options.scheduler.trace?.(
              this.#options.scheduler.now,
              this.#name,
              `<- ${machine.name} ${error}`,
            );
            end(CLIENT_LATENCY_MS, () => {
              const looks = operation.kind === "read" || operation.kind === "list";
              if (looks || neverCarriedOut(error)) call.refused();
              else call.unknown();
              return false;
            });
          } else this.#options.onViolation(error);
        },
      );
    });
  }

  #answered(
    machine: Machine,
    operation: Operation,
    call: { ok(result: Result): void },
    result: Result,
  ): boolean {
    this.#trace(machine, operation, result);
    if (result.kind === "found" && operation.kind === "read" && result.sight.version !== undefined) {
      this.#seen.set(operation.key, result.sight.version);
    }
    if (result.kind === "done" && result.version !== undefined && "key" in operation) {
      this.#seen.set(operation.key, result.version);
    }
    call.ok(result);
    this.#options.scheduler.mixText(JSON.stringify(result, heard));
    return true;
  }

  #choose(): Operation {
    const random = this.#random;
    const { operations, keys } = this.#options.profile;
    const key = `k${random.nextInt(keys)}`;
    const value = `${this.#name}.${++this.#count}`;
    const expected = this.#seen.get(key);
    const kind = random.weighted<keyof OperationWeights>(operations);
    switch (kind) {
      case "cas":
        return expected === undefined ? { kind: "read", key } : { kind, key, expected, value };
      case "delete":
        return expected !== undefined && random.chance(0.5) ? { kind, key, expected } : { kind, key };
      case "list":
        return { kind, prefix: "" };
      case "read":
        return { kind, key };
      default:
        return { kind, key, value };
    }
  }

  async #carryOut(kv: KvGroup, operation: Operation): Promise<Result> {
    if (operation.kind === "read") {
      const view = await kv.snapshot();
      const withPayload = this.#random.chance(0.5);
      const row = withPayload
        ? await view.get(rowKey(operation.key))
        : await view.getMeta(rowKey(operation.key));
      if (withPayload) checkPayload(operation.key, row);
      return row === undefined ? { kind: "absent" } : { kind: "found", sight: sightOf(row) };
    }
    if (operation.kind === "list") {
      const view = await kv.snapshot();
      const entries = new Map<string, Sight>();
      for (const row of await view.scan(TABLE_START, TABLE_END, { limit: LIST_LIMIT })) {
        entries.set(decodeKey(row.key, ["string", "string"])[1], sightOf(row));
      }
      return { kind: "listed", entries };
    }
    const outcome = await kv.transact(this.#transaction(operation));
    return outcome.ok ? { kind: "done", version: outcome.commitTs.toString() } : { kind: "condition-failed" };
  }

  #transaction(operation: Exclude<Operation, { kind: "read" | "list" }>): Txn {
    const key = rowKey(operation.key);
    const conditions: Condition[] = [];
    if (operation.kind === "create") conditions.push({ kind: "must-not-exist", key });
    if ("expected" in operation && operation.expected !== undefined) {
      conditions.push({ kind: "version-equals", key, commitTs: BigInt(operation.expected) });
    }
    if (operation.kind === "delete") return { conditions, mutations: [{ kind: "delete", key }] };
    const { value } = operation;
    const payload = this.#random.chance(this.#options.profile.payloads)
      ? payloadOf(value, this.#random.between(1, 6_000))
      : undefined;
    return { conditions, mutations: [{ kind: "put", key, value: text.encode(value), payload }] };
  }

  #trace(machine: Machine, operation: Operation, result?: Result): void {
    const { trace, now } = this.#options.scheduler;
    if (trace === undefined) return;
    const words = Object.values(operation).join(" ");
    const shown = result?.kind === "listed" ? [...result.entries] : result;
    trace(
      now,
      this.#name,
      result === undefined
        ? `-> ${machine.name} ${words}`
        : `<- ${machine.name} ${words}: ${JSON.stringify(shown)}`,
    );
  }
}

/** For the hash of a run: what clients hear is part of it. */
function heard(_: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}

function sightOf(row: { readonly value: Uint8Array; readonly commitTs: bigint }): Sight {
  return { value: new TextDecoder().decode(row.value), version: row.commitTs.toString() };
}

export function payloadOf(value: string, length: number): Uint8Array {
  const payload = new Uint8Array(length);
  let state = hashBytes(text.encode(value));
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    payload[i] = state >>> 24;
  }
  return payload;
}

/** A payload is a function of the value beside it and of its length. */
export function checkPayload(key: string, row: VersionedValue | undefined): void {
  if (row?.payload === undefined) return;
  const value = new TextDecoder().decode(row.value);
  if (hashBytes(row.payload) === hashBytes(payloadOf(value, row.payload.byteLength))) return;
  throw new Violation("a payload is what was written", { key, value, bytes: row.payload.byteLength });
}

export function isExpected(error: unknown): boolean {
  // The reader of a keyspace that a snapshot has just replaced is closed: the read is to be made again.
  return error instanceof KvError || (error instanceof StoreError && readAgain(error));
}

function readAgain({ code, message }: StoreError): boolean {
  // A fault of the disk fails the read of a payload: the request ends with an error, and the node goes on.
  if (code === "IO") return message.endsWith(": injected");
  return code === "CLOSED" || code === "HISTORY_COMPACTED";
}

/** What the contract of `KvGroup.transact` promises about an error. */
export function neverCarriedOut(error: unknown): boolean {
  return (
    error instanceof KvError &&
    (error.code === "UNAVAILABLE" || error.code === "DISK_FULL" || error.code === "TOO_LARGE")
  );
}
