/** Runs `elastickv cluster update-lock`. */
import { type UpdateLock, updateLockChangeSchema, updateLockSchema } from "../api/operations.ts";
import type { UpdateLockAction } from "./cluster-arguments.ts";
import type { ClusterClient } from "./cluster-client.ts";

const PATH = "/v1/cluster/update-lock";

/** @returns the exit code. @throws ClusterError HELD when another owner has the lock */
export async function updateLock(
  action: UpdateLockAction,
  client: Pick<ClusterClient, "request">,
  { print }: { print(text: string): void },
  timeoutMs: number,
): Promise<number> {
  switch (action.action) {
    case "acquire": {
      const { owner } = action;
      const answer = await client.request(updateLockChangeSchema, "POST", PATH, { owner }, timeoutMs);
      const what = answer.changed ? "acquired" : "is held already, and kept";
      print(`update lock ${what}: ${shown(answer)}\n`);
      return 0;
    }
    case "release": {
      const { owner, force } = action;
      const query = new URLSearchParams({ owner, ...(force ? { force: "true" } : {}) });
      const path = `${PATH}?${query}`;
      const answer = await client.request(updateLockChangeSchema, "DELETE", path, undefined, timeoutMs);
      print(answer.changed ? "update lock released\n" : "nobody had the update lock\n");
      return 0;
    }
    case "show": {
      const answer = await client.request(updateLockSchema, "GET", PATH, undefined, timeoutMs);
      print(action.json ? `${JSON.stringify(answer)}\n` : `${shown(answer)}\n`);
      return 0;
    }
  }
}

function shown({ lock }: UpdateLock): string {
  if (lock === null) return "nobody has the update lock";
  const who =
    lock.owner === null ? "an owner that this release cannot read" : `owner ${JSON.stringify(lock.owner)}`;
  return `${who}, since ${new Date(lock.takenMs).toISOString()}, ${lock.ageSeconds} s ago`;
}
