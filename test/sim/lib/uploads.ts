/**
 * Clients that store objects with content beside the log, overwrite, delete and read them. An object that is visible can be
 * read in full, at any time; in the end every node holds exactly the blobs that objects refer to.
 *
 * More than 400 lines: the operations and what they must leave are one model.
 */

import { BlobError } from "../../../src/blob/types.ts";
import type { BlobClient } from "../../../src/gateway/blob-client.ts";
import { BlobServiceError } from "../../../src/s3/content/blobs/types.ts";
import { decodeKey, encodeKey, prefixEnd } from "../../../src/store/key-encoding.ts";
import type { Timestamp } from "../../../src/store/types.ts";
import { encodeGarbage } from "../../../src/txn/garbage.ts";
import {
  BLOB_COUNTS_PREFIX,
  BLOB_QUEUE_PREFIX,
  blobCountKey,
  decodeBlobCount,
  decodeReference,
  parseBlobCountKey,
  referenceKey,
} from "../../../src/txn/references.ts";
import type { Condition, KvGroup, TxnMutation } from "../../../src/txn/types.ts";
import { SIM_BLOB_TIMES } from "./blob-life.ts";
import { isExpected, neverCarriedOut } from "./clients.ts";
import type { GatewayEntry } from "./life.ts";
import type { Machine } from "./machine.ts";
import type { Profile } from "./profile.ts";
import { type Process, type Scheduler, SimThread } from "./scheduler.ts";
import type { SimRandom } from "./sim-random.ts";
import { Violation } from "./violation.ts";

const OBJECTS = 6;
/** Of three and more voters, so many must hold what was acknowledged. */
const LEAST_COPIES = 2;
const CHUNKS_MAX = 5;
const CLIENTS = 2;
const PATIENCE_MS = [1_000, 5_000, 20_000];
const CLIENT_LATENCY_MS = 0.2;
const REFERENCES = encodeKey(["r"]);
const OBJECT = "obj";
const PENDING = encodeKey(["pend"]);

/** What the row of an object says. */
interface Written {
  readonly attempt: string;
  /** Numbers of contents. */
  readonly chunks: readonly number[];
}

type Outcome = "answered" | "refused" | "unknown";

