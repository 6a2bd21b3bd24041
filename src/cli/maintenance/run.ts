/** Runs `verify`, `migrate`, `backup` and `restore`. */
import type { ClusterContext } from "../cluster-context.ts";
import { firstThere } from "../cluster-context.ts";
import type { MaintenanceCommand } from "./arguments.ts";
import { runBackup, runBackupVerify, runRestore } from "./backup.ts";
import { openBackupStore } from "./backup-store.ts";
import { MaintenanceClient } from "./client.ts";
import { runMigrate } from "./migrate.ts";
import { Progress, type Screen } from "./progress.ts";
import { runVerify } from "./verify.ts";

export interface MaintenanceContext extends ClusterContext {
  /** Standard error, for progress; undefined: nobody looks. */
  readonly screen?: Screen;
}

/** @returns the exit code. @throws ClusterError, ConfigError */
export async function runMaintenance(
  { action, admin, environment, patienceMs }: MaintenanceCommand,
  context: MaintenanceContext,
): Promise<number> {
  const { clock, print } = context;
  const sleep = (ms: number): Promise<void> => context.sleep(ms);
  const progress = new Progress(context.screen, clock);
  const client = new MaintenanceClient({
    admin: await firstThere(admin, context),
    fetch: context.fetch,
    clock,
    sleep,
    patienceMs,
    waiting: (reason) => progress.show(() => `waiting: ${reason}`),
  });
  const shared = { client, progress, clock, sleep, print };
  try {
    switch (action.verb) {
      case "verify":
        return await runVerify(action, shared);
      case "migrate start":
      case "migrate status":
      case "migrate pause":
        return await runMigrate(action, shared);
      case "backup":
      case "restore": {
        const store = openBackupStore(action.target, action.endpoint, environment);
        if (action.verify) return await runBackupVerify(action, { ...shared, store });
        const run = action.verb === "backup" ? runBackup : runRestore;
        return await run(action, { ...shared, store });
      }
    }
  } finally {
    progress.clear();
  }
}
