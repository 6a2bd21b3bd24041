/**
 * How fast the Raft core decides, on one core of the machine: entries of 128 B, one at a time and 64 at a time, against
 * a loop that only puts the same entries into three arrays; and what both allocate.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { BenchContext } from "../lib/context.ts";
import { type Figure, median, plainFigure, ratioFigure, type Samples } from "../lib/figure.ts";
import { ENTRY_BYTES } from "../lib/memory-group.ts";
import type { RaftCoreSample, RaftCoreSubject } from "../lib/raft-core-sample.ts";
import { round } from "../lib/report.ts";

/** Proposed together, and entries in one sample: each takes about a second. */
const BATCHES = [
  { batch: 1, core: 300_000, arrays: 3_000_000 },
  { batch: 64, core: 2_000_000, arrays: 10_000_000 },
] as const;
const QUICK_DIVISOR = 10;
const ALLOCATION_ENTRIES = 64 * 1024;
const TARGET_BATCHED_PER_SECOND = 200_000;

export async function raftCore(context: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { batch, core, arrays } of BATCHES) {
    const samples: Samples = { subject: [], limit: [] };
    const stepsPerEntry: number[] = [];
    const divisor = context.quick ? QUICK_DIVISOR : 1;
    for (let i = 0; i < context.rounds; i++) {
      samples.limit.push(sample("arrays", batch, arrays / divisor).entriesPerSecond);
      const of = sample("core", batch, core / divisor, i === 0 ? context.profileDirectory : undefined);
      samples.subject.push(of.entriesPerSecond);
      stepsPerEntry.push(of.stepsPerEntry);
    }
    const steps = median(stepsPerEntry);
    const name = `Raft core, 3 nodes in memory, ${ENTRY_BYTES} B entries, ${batch} at a time`;
    const figure = ratioFigure(name, "entries/s", samples, { kind: "none" }, [
      `${round(steps)} steps an entry, ${round(steps * median(samples.subject))} steps/s; allocated ${round(
        allocated("core", batch),
      )} B an entry (three arrays: ${round(allocated("arrays", batch))})`,
    ]);
    figures.push(figure);
    context.log(`${name}: ${round(figure.value)}`);
    if (batch > 1) {
      figures.push(
        plainFigure("Raft core, committed, batched", "entries/s", samples.subject, {
          kind: "at-least",
          value: TARGET_BATCHED_PER_SECOND,
        }),
      );
    }
  }
  return figures;
}

function sample(
  subject: RaftCoreSubject,
  batch: number,
  entries: number,
  profileDirectory?: string,
): RaftCoreSample {
  const flags = profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`];
  return run(flags, [subject, String(batch), String(entries)]) as RaftCoreSample;
}

/** Bytes per entry. A collector can only be switched off from the start of a process. */
function allocated(subject: RaftCoreSubject, batch: number): number {
  const args = [subject, String(batch), String(ALLOCATION_ENTRIES), "allocations"];
  return run([], args, { BUN_JSC_useGC: "0" }) as number;
}

function run(flags: readonly string[], args: readonly string[], env: NodeJS.ProcessEnv = {}): unknown {
  const file = join(import.meta.dir, "../lib/raft-core-sample.ts");
  const options = { encoding: "utf8", env: { ...process.env, ...env } } as const;
  return JSON.parse(execFileSync(process.execPath, [...flags, file, ...args], options));
}