export interface UploadsOptions {
  readonly scheduler: Scheduler;
  readonly random: SimRandom;
  readonly profile: Pick<Profile, "durationMs" | "blobContents" | "uploadEveryMs">;
  readonly machines: () => readonly Machine[];
  /** Nodes that hold a blob which an object refers to; undefined: a disk cannot be asked now, or nothing refers to the blob any more. */
  readonly copies: (sha256: Uint8Array) => number | undefined;
  readonly onViolation: (error: unknown) => void;
}

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #threads: readonly SimThread[];
  /** What was acknowledged last, by name of the object; `undefined`: there is none. */
  readonly #acknowledged = new Map<string, string | undefined>();
  /** Writes that are under way, or of unknown fate: they may be carried out at any time. */
  readonly #maybe = new Map<string, Set<string | undefined>>();
  readonly #busy = new Set<string>();
  #attempts = 0;
  #stopped = false;
  acknowledged = 0;

  constructor(options: UploadsOptions) {
    this.#options = options;
    const process: Process = {
      name: "uploads",
      alive: true,
      held: undefined,
      onError: (_thread, error) => options.onViolation(error),
    };
    this.#threads = Array.from(
      { length: CLIENTS },
      (_, i) => new SimThread(options.scheduler, process, `upload${i}`),
    );
  }

  start(): void {
    for (const thread of this.#threads) this.#next(thread);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Writes something, so that the time of the log goes on; also ends uploads that nobody goes on with. */
  tick(machine: Machine, done: (answered: boolean) => void): void {
    const [thread] = this.#threads;
    if (thread === undefined) return;
    this.#ask(
      thread,
      machine,
      20_000,
      async ({ kv }) => {
        const view = await kv.snapshot();
        const left = await view.scan(PENDING, prefixEnd(PENDING), { limit: 100, keysOnly: true });
        const mutations: TxnMutation[] = left.map(({ key }) => ({ kind: "delete", key }));
        await kv.transact({
          conditions: [],
          mutations: [...mutations, { kind: "put", key: encodeKey(["tick"]), value: new Uint8Array(1) }],
        });
        return undefined;
      },
      (outcome) => done(outcome === "answered"),
    );
  }

  /** Reads every object at one node. */
  check(machine: Machine, done: (answered: boolean) => void): void {
    const [thread] = this.#threads;
    if (thread === undefined) return;
    const names = Array.from({ length: OBJECTS }, (_, i) => `o${i}`);
    const next = (): void => {
      const name = names.shift();
      if (name === undefined) {
        done(true);
        return;
      }
      this.#ask(
        thread,
        machine,
        20_000,
        async (entry) => {
          const found = await this.#read(entry, name);
          if (found === "elsewhere") return undefined;
          this.#judge(name, found?.attempt, machine.name);
          return undefined;
        },
        (outcome) => (outcome === "answered" ? next() : done(false)),
      );
    };
    next();
  }

  #judge(name: string, attempt: string | undefined, node: string): void {
    const acknowledged = this.#acknowledged.get(name);
    const maybe = this.#maybe.get(name) ?? new Set();
    if (attempt === acknowledged || maybe.has(attempt)) return;
    throw new Violation("an object is what was acknowledged last", {
      node,
      name,
      attempt,
      acknowledged,
      maybe: [...maybe],
    });
  }

  #next(thread: SimThread): void {
    const { random, profile, machines } = this.#options;
    thread.post(random.exponential(profile.uploadEveryMs), "think", () => {
      if (this.#stopped) return;
      const there = machines();
      const name = `o${random.nextInt(OBJECTS)}`;
      // Each object has one writer at a time, so what may be there is known.
      if (there.length === 0 || this.#busy.has(name)) {
        this.#next(thread);
        return;
      }
      const what = random.weighted({ upload: 5, delete: 2, read: 4 });
      this.#busy.add(name);
      const again = (): void => {
        this.#busy.delete(name);
        this.#next(thread);
      };
      const machine = random.pick(there);
      if (what === "read") this.#readOne(thread, machine, name, again);
      else this.#writeOne(thread, machine, name, what === "upload", again);
    });
  }

  #readOne(thread: SimThread, machine: Machine, name: string, done: () => void): void {
    const work = async (entry: GatewayEntry): Promise<undefined> => {
      await this.#read(entry, name);
      return undefined;
    };
    this.#ask(thread, machine, this.#options.random.pick(PATIENCE_MS), work, done);
  }

  #writeOne(thread: SimThread, machine: Machine, name: string, upload: boolean, done: () => void): void {
    const { random } = this.#options;
    const attempt = upload ? `a${++this.#attempts}` : undefined;
    const chunks = Array.from({ length: random.between(1, CHUNKS_MAX) }, () =>
      random.nextInt(this.#options.profile.blobContents),
    );
    const ahead = random.chance(0.4) ? random.between(1, chunks.length) : 0;
    const maybe = this.#maybe.get(name) ?? new Set<string | undefined>();
    this.#maybe.set(name, maybe);
    // A deletion of unknown fate stays, whatever becomes of a later one.
    const isNew = !maybe.has(attempt);
    maybe.add(attempt);
    const settled = (): void => {
      if (isNew) maybe.delete(attempt);
    };
    this.#ask(
      thread,
      machine,
      random.pick(PATIENCE_MS),
      async ({ kv, blobs }) => {
        const done =
          attempt === undefined || blobs === undefined
            ? await remove(kv, name)
            : await store(kv, blobs, name, { attempt, chunks }, ahead);
        return () => {
          settled();
          if (!done) return;
          this.#acknowledged.set(name, attempt);
          this.acknowledged++;
          if (attempt !== undefined) this.#checkCopies(name, attempt, chunks);
        };
      },
      (outcome) => {
        if (outcome === "refused") settled();
        done();
      },
    );
  }

  /** @throws Violation */
  #checkCopies(name: string, attempt: string, chunks: readonly number[]): void {
    for (const chunk of new Set(chunks)) {
      const copies = this.#options.copies(sha256Of(contentOf(chunk)));
      if (copies === undefined || copies >= LEAST_COPIES) continue;
      throw new Violation("what is acknowledged has its copies", { name, attempt, chunk, copies });
    }
  }

  /** `elsewhere`: a blob could not be asked for everywhere. @throws Violation */
  async #read({ kv, blobs }: GatewayEntry, name: string): Promise<Written | undefined | "elsewhere"> {
    if (blobs === undefined) return undefined;
    for (;;) {
      const before = await rowOf(kv, name);
      if (before === undefined) return undefined;
      try {
        for (let i = 0; i < before.written.chunks.length; i++)
          await readChunk(kv, blobs, name, before.written, i);
        return before.written;
      } catch (error) {
        if (error instanceof BlobServiceError && error.code !== "NOT_FOUND") {
          if (error.code === "UNREACHABLE" || error.code === "CLOSED") return "elsewhere";
          throw error;
        }
        if (!(error instanceof Violation || error instanceof BlobServiceError)) throw error;
        const now = await rowOf(kv, name);
        // The object was replaced meanwhile, and its grace period is short.
        if (now?.version !== before.version) continue;
        throw new Violation("a visible object can be read in full", {
          name,
          ...before.written,
          error: String(error),
        });
      }
    }
  }

  #ask(
    thread: SimThread,
    machine: Machine,
    patienceMs: number,
    work: (entry: GatewayEntry) => Promise<(() => void) | undefined>,
    done: (outcome: Outcome) => void,
  ): void {
    const { life } = machine;
    let over = false;
    const end = (delayMs: number, outcome: Outcome, meaning?: () => void): void => {
      thread.post(delayMs, "response", () => {
        // An answer that comes late is no order any more: another write of the object may have begun.
        if (over) return;
        over = true;
        meaning?.();
        done(outcome);
      });
    };
    if (life?.front === undefined) {
      end(10, "refused");
      return;
    }
    end(patienceMs, "unknown");
    life.onDeath(() => end(CLIENT_LATENCY_MS, "unknown"));
    const entry = this.#options.random.pick(life.entries);
    entry.thread.post(CLIENT_LATENCY_MS, "request about an object", () => {
      work(entry).then(
        (meaning) => end(CLIENT_LATENCY_MS, "answered", meaning),
        (error: unknown) => {
          if (error instanceof BlobServiceError) end(CLIENT_LATENCY_MS, "refused");
          else if (!isExpected(error)) this.#options.onViolation(error);
          else end(CLIENT_LATENCY_MS, neverCarriedOut(error) ? "refused" : "unknown");
        },
      );
    });
  }
}

