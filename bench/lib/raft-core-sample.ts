/**
 * One sample of the Raft core, or of the limit it is compared with, in a process of its own:
 * `bun bench/lib/raft-core-sample.ts core|arrays BATCH ENTRIES` prints a RaftCoreSample as JSON,
 * `... BATCH ENTRIES allocations` the bytes allocated per entry.
 */
import { copy, MemoryGroup, propose } from "./memory-group.ts";

export interface RaftCoreSample {
  readonly entriesPerSecond: number;
  /** 0 for the arrays: they decide nothing. */
  readonly stepsPerEntry: number;
}

export type RaftCoreSubject = "core" | "arrays";

const WARM_UP_ENTRIES = 100_000;
const ALLOCATIONS_WARM_UP_ENTRIES = 4096;

/** Runs so many entries; returns the steps that it took. */
function runner(subject: RaftCoreSubject, batch: number): (entries: number) => number {
  if (subject === "arrays") {
    return (entries) => {
      copy(entries, batch);
      return 0;
    };
  }
  const group = new MemoryGroup();
  return (entries) => {
    const before = group.steps;
    propose(group, entries, batch);
    return group.steps - before;
  };
}

function sample(run: (entries: number) => number, entries: number): RaftCoreSample {
  run(WARM_UP_ENTRIES);
  const start = Bun.nanoseconds();
  const steps = run(entries);
  const seconds = (Bun.nanoseconds() - start) / 1e9;
  return { entriesPerSecond: entries / seconds, stepsPerEntry: steps / entries };
}

/** How the process grows per entry. The caller has switched its garbage collector off (BUN_JSC_useGC=0). */
function allocatedBytes(run: (entries: number) => number, entries: number): number {
  run(ALLOCATIONS_WARM_UP_ENTRIES);
  const before = process.memoryUsage().rss;
  run(entries);
  return (process.memoryUsage().rss - before) / entries;
}

if (import.meta.main) {
  const [subject, batch, entries, what] = process.argv.slice(2);
  const run = runner(subject === "core" ? "core" : "arrays", Number(batch));
  const measure = what === "allocations" ? allocatedBytes : sample;
  console.log(JSON.stringify(measure(run, Number(entries))));
}
