/** `elastickv migrate start | status | pause`. */
import { type MigrationStatus, migrationSchema } from "../../api/maintenance.ts";
import { formatSize } from "../../config/units.ts";
import { EXIT } from "../../platform/exit-codes.ts";
import type { MigrateAction } from "./arguments.ts";
import type { MaintenanceClient } from "./client.ts";
import { bar, type Progress, roughSize } from "./progress.ts";

export interface MigrateContext {
  readonly client: Pick<MaintenanceClient, "json">;
  readonly progress: Progress;
  sleep(ms: number): Promise<void>;
  print(text: string): void;
}

const WATCH_MS = 1_000;
const PATH = "/v1/migration";

/** @returns the exit code. @throws ClusterError */
export async function runMigrate(action: MigrateAction, context: MigrateContext): Promise<number> {
  const { client, progress, print } = context;
  if (action.verb !== "migrate status") {
    const change =
      action.verb === "migrate pause"
        ? { action: "pause" }
        : { action: "start", ...(action.rate === undefined ? {} : { rate: action.rate }) };
    print(`${line(await client.json(migrationSchema, "POST", PATH, change))}\n`);
    return EXIT.DONE;
  }
  let status = await client.json(migrationSchema, "GET", PATH);
  while (action.watch && status.state === "running") {
    const now = status;
    progress.show(() => `${bar(shareOf(now))} ${line(now)}`);
    await context.sleep(WATCH_MS);
    status = await client.json(migrationSchema, "GET", PATH);
  }
  progress.clear();
  print(action.json ? `${JSON.stringify(status, undefined, 2)}\n` : `${line(status)}\n`);
  return EXIT.DONE;
}

function shareOf({ state, bytes, totalBytes }: MigrationStatus): number {
  if (state === "done") return 1;
  return totalBytes === null || totalBytes === 0 ? 0 : bytes / totalBytes;
}

function line({ state, objects, bytes, skipped, totalBytes, rate, open }: MigrationStatus): string {
  if (state === "never") return "the migration was never started";
  const of = totalBytes === null || state === "done" ? "" : ` of about ${roughSize(totalBytes)}`;
  const left = skipped === 0 ? "" : `, ${skipped} objects skipped (see the log of the leader)`;
  const waits = state !== "running" || open ? "" : "; waits: not every member stores blobs";
  const pace = state === "running" ? `, at most ${formatSize(rate)} a second` : "";
  return `${state}: ${objects} objects, ${roughSize(bytes)}${of}${left}${pace}${waits}`;
}