function contentOf(number: number): Uint8Array {
  const bytes = new Uint8Array(200 + number * 431);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + number * 31) & 0xff;
  return bytes;
}

function sha256Of(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(new Bun.CryptoHasher("sha256").update(bytes).digest());
}

function objectKey(name: string): Uint8Array {
  return encodeKey([OBJECT, name]);
}

function prefixOf(name: string, attempt: string): Uint8Array {
  return encodeKey(["r", name, attempt]);
}

/** As the path of blobs of S3: pinned blobs, some references ahead with a pending write, the rest with the row. */
async function store(
  kv: KvGroup,
  blobs: BlobClient,
  name: string,
  written: Written,
  ahead: number,
): Promise<boolean> {
  await blobs.refresh();
  const pinUntilMs = blobs.nowMs + SIM_BLOB_TIMES.pinMs;
  const stored = await Promise.all(
    written.chunks.map(async (number) => {
      const content = contentOf(number);
      const sha256 = sha256Of(content);
      const buffer = blobs.allocate(content.byteLength);
      try {
        buffer.bytes.set(content);
        await blobs.store(sha256, buffer.bytes, pinUntilMs);
      } finally {
        // The memory is used again: nobody may still read it.
        buffer.bytes.fill(0xee);
        buffer.release();
      }
      return { sha256, size: content.byteLength };
    }),
  );
  const prefix = prefixOf(name, written.attempt);
  const garbage = encodeGarbage([{ kind: "references", prefix }]);
  const inTime: Condition = { kind: "not-after", ms: pinUntilMs };
  const pending = encodeKey(["pend", written.attempt]);
  const references = (from: number, to: number): TxnMutation[] =>
    from === to
      ? []
      : [{ kind: "reference", prefix, first: from, source: blobs.node, blobs: stored.slice(from, to) }];
  if (ahead > 0) {
    const value = new Uint8Array(0);
    const first = await kv.transact({
      conditions: [inTime],
      mutations: [{ kind: "put", key: pending, value, garbage }, ...references(0, ahead)],
    });
    if (!first.ok) return false;
  }
  const outcome = await kv.transact({
    conditions: ahead === 0 ? [inTime] : [inTime, { kind: "must-exist", key: pending }],
    mutations: [
      ...references(ahead, stored.length),
      ...(ahead === 0 ? [] : [{ kind: "delete", key: pending, keepContent: true } as const]),
      {
        kind: "put",
        key: objectKey(name),
        value: new TextEncoder().encode(JSON.stringify(written)),
        garbage,
      },
    ],
  });
  return outcome.ok;
}

async function remove(kv: KvGroup, name: string): Promise<boolean> {
  const outcome = await kv.transact({
    conditions: [],
    mutations: [{ kind: "delete", key: objectKey(name) }],
  });
  return outcome.ok;
}

