/**
 * `bun bench/raft-core.ts`: how fast the Raft core decides, on one core, without disk and network.
 *
 * Three nodes in one thread, async storage writes, 128-byte entries proposed one at a time and 64 at a time: every
 * entry is appended, sent to two followers, acknowledged, committed and applied on all three. The limit to compare
 * with is a loop that only puts the same entries into three arrays. Prints a table, and the same as one line of JSON.
 */
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Entry,
  EntryType,
  hardStateOf,
  MemoryStorage,
  type Message,
  NO_BYTES,
  RawNode,
} from "../src/raft/core/index.ts";

const ENTRY_BYTES = 128;
/** Applied entries are dropped from the in-memory log in steps of this many. */
const COMPACT_ENTRIES = 4096;
const WARMUP_ENTRIES = 100_000;

interface Result {
  readonly name: string;
  readonly entries: number;
  readonly seconds: number;
  readonly entriesPerSecond: number;
  readonly stepsPerSecond: number;
  readonly stepsPerEntry: number;
  readonly allocatedBytesPerEntry: number;
}

interface Member {
  readonly raw: RawNode;
  readonly storage: MemoryStorage;
}

/** Three nodes, the first of which leads. */
class MemoryGroup {
  readonly #members: readonly Member[];
  #queue: Message[] = [];
  steps = 0;

  constructor() {
    const confState = {
      voters: [1, 2, 3],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    this.#members = [1, 2, 3].map((id) => {
      const storage = new MemoryStorage();
      storage.applySnapshot({ metadata: { index: 2, term: 1, confState }, data: NO_BYTES });
      const raw = new RawNode({
        id,
        storage,
        nextInt: () => 0,
        electionTicks: 10,
        heartbeatTicks: 1,
        applied: 2,
        asyncStorageWrites: true,
        maxInflightMsgs: 512,
        maxSizePerMsgBytes: 4 << 20,
        maxInflightBytes: 64 << 20,
        preVote: true,
        checkQuorum: true,
      });
      return { raw, storage };
    });
    this.leader.campaign();
    this.settle();
  }

  get leader(): RawNode {
    return this.#member(1).raw;
  }

  #member(id: number): Member {
    return this.#members[id - 1] as Member;
  }

  /** Until every node is idle. */
  settle(): void {
    for (let busy = true; busy; ) {
      busy = false;
      for (const member of this.#members) {
        while (member.raw.hasReady()) {
          busy = true;
          this.#ready(member);
        }
      }
      const messages = this.#queue;
      this.#queue = [];
      for (const message of messages) {
        this.steps++;
        this.#member(message.to).raw.step(message);
      }
    }
  }

  #ready(member: Member): void {
    for (const message of member.raw.ready().messages) {
      if (message.to === APPEND_THREAD) {
        const hardState = hardStateOf(message);
        if (hardState !== null) member.storage.setHardState(hardState);
        member.storage.append(message.entries);
        this.#respond(message, member);
      } else if (message.to === APPLY_THREAD) {
        this.#respond(message, member);
      } else {
        this.#queue.push(message);
      }
    }
  }

  #respond(message: Message, member: Member): void {
    for (const response of message.responses) {
      if (response.to !== member.raw.id) {
        this.#queue.push(response);
        continue;
      }
      this.steps++;
      member.raw.step(response);
    }
  }

  /** Drops what is applied, as the engine does with its in-memory tail. */
  compact(): void {
    for (const { raw, storage } of this.#members) {
      const { applied } = raw.basicStatus();
      if (applied - storage.firstIndex() >= COMPACT_ENTRIES) storage.compact(applied);
    }
  }
}

function proposal(): Entry {
  return { term: 0, index: 0, type: EntryType.Normal, data: payload };
}

const payload = new Uint8Array(ENTRY_BYTES);

/** Proposes `total` entries, `batch` at a time, each batch until it is applied everywhere. */
function propose(group: MemoryGroup, total: number, batch: number): void {
  for (let done = 0; done < total; done += batch) {
    const entries: Entry[] = [];
    for (let i = 0; i < batch; i++) entries.push(proposal());
    group.leader.proposeEntries(entries);
    group.steps++;
    group.settle();
    if (done % COMPACT_ENTRIES < batch) group.compact();
  }
}

