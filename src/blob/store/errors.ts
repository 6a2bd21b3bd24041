import { DiskError } from "../../platform/disk.ts";
import { guarded } from "../../store/store-errors.ts";
import { StoreError } from "../../store/types.ts";
import { BlobError } from "../types.ts";

export function toBlobError(error: unknown, path: string): BlobError {
  if (error instanceof BlobError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new BlobError("IO", error instanceof DiskError ? message : `${path}: ${message}`, { cause: error });
}

/** Runs `action` on files; each of its errors means that the process must end. @throws BlobError */
export function orIo<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toBlobError(error, path);
  }
}

/** Runs `action` on the index. @throws BlobError DISK_FULL, CORRUPT (the index is damaged), IO */
export function onIndex<T>(file: string, action: () => T): T {
  try {
    return guarded(file, action);
  } catch (error) {
    if (!(error instanceof StoreError)) throw toBlobError(error, file);
    const code = error.code === "DISK_FULL" || error.code === "CORRUPT" ? error.code : "IO";
    throw new BlobError(code, error.message, { cause: error });
  }
}
