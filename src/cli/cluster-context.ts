/** What commands that ask a node need from the process, and the choice of the node. */
import type { Clock } from "../platform/clock.ts";
import type { AdminTarget } from "./cluster-arguments.ts";
import type { Fetch } from "./cluster-client.ts";

export interface ClusterContext {
  print(text: string): void;
  readonly fetch: Fetch;
  /** True when a process accepts connections at this unix socket. */
  listens(path: string): Promise<boolean>;
  readonly clock: Pick<Clock, "monotonicMs">;
  sleep(ms: number): Promise<void>;
}

/** Returns the first usable target. A socket file without a listener, or of another user, is not usable. */
export async function firstThere(
  targets: readonly AdminTarget[],
  context: Pick<ClusterContext, "listens">,
): Promise<AdminTarget> {
  const last = targets.at(-1);
  if (last === undefined) throw new Error("nobody to ask");
  for (const target of targets) {
    if (target.kind === "address" || (await context.listens(target.path))) return target;
  }
  return last;
}
