/** Where the time of a load on several nodes went: CPU, fsyncs and waiting of each, per proposal. */
import { readFileSync } from "node:fs";
import { threadCpuSeconds } from "../../test/process/lib/proc.ts";
import { counterOf } from "./metrics-page.ts";

export interface ProfiledNode {
  readonly name: string;
  readonly pid: number;
  readonly leads: boolean;
  metrics(): Promise<string>;
}

interface Look {
  readonly page: string;
  readonly cpu: ReadonlyMap<string, number>;
}

interface MachineTicks {
  readonly idle: number;
  /** Idle, and something waits for the disk. */
  readonly disk: number;
  readonly total: number;
}

/** Threads that cost less than this share of their process are not named. */
const SHOWN_SHARE = 1 / 50;

export class ClusterProfile {
  readonly #nodes: readonly ProfiledNode[];
  readonly #before: readonly Look[];
  readonly #machine = machineTicks();
  readonly #begin = performance.now();

  private constructor(nodes: readonly ProfiledNode[], before: readonly Look[]) {
    this.#nodes = nodes;
    this.#before = before;
  }

  static async begin(nodes: readonly ProfiledNode[]): Promise<ClusterProfile> {
    return new ClusterProfile(nodes, await Promise.all(nodes.map(look)));
  }

  /** @param per what is counted; default: entries of each node's log, so warm-ups and repetitions are counted as well
   *  @returns a line for each node and one for the machine */
  async end(per?: { readonly what: string; readonly count: number }): Promise<string[]> {
    const seconds = (performance.now() - this.#begin) / 1000;
    const machine = machineTicks();
    const after = await Promise.all(this.#nodes.map(look));
    const lines = this.#nodes.map((node, i) => {
      const [first, last] = [this.#before[i] as Look, after[i] as Look];
      const grown = (name: string): number => counterOf(last.page, name) - counterOf(first.page, name);
      const count = per?.count ?? grown("elastickv_wal_entries_total");
      const cpu = cpuCosts(first.cpu, last.cpu, count, per?.what ?? "proposal");
      const fsyncs = grown("elastickv_wal_fsync_seconds_count");
      const syncing = grown("elastickv_wal_fsync_seconds_sum");
      return (
        `${node.name} (${node.leads ? "leader" : "follower"}): CPU ${cpu.text}; ` +
        `${percent(cpu.seconds / seconds)} of a core; ` +
        `${(fsyncs / count).toFixed(2)} fsyncs each, of ${((1000 * syncing) / Math.max(1, fsyncs)).toFixed(1)} ms, ` +
        `${percent(syncing / seconds)} of the time`
      );
    });
    const total = machine.total - this.#machine.total;
    const idle = (machine.idle - this.#machine.idle) / total;
    const disk = (machine.disk - this.#machine.disk) / total;
    return [...lines, `the machine's cores: ${percent(idle)} idle, ${percent(disk)} waiting for a disk`];
  }
}

async function look(node: ProfiledNode): Promise<Look> {
  // In this order on both sides of the load: what the page itself costs falls into the same place.
  const page = await node.metrics();
  return { page, cpu: threadCpuSeconds(node.pid) };
}

/** CPU microseconds of each thread per request, the dearest first. Workers are numbered as they were started. */
export function cpuCosts(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  count: number,
  what: string,
): { readonly seconds: number; readonly text: string } {
  let workers = 0;
  const used = [...after]
    .sort(([a], [b]) => idOf(a) - idOf(b))
    .map(([thread, cpu]) => {
      const name = thread.replace(/\/\d+$/, "");
      return [name === "Worker" ? `Worker-${++workers}` : name, cpu - (before.get(thread) ?? 0)] as const;
    });
  const seconds = used.reduce((sum, [, cpu]) => sum + cpu, 0);
  const listed = used
    .sort(([, a], [, b]) => b - a)
    .slice(0, 8)
    .filter(([, cpu]) => cpu >= seconds * SHOWN_SHARE)
    .map(([thread, cpu]) => `${thread} ${((cpu * 1e6) / count).toFixed(0)}`);
  return { seconds, text: `${((seconds * 1e6) / count).toFixed(0)} us a ${what}: ${listed.join(", ")}` };
}

function idOf(thread: string): number {
  return Number(thread.slice(thread.lastIndexOf("/") + 1));
}

function machineTicks(): MachineTicks {
  // user nice system idle iowait irq softirq steal
  const ticks = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "")
    .split(/\s+/)
    .slice(1, 9)
    .map(Number);
  return { idle: ticks[3] ?? 0, disk: ticks[4] ?? 0, total: ticks.reduce((sum, tick) => sum + tick, 0) };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
