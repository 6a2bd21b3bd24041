/** Work on all objects, as the admin API asks for it: one bounded step a call, errors with the API's codes. */
import { MaintenanceError, type VerifyRequest, type VerifyStep } from "../api/maintenance.ts";
import { StoreError } from "../store/types.ts";
import { KvError } from "../txn/types.ts";
import { CursorError } from "./cursor.ts";
import { Verifier, type VerifierOptions } from "./verifier.ts";

export type MaintenanceOptions = VerifierOptions;

export class MaintenanceService {
  readonly #verifier: Verifier;

  constructor(options: MaintenanceOptions) {
    this.#verifier = new Verifier(options);
  }

  /** @throws MaintenanceError */
  verify(request: VerifyRequest): Promise<VerifyStep> {
    return coded(() => this.#verifier.step(request));
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
