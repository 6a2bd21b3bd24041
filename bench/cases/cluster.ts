/** Three processes: what a replicated write and a linearizable read cost, how long a failover takes, and what large things do to it. */
import type { BenchContext } from "../lib/context.ts";
import type { Figure } from "../lib/figure.ts";
import { failover } from "./cluster-failover.ts";
import { millionKeys } from "./cluster-keys.ts";
import { proposals } from "./cluster-proposals.ts";
import { slowSync } from "./cluster-slow-sync.ts";

export async function cluster(context: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const part of [proposals, failover, slowSync, millionKeys]) figures.push(...(await part(context)));
  return figures;
}
