/** A small JSON file that is replaced as a whole, so that a command can go on where it stopped. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { ConfigError } from "../../config/config.ts";

/** @returns the content; undefined when there is no such file. @throws ConfigError when it is not JSON */
export function readState(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError(`${path} is no state of this command: remove it, or name another file`);
  }
}

/** @throws ConfigError when the file cannot be written */
export function writeState(path: string, state: unknown): void {
  const next = `${path}.next`;
  try {
    const file = openSync(next, "w", 0o600);
    try {
      writeSync(file, `${JSON.stringify(state)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, path);
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function removeState(path: string): void {
  rmSync(path, { force: true });
}