/** What must be done at least: the entries are made, and put into three logs. */
function copy(total: number, batch: number): number {
  let logs: [Entry[], Entry[], Entry[]] = [[], [], []];
  let kept = 0;
  for (let done = 0; done < total; done += batch) {
    const entries: Entry[] = [];
    for (let i = 0; i < batch; i++) entries.push({ ...proposal(), term: 1, index: done + i + 1 });
    for (const log of logs) for (const entry of entries) log.push(entry);
    if (logs[0].length >= COMPACT_ENTRIES) {
      kept += logs[2].length;
      logs = [[], [], []];
    }
  }
  return kept;
}

const ALLOCATIONS = "--allocations";
const ALLOCATION_ENTRIES = 64 * 1024;

/** Bytes allocated per entry by `run`: how the process grows while its garbage collector is off. */
function allocatedHere(run: (entries: number) => void): number {
  run(4096);
  const before = process.memoryUsage().rss;
  run(ALLOCATION_ENTRIES);
  return (process.memoryUsage().rss - before) / ALLOCATION_ENTRIES;
}

/** `allocatedHere` in a process of its own, because a collector can only be switched off from the start. */
function allocated(what: "core" | "copy", batch: number): number {
  const { stdout, stderr, exitCode } = Bun.spawnSync(
    [process.execPath, import.meta.path, ALLOCATIONS, what, String(batch)],
    { env: { ...process.env, BUN_JSC_useGC: "0" } },
  );
  if (exitCode !== 0) throw new Error(`measuring allocations failed: ${stderr}`);
  return Number(stdout.toString());
}

function printAllocations(what: string | undefined, batch: number): void {
  const group = new MemoryGroup();
  const run =
    what === "core"
      ? (entries: number) => propose(group, entries, batch)
      : (entries: number) => void copy(entries, batch);
  console.log(allocatedHere(run));
}

function measure(name: string, entries: number, batch: number): Result {
  const group = new MemoryGroup();
  propose(group, WARMUP_ENTRIES, batch);
  const stepsBefore = group.steps;
  const start = Bun.nanoseconds();
  propose(group, entries, batch);
  const seconds = (Bun.nanoseconds() - start) / 1e9;
  const steps = group.steps - stepsBefore;
  return {
    name,
    entries,
    seconds,
    entriesPerSecond: entries / seconds,
    stepsPerSecond: steps / seconds,
    stepsPerEntry: steps / entries,
    allocatedBytesPerEntry: allocated("core", batch),
  };
}

function measureCopy(name: string, entries: number, batch: number): Result {
  copy(WARMUP_ENTRIES, batch);
  const start = Bun.nanoseconds();
  copy(entries, batch);
  const seconds = (Bun.nanoseconds() - start) / 1e9;
  return {
    name,
    entries,
    seconds,
    entriesPerSecond: entries / seconds,
    stepsPerSecond: 0,
    stepsPerEntry: 0,
    allocatedBytesPerEntry: allocated("copy", batch),
  };
}

function main(): void {
  const results = [
    measure("core, 1 at a time", 300_000, 1),
    measure("core, 64 at a time", 2_000_000, 64),
    measureCopy("three arrays, 1 at a time", 3_000_000, 1),
    measureCopy("three arrays, 64 at a time", 10_000_000, 64),
  ];

  const pad = (value: string | number, width: number): string => String(value).padStart(width);
  console.log(
    `${"".padEnd(28)}${pad("entries/s", 12)}${pad("steps/s", 12)}${pad("steps/entry", 13)}${pad("bytes/entry", 13)}`,
  );
  for (const { name, entriesPerSecond, stepsPerSecond, stepsPerEntry, allocatedBytesPerEntry } of results) {
    console.log(
      name.padEnd(28) +
        pad(Math.round(entriesPerSecond).toLocaleString("en"), 12) +
        pad(stepsPerSecond === 0 ? "" : Math.round(stepsPerSecond).toLocaleString("en"), 12) +
        pad(stepsPerEntry === 0 ? "" : stepsPerEntry.toFixed(2), 13) +
        pad(Math.round(allocatedBytesPerEntry), 13),
    );
  }
  console.log(JSON.stringify({ bench: "raft-core", entryBytes: ENTRY_BYTES, nodes: 3, results }));
}

if (process.argv[2] === ALLOCATIONS) printAllocations(process.argv[3], Number(process.argv[4]));
else main();