async function rowOf(
  kv: KvGroup,
  name: string,
): Promise<{ readonly written: Written; readonly version: Timestamp } | undefined> {
  const view = await kv.snapshot();
  const row = await view.get(objectKey(name));
  if (row === undefined) return undefined;
  return { written: JSON.parse(new TextDecoder().decode(row.value)) as Written, version: row.commitTs };
}

/** @throws Violation, which counts when the object is still the same */
async function readChunk(
  kv: KvGroup,
  blobs: BlobClient,
  name: string,
  { attempt, chunks }: Written,
  i: number,
): Promise<void> {
  const row = await kv.getImmutable(referenceKey(prefixOf(name, attempt), i));
  if (row === undefined) throw new Violation("a reference is there", { name, attempt, chunk: i });
  const bytes = await blobs.read(decodeReference(row.value), {
    allocate: (length) => new Uint8Array(length),
  });
  const content = contentOf(chunks[i] as number);
  if (Buffer.compare(bytes, content) !== 0)
    throw new Violation("a blob has its bytes", { name, attempt, chunk: i });
}

/** Nodes whose disks hold a blob that an object refers to. @param machines every one that has been a member */
export function copiesOf(machines: readonly Machine[], sha256: Uint8Array): number | undefined {
  const serving = machines.find((machine) => machine.serves);
  if (serving === undefined) return undefined;
  const reader = serving.reader();
  const row = reader.getAt(blobCountKey(sha256), reader.appliedState().commitTs);
  reader.close();
  if (row === undefined || decodeBlobCount(row.value).references === 0) return undefined;
  let copies = 0;
  for (const { life } of machines) {
    if (life === undefined) continue;
    const own = life.blobs?.own;
    // It is starting, and what it holds is not known yet.
    if (own === undefined) return undefined;
    try {
      if (own.has(sha256)) copies++;
    } catch (error) {
      // It is being stopped, or an operation of its disk has failed and it ends in this moment.
      if (error instanceof BlobError && (error.code === "CLOSED" || error.code === "IO")) return undefined;
      throw error;
    }
  }
  return copies;
}

/** What is left to do until this node holds exactly what objects refer to; "" = nothing. @throws Violation */
export function blobsAtRest(machine: Machine): string {
  const { life } = machine;
  const own = life?.blobs?.own;
  if (own === undefined) return `blobs of ${machine.name}`;
  const reader = machine.reader();
  try {
    const readTs = reader.appliedState().commitTs;
    const scan = (prefix: Uint8Array) => reader.scanAt(prefix, prefixEnd(prefix), { limit: 100_000, readTs });
    const queued = scan(BLOB_QUEUE_PREFIX).length;
    if (queued > 0) return `${queued} blobs in the queue (${machine.name})`;
    const counted = new Map<string, number>();
    for (const { value } of scan(REFERENCES)) {
      const name = Buffer.from(decodeReference(value).sha256).toString("hex");
      counted.set(name, (counted.get(name) ?? 0) + 1);
    }
    const rows = new Map(
      scan(BLOB_COUNTS_PREFIX).map(({ key, value }) => [
        Buffer.from(parseBlobCountKey(key)).toString("hex"),
        decodeBlobCount(value).references,
      ]),
    );
    if (!Bun.deepEquals([...counted].sort(), [...rows].sort())) {
      throw new Violation("the counts are the numbers of references", {
        counted: [...counted],
        rows: [...rows],
      });
    }
    const held = own.list(undefined, 100_000).map(({ sha256 }) => Buffer.from(sha256).toString("hex"));
    const missing = [...rows.keys()].filter((name) => !held.includes(name));
    if (missing.length > 0) return `${missing.length} blobs to come to ${machine.name}`;
    const orphans = held.filter((name) => !rows.has(name));
    if (orphans.length > 0) return `${orphans.length} blobs to leave ${machine.name}`;
    return "";
  } finally {
    reader.close();
  }
}

/** Attempts whose references are there although no object names them. */
export function leakedReferences(machine: Machine): string[] {
  const reader = machine.reader();
  try {
    const readTs = reader.appliedState().commitTs;
    const rows = reader.scanAt(encodeKey([OBJECT]), prefixEnd(encodeKey([OBJECT])), { limit: 1_000, readTs });
    const live = new Set(
      rows.map(({ value }) => (JSON.parse(new TextDecoder().decode(value)) as Written).attempt),
    );
    const references = reader.scanAt(REFERENCES, prefixEnd(REFERENCES), { limit: 100_000, readTs });
    const attempts = references.map(({ key }) => decodeKey(key, ["string", "string", "string", "number"])[2]);
    return [...new Set(attempts)].filter((attempt) => !live.has(attempt));
  } finally {
    reader.close();
  }
}
