/** Speed of each hash over 1 MiB in shared memory, as hash threads do it: bun test/hash/speed.ts (decision 073). */
import { createHasher, hashersReady } from "../../src/hash/hashers.ts";
import { Md5Lanes } from "../../src/hash/md5-lanes.ts";
import type { HashAlgorithm } from "../../src/hash/types.ts";

const ALGORITHMS: readonly HashAlgorithm[] = [
  "crc32",
  "crc32c",
  "crc64nvme",
  "sha1",
  "sha256",
  "sha512",
  "md5",
  "xxhash64",
  "xxhash3",
  "xxhash128",
];
const MIB = 1024 * 1024;
const ROUNDS = 300;

await hashersReady;
const data = new Uint8Array(new SharedArrayBuffer(MIB));
for (let i = 0; i < MIB; i++) data[i] = Math.imul(i, 2654435761) >>> 13;

function rate(algorithm: HashAlgorithm, streams: number): string {
  const hashers = Array.from({ length: streams }, () => createHasher(algorithm));
  const hashOnce = (): void => {
    for (let at = 0; at < MIB; at += 128 * 1024) {
      for (const hasher of hashers) hasher.update(data.subarray(at, at + 128 * 1024));
    }
  };
  for (let i = 0; i < 20; i++) hashOnce();
  const started = Bun.nanoseconds();
  for (let i = 0; i < ROUNDS; i++) hashOnce();
  const seconds = (Bun.nanoseconds() - started) / 1e9;
  return `${((ROUNDS * streams) / 1024 / seconds).toFixed(2)} GiB/s`;
}

console.log("algorithm   one stream   two that take turns every 128 KiB");
for (const algorithm of ALGORITHMS) {
  console.log(algorithm.padEnd(11), rate(algorithm, 1).padEnd(12), rate(algorithm, 2));
}

/** Streams that always have something at the same time. */
function laneRate(streams: number): string {
  const lanes = Md5Lanes.create({ later: () => () => {} });
  if (lanes === undefined) return "no SIMD";
  const open = Array.from({ length: streams }, () => lanes.open());
  const hashOnce = (): void => {
    for (const stream of open) lanes.update(stream, data, () => {});
  };
  for (let i = 0; i < 20; i++) hashOnce();
  const started = Bun.nanoseconds();
  for (let i = 0; i < ROUNDS; i++) hashOnce();
  lanes.run();
  const seconds = (Bun.nanoseconds() - started) / 1e9;
  return `${((ROUNDS * streams) / 1024 / seconds).toFixed(2)} GiB/s`;
}

console.log("md5 in lanes:");
for (const streams of [1, 2, 3, 4]) console.log(`${streams} streams`.padEnd(11), laneRate(streams));
