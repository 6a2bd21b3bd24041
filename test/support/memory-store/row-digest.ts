/**
 * One number for everything that is replicated, kept up to date with each change: the sum of a number for each live row and
 * each state. Replicas that have applied the same log have the same, however they got there.
 */
import { crc32 } from "node:zlib";
import type { MemoryVersion } from "./versions.ts";

/** 0: no row, or a deleted one. Older versions are each replica's own business. */
export function rowDigest(name: string, head: MemoryVersion | undefined): number {
  if (head?.value === undefined) return 0;
  const { commitTs, value, payload, garbage } = head;
  let crc = crc32(value, crc32(Buffer.from(name, "latin1")));
  // What is absent differs from what is empty.
  for (const part of [payload, garbage]) crc = part === undefined ? crc : crc32(part, (crc ^ 1) >>> 0);
  return scatter(scatter(crc ^ Number(BigInt.asIntN(32, commitTs))) ^ Number(commitTs >> 32n));
}

export function stateDigest(name: string, value: Uint8Array | undefined): number {
  return value === undefined ? 0 : scatter(crc32(value, crc32(name)));
}

/** Checksums are linear: sums of them would forgive two errors of one kind. */
function scatter(word: number): number {
  const mixed = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35) ^ (mixed >>> 16);
}
