/**
 * XXH64, XXH3-64 and XXH3-128 against vectors that python-xxhash 4.1.0 (the reference C library) and awscrt 0.38.1 (what
 * botocore sends) agree on: seed 0, canonical bytes. Lengths are at the borders of the algorithms' cases.
 */
import { beforeAll, expect, test } from "bun:test";
import { createHasher, hashersReady } from "../../src/blob/hash/hashers.ts";
import { HashPool } from "../../src/blob/hash/pool.ts";
import { spawnHashWorker } from "../../src/blob/hash/port.ts";
import type { HashAlgorithm } from "../../src/blob/hash/types.ts";

const VECTORS: readonly (readonly [length: number, xxh64: string, xxh3: string, xxh128: string])[] = [
  [0, "ef46db3751d8e999", "2d06800538d394c2", "99aa06d3014798d86001c324468d497f"],
  [1, "e934a84adb052768", "c44bdff4074eecdb", "a6cd5e9392000f6ac44bdff4074eecdb"],
  [3, "40f8bb1d93cc537b", "d5fb6a7679a1734b", "448269c78835048cd5fb6a7679a1734b"],
  [4, "19422fd7b83abe13", "6361267602576b4b", "55ba10a2a2bbf5e3a5dddb6618318689"],
  [8, "a64fa2e9a11b9e68", "4e64c0fb0db5d1e8", "ab0529f6de9dbfd0a47738663da27358"],
  [9, "c4cf76e294604326", "033e0f18853d6d7c", "ef339162b245be3f14e563c0648d3c17"],
  [16, "ce1e0c0adb3b9308", "f05ec8268bf52d68", "1146f4ef2aff3aa019225938dd3ef7a0"],
  [17, "a23d3d79176b9140", "f5508579a73e5555", "a7af563020caf9a427255c31c450d9be"],
  [32, "a565bf548a4a109c", "1fb6c382a38de751", "75d4dd43d9779e822ceb36281e203cc7"],
  [128, "7a5d358a1eb656dc", "b44271fd65d08854", "903fba4374557ef30eb4fcb1298e4cee"],
  [129, "c365b92b1ab8147f", "621d67fe02cd4c4f", "ccddc8e48b6827634ed71857a282ee62"],
  [240, "be170fcb7ed1e116", "7f64406503072412", "2ba7fdcd8a236e189aec2f9f5abb9b3a"],
  [241, "166de18589bcda22", "87bdac1e134c4dd7", "ca9cf420700d980a87bdac1e134c4dd7"],
  [256, "44274114960b9698", "aec9495b98caf0a5", "1b02199df33b2c30aec9495b98caf0a5"],
  [257, "8d4acb2261d381f4", "bf3e2327dac9cce9", "f99b40a49c498072bf3e2327dac9cce9"],
  [1023, "64186eb55ef33c94", "c62c586de0bd2c47", "56c5336b7902b133c62c586de0bd2c47"],
  [1024, "f0938353d5257dce", "bfdca06fce656383", "fc4d2d7ea40001b4bfdca06fce656383"],
  [1025, "15f5273aa93db32c", "b319e1fbebc31fdb", "0a79ddb7312d8bd3b319e1fbebc31fdb"],
  [16384, "6bd6b00351934d60", "a046015daa7f5851", "0928c54f1d029a9fa046015daa7f5851"],
  [16385, "ea89602764846919", "50ba8c48e11da5c9", "b4b41065f48885d450ba8c48e11da5c9"],
  [131072, "4e5360f19780bf11", "6924f6f9a549d3cf", "bbd6174349b9357c6924f6f9a549d3cf"],
  [1000003, "b660a598ebad6b04", "7a4f257102b996e4", "04c7cb8b40e407057a4f257102b996e4"],
];
const NAMES = ["xxhash64", "xxhash3", "xxhash128"] as const;

function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.floor((i * i * 31 + i * 7 + 3) / 8) % 256;
  return bytes;
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");

beforeAll(() => hashersReady);

test.each(VECTORS)("vectors of %d bytes, in one piece and in many", (length, ...expected) => {
  const data = pattern(length);
  NAMES.forEach((name, i) => {
    for (const piece of [Math.max(length, 1), 1 + (length >> 4), 1 + (length >> 9)]) {
      const hasher = createHasher(name);
      for (let at = 0; at < length; at += piece) hasher.update(data.subarray(at, at + piece));
      expect(hex(hasher.digest())).toBe(expected[i] as string);
    }
  });
});

test("streams take turns with the one engine, some are left unfinished", () => {
  const data = VECTORS.map(([length]) => pattern(length));
  const streams = data.map(() => NAMES.map(createHasher));
  for (let round = 0; round < 16; round++) {
    data.forEach((bytes, i) => {
      const step = Math.ceil(bytes.length / 16);
      for (const hasher of streams[i] ?? []) hasher.update(bytes.subarray(round * step, (round + 1) * step));
      createHasher("xxhash3").update(bytes);
    });
  }
  const digests = streams.map((hashers) => hashers.map((hasher) => hex(hasher.digest())));
  expect(digests).toEqual(VECTORS.map(([, ...expected]) => expected));
});

test("every algorithm, in a Worker that was started this moment, as here", async () => {
  const algorithms: HashAlgorithm[] = [
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "crc32",
    "crc32c",
    "crc64nvme",
    ...NAMES,
  ];
  const data = new Uint8Array(new SharedArrayBuffer(1_000_003));
  data.set(pattern(data.length));
  const digests: string[][] = [];
  for (const workers of [1, 0]) {
    const pool = new HashPool({ spawn: spawnHashWorker(), workers });
    try {
      const one = pool.open(algorithms, undefined);
      const other = pool.open(algorithms, undefined);
      for (let at = 0; at < data.length; at += 300_000) {
        await one.update(data.subarray(at, at + 300_000));
        await other.update(data.subarray(0, 10));
      }
      const result = await one.digest();
      digests.push(algorithms.map((name) => hex(result[name])));
      other.abort();
    } finally {
      pool.close();
    }
  }
  expect(digests[0]).toEqual(digests[1] as string[]);
  expect(digests[0]?.slice(-3)).toEqual(VECTORS.at(-1)?.slice(1) as string[]);
});

test("SHA-512 of abc (FIPS 180-4)", () => {
  const hasher = createHasher("sha512");
  hasher.update(Buffer.from("abc"));
  expect(hex(hasher.digest())).toBe(
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  );
});
