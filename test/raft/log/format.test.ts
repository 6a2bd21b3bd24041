/** Golden bytes of docs/format/wal.md. A change here is a new format version and a decision. */
import { expect, test } from "bun:test";
import type { Random } from "../../../src/platform/random.ts";
import { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { readBytes } from "./support/damage.ts";
import { entry, marker, openWal } from "./support/log-fixture.ts";
import { seededRandom } from "./support/seeded-random.ts";

const COUNTING: Random = {
  nextInt: () => 0,
  bytes: (length) => Uint8Array.from({ length }, (_, i) => i + 1),
};

function hex(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.byteLength; at += 16) {
    lines.push(Buffer.from(bytes.subarray(at, at + 16)).toString("hex"));
  }
  return lines;
}

test("a segment and the watermark, byte by byte", () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  disk.mkdir("/wal");
  const { wal } = openWal(disk, "/wal", { random: COUNTING });
  wal.append({
    snapshot: marker(0x0102, 3),
    entries: [entry(0x0103, 4, 5)],
    hardState: { term: 4, vote: 9, commit: 0x0102 },
  });
  wal.close();
  expect(disk.readdir("/wal")).toEqual(["0000000000000001-0000000000000001.wal", "LOCK", "frontier"]);
  const segment = readBytes(disk, "/wal/0000000000000001-0000000000000001.wal");
  expect(segment.byteLength).toBe(4096);
  const content = segment.subarray(0, segment.findLastIndex((byte) => byte !== 0) + 1);
  expect(hex(content)).toMatchInlineSnapshot(`
    [
      "454b5657414c0000010000008ff8655a",
      "c5b72d24bc32a3015f00000001010000",
      "01000000000000001000000000000000",
      "00000000000000000807060504030201",
      "01000000000000000100000000000000",
      "00000000000000000000000000000000",
      "00100000000000000000000000000000",
      "00000000000000000000000000000000",
      "000000000000000009000000636c7573",
      "7465722d61020000006e310000000000",
      "4ebcbd19f3f844444800000004000000",
      "0100000000000000a0000000a0000000",
      "c5b72d24000000000807060504030201",
      "02010000000000000300000000000000",
      "01000000020000000100000001000000",
      "00000000000000000100000000000000",
      "02000000000000000300000000000000",
      "040000000000000024426dac7bba1e99",
      "25000000030000000100000000000000",
      "18010000a00000004ebcbd1900000000",
      "08070605040302010400000000000000",
      "03010000000000000300000000000000",
      "0000000000000000797a7b7c7d000000",
      "67bf46b36856eef31800000002010000",
      "010000000000000070010000a0000000",
      "24426dac000000000807060504030201",
      "04000000000000000900000000000000",
      "0201",
    ]
  `);
  // Two slots: written at the start (turn 1) and by the sync (turn 2).
  const watermark = readBytes(disk, "/wal/frontier");
  expect(watermark.byteLength).toBe(8192);
  expect(hex(watermark.subarray(0, 64))).toMatchInlineSnapshot(`
    [
      "3589e550454b46520200000000000000",
      "0100000000000000b801000000000000",
      "00000000000000000000000000000000",
      "00000000000000000000000000000000",
    ]
  `);
  expect(hex(watermark.subarray(4096, 4096 + 64))).toMatchInlineSnapshot(`
    [
      "e43447b6454b46520100000000000000",
      "0100000000000000a000000000000000",
      "00000000000000000000000000000000",
      "00000000000000000000000000000000",
    ]
  `);
});
