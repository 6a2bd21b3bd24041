/**
 * A client that writes each key once, and remembers what it was told. In the end everything that was acknowledged is there,
 * at every node, what was refused is not, and nothing else is: no search is needed to see that, so it also holds for a
 * history that the linearizability checker gives up on.
 */

import { decodeKey, encodeKey, prefixEnd } from "../../../src/store/key-encoding.ts";
import type { KvGroup } from "../../../src/txn/types.ts";
import { checkPayload, isExpected, neverCarriedOut, payloadOf } from "./clients.ts";
import type { Machine } from "./machine.ts";
import type { Profile } from "./profile.ts";
import { type Process, type Scheduler, SimThread } from "./scheduler.ts";
import type { SimRandom } from "./sim-random.ts";
import { Violation } from "./violation.ts";

const TABLE = "ledger";
const START = encodeKey([TABLE]);
const END = prefixEnd(START);
/** Of a whole run, about. */
const WRITES = 150;
const MOST_WRITES = 1_000;
const PATIENCE_MS = [500, 3_000, 20_000];
const CHECK_PATIENCE_MS = 20_000;
const CLIENT_LATENCY_MS = 0.2;

export interface LedgerOptions {
  readonly scheduler: Scheduler;
  readonly random: SimRandom;
  readonly profile: Pick<Profile, "durationMs" | "thinkMs" | "payloads">;
  /** Where a request may go now. */
  readonly machines: () => readonly Machine[];
  readonly onViolation: (error: unknown) => void;
}

/** `unknown`: it may be there, or come to be there. */
export type Fate =
  | { readonly kind: "unknown" | "refused" }
  | { readonly kind: "acknowledged"; readonly version: bigint };

export interface LedgerRow {
  readonly name: string;
  readonly value: string;
  readonly version: bigint;
}

/** What was written is a function of the name. @throws Violation */
export function checkLedger(
  fates: ReadonlyMap<string, Fate>,
  rows: readonly LedgerRow[],
  node: string,
): void {
  const found = new Set<string>();
  for (const { name, value, version } of rows) {
    const fate = fates.get(name);
    found.add(name);
    if (fate === undefined || fate.kind === "refused" || value !== onceOf(name)) {
      throw new Violation("nothing is there that was not written", { node, name, value, fate });
    }
    if (fate.kind === "acknowledged" && fate.version !== version) {
      throw new Violation("what was acknowledged keeps its version", { node, name, version, fate });
    }
  }
  for (const [name, fate] of fates) {
    if (fate.kind !== "acknowledged" || found.has(name)) continue;
    throw new Violation("every acknowledged write is there", { node, name, fate });
  }
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #thread: SimThread;
  readonly #fates = new Map<string, Fate>();
  #stopped = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const process: Process = {
      name: "ledger",
      alive: true,
      held: undefined,
      onError: (_thread, error) => options.onViolation(error),
    };
    this.#thread = new SimThread(options.scheduler, process, "ledger");
  }

  get acknowledged(): number {
    return [...this.#fates.values()].filter(({ kind }) => kind === "acknowledged").length;
  }

  start(): void {
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Holds every row at one node against what was told. @param done whether there was an answer */
  check(machine: Machine, done: (answered: boolean) => void): void {
    this.#ask(
      machine,
      CHECK_PATIENCE_MS,
      async (kv) => {
        const view = await kv.snapshot();
        const rows = await view.scan(START, END, { limit: MOST_WRITES + 1 });
        const found = rows.map(({ key, value, commitTs }): LedgerRow => {
          return { name: nameOf(key), value: new TextDecoder().decode(value), version: commitTs };
        });
        checkLedger(this.#fates, found, machine.name);
        for (const { key } of rows) checkPayload(nameOf(key), await view.get(key));
        return undefined;
      },
      (outcome) => done(outcome === "answered"),
    );
  }

  #next(): void {
    const { random, profile, machines } = this.#options;
    const pauseMs = random.exponential(Math.max(profile.thinkMs, profile.durationMs / WRITES));
    this.#thread.post(pauseMs, "think", () => {
      if (this.#stopped || this.#fates.size >= MOST_WRITES) return;
      const there = machines();
      if (there.length === 0) this.#next();
      else this.#write(random.pick(there));
    });
  }

  #write(machine: Machine): void {
    const { random, profile } = this.#options;
    const name = `w${this.#fates.size + 1}`;
    const value = onceOf(name);
    const payload = random.chance(profile.payloads) ? payloadOf(value, random.between(1, 6_000)) : undefined;
    const key = encodeKey([TABLE, name]);
    this.#fates.set(name, { kind: "unknown" });
    this.#ask(
      machine,
      random.pick(PATIENCE_MS),
      async (kv) => {
        const outcome = await kv.transact({
          conditions: [{ kind: "must-not-exist", key }],
          mutations: [{ kind: "put", key, value: new TextEncoder().encode(value), payload }],
        });
        if (!outcome.ok) throw new Violation("what is written once is written once", { name });
        return () => void this.#fates.set(name, { kind: "acknowledged", version: outcome.commitTs });
      },
      (outcome) => {
        if (outcome === "refused") this.#fates.set(name, { kind: "refused" });
        this.#next();
      },
    );
  }

  /**
   * @param work may return what the answer means: that is so from when the client hears of it, late or not
   * @param done once, when there is an answer or nobody waits for it any more
   */
  #ask(
    machine: Machine,
    patienceMs: number,
    work: (kv: KvGroup) => Promise<(() => void) | undefined>,
    done: (outcome: "answered" | "refused" | "unknown") => void,
  ): void {
    const { life } = machine;
    let over = false;
    const end = (
      delayMs: number,
      outcome: "answered" | "refused" | "unknown",
      meaning?: () => void,
    ): void => {
      this.#thread.post(delayMs, "response", () => {
        meaning?.();
        if (over) return;
        over = true;
        done(outcome);
      });
    };
    if (life?.front === undefined) {
      end(10, "refused");
      return;
    }
    end(patienceMs, "unknown");
    life.onDeath(() => end(CLIENT_LATENCY_MS, "unknown"));
    const { thread, kv } = this.#options.random.pick(life.entries);
    thread.post(CLIENT_LATENCY_MS, "request of the ledger", () => {
      work(kv).then(
        (meaning) => end(CLIENT_LATENCY_MS, "answered", meaning),
        (error: unknown) => {
          if (!isExpected(error)) this.#options.onViolation(error);
          else end(CLIENT_LATENCY_MS, neverCarriedOut(error) ? "refused" : "unknown");
        },
      );
    });
  }
}

function onceOf(name: string): string {
  return `once ${name}`;
}

function nameOf(key: Uint8Array): string {
  return decodeKey(key, ["string", "string"])[1];
}
