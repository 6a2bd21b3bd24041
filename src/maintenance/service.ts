/** Work on all objects, as the admin API asks for it: one bounded step a call, errors with the API's codes. */
import {
  type BackupBegun,
  type BackupCounts,
  MaintenanceError,
  type MigrationChange,
  type MigrationStatus,
  type VerifyRequest,
  type VerifyStep,
} from "../api/maintenance.ts";
import { StoreError } from "../store/types.ts";
import { KvError } from "../txn/types.ts";
import { Backups, type BackupsOptions } from "./backups.ts";
import { CursorError } from "./cursor.ts";
import type { Migrator } from "./migrator.ts";
import { Restorer, type RestorerOptions } from "./restorer.ts";
import { Verifier, type VerifierOptions } from "./verifier.ts";

export type MaintenanceOptions = VerifierOptions &
  BackupsOptions &
  RestorerOptions & { readonly migrator: Pick<Migrator, "status" | "change"> };

/** Every method: @throws MaintenanceError */
export class MaintenanceService {
  readonly #verifier: Verifier;
  readonly #backups: Backups;
  readonly #restorer: Restorer;
  readonly #migrator: MaintenanceOptions["migrator"];

  constructor(options: MaintenanceOptions) {
    this.#verifier = new Verifier(options);
    this.#backups = new Backups(options);
    this.#restorer = new Restorer(options);
    this.#migrator = options.migrator;
  }

  verify(request: VerifyRequest): Promise<VerifyStep> {
    return coded(() => this.#verifier.step(request));
  }

  migration(): Promise<MigrationStatus> {
    return coded(() => this.#migrator.status());
  }

  changeMigration(change: MigrationChange): Promise<MigrationStatus> {
    return coded(() => this.#migrator.change(change));
  }

  beginBackup(): Promise<BackupBegun> {
    return coded(() => this.#backups.begin());
  }

  backupPage(id: string, page: number): Promise<Uint8Array> {
    return coded(() => this.#backups.page(id, page));
  }

  backupBlob(id: string, sha256: Uint8Array, size: number): Promise<Uint8Array> {
    return coded(() => this.#backups.blob(id, sha256, size));
  }

  endBackup(id: string): Promise<BackupCounts> {
    return coded(() => this.#backups.end(id));
  }

  beginRestore(id: string): Promise<void> {
    return coded(() => this.#restorer.begin(id));
  }

  restoreBlob(id: string, sha256: Uint8Array, bytes: Uint8Array): Promise<number> {
    return coded(() => this.#restorer.blob(id, sha256, bytes));
  }

  restorePage(id: string, page: Uint8Array, pinUntilMs: number): Promise<void> {
    return coded(() => this.#restorer.page(id, page, pinUntilMs));
  }

  endRestore(id: string): Promise<void> {
    return coded(() => this.#restorer.end(id));
  }
}

async function coded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw codedError(error);
  }
}

function codedError(error: unknown): unknown {
  const options = { cause: error };
  if (error instanceof CursorError) return new MaintenanceError("INVALID", error.message, options);
  if (error instanceof KvError) return new MaintenanceError("UNAVAILABLE", error.message, options);
  if (error instanceof StoreError && error.code === "HISTORY_COMPACTED") {
    return new MaintenanceError("BACKUP_GONE", error.message, options);
  }
  return error;
}
