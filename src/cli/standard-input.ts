import { readFileSync } from "node:fs";

const STDIN = 0;

/** Waits for the end of standard input. @returns all its bytes. @throws Error of node:fs when it cannot be read */
export function readStandardInput(): Uint8Array {
  return readFileSync(STDIN);
}
