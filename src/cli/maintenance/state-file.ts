/** A small JSON file that is replaced as a whole, so that a command can go on where it stopped. */
import { ConfigError } from "../../config/config.ts";
import { readWholeFile, removeFile, writeFileAtomically } from "../../platform/disk/atomic-file.ts";
import { realDisk } from "../../platform/disk/real-disk.ts";
import { DiskError } from "../../platform/disk.ts";
import { ClusterError } from "../cluster-client.ts";

/** @returns the content; undefined when there is no such file. @throws ConfigError when it cannot be read, or is not JSON */
export function readState(path: string): unknown {
  let bytes: Uint8Array | undefined;
  try {
    bytes = readWholeFile(realDisk, path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw new ConfigError(error.message);
  }
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new ConfigError(`${path} is no state of this command: remove it, or name another file`);
  }
}

/** @throws ClusterError STATE when the file cannot be written */
export function writeState(path: string, state: unknown): void {
  coded(() => writeFileAtomically(realDisk, path, `${JSON.stringify(state)}\n`));
}

/** @throws ClusterError STATE */
export function removeState(path: string): void {
  coded(() => removeFile(realDisk, path));
}

function coded(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw new ClusterError("STATE", error.message);
  }
}
