/** A full disk is an ordinary day: uploads are refused with a clear code, reads and deletes go on, and when there is
 *  space again so do uploads. Needs root (a small tmpfs is the disk). */
import { expect, test } from "bun:test";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { needs } from "../platform/support/needs.ts";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { Random } from "./lib/random.ts";
import { S3Client, sha256, text } from "./lib/s3-client.ts";

const DISK_MIB = 700;
const RESERVE_MIB = 128;

async function withSmallDisk(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = join(temporaryDirectory("full"), "disk");
  mkdirSync(directory);
  const mount = Bun.spawnSync([
    "mount",
    "-t",
    "tmpfs",
    "-o",
    `size=${DISK_MIB}m`,
    "elastickv-test",
    directory,
  ]);
  expect(mount.exitCode).toBe(0);
  try {
    await run(directory);
  } finally {
    // Lazily: a process that has just been killed may hold a file for another moment.
    Bun.spawnSync(["umount", "--lazy", directory]);
  }
}

function hashOf(key: string): number {
  return [...key].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1_000_003, 7);
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

test.if(needs("mount"))("a full disk refuses uploads, goes on reading, and recovers", async () => {
  await withSmallDisk(async (disk) => {
    const dataDir = join(disk, "data");
    const filler = join(disk, "filler");
    const node = await NodeProcess.start({ dataDir, args: ["--disk-reserve", `${RESERVE_MIB}MiB`] });
    const client = new S3Client(node.s3Port);
    // Equal content would be stored once.
    const bodyOf = (key: string): Uint8Array => new Random(hashOf(key)).bytes(3 << 20);
    await client.expect(200, "PUT", "full");
    await client.expect(200, "PUT", "full/kept", { body: bodyOf("kept") });

    // Somebody else fills the disk, down to a little above the reserve.
    writeFileSync(filler, new Uint8Array(Math.max(0, freeBytes(disk) - ((RESERVE_MIB + 24) << 20))));
    const acknowledged: string[] = [];
    let refusal: { status: number; code: string } | undefined;
    for (let i = 0; i < 60 && refusal === undefined; i++) {
      const answer = await client.call("PUT", `full/more-${i}`, { body: bodyOf(`more-${i}`) });
      if (answer.status === 200) {
        acknowledged.push(`more-${i}`);
        await Bun.sleep(50);
      } else refusal = { status: answer.status, code: text(answer.body.toString(), "Code") };
    }
    // Readiness says so at once: the look once in a while may have been before.
    console.log(`refused after ${acknowledged.length} uploads: ${refusal?.status} ${refusal?.code}`);
    expect(refusal).toEqual({ status: 507, code: "StorageFull" });
    const readiness = await node.admin("/readyz");
    expect(readiness.status).toBe(503);
    expect(readiness.text).toContain("disk-full");

    // Deletes are taken: they are how space comes back.
    const gone = acknowledged.pop();
    await client.expect(204, "DELETE", `full/${gone}`);

    // Reads and lists go on, again and again.
    for (let i = 0; i < 5; i++) {
      const answer = await client.expect(200, "GET", "full/kept");
      expect(sha256(answer.body)).toBe(sha256(bodyOf("kept")));
      expect((await client.list("full")).length).toBe(acknowledged.length + 1);
    }
    expect(node.exited).toBe(false);

    rmSync(filler);
    let recovered = 0;
    for (let i = 0; i < 50 && recovered === 0; i++) {
      const answer = await client.call("PUT", "full/after", { body: bodyOf("after") });
      recovered = answer.status === 200 ? 1 : 0;
      if (recovered === 0) await Bun.sleep(200);
    }
    expect(recovered).toBe(1);
    client.close();
    await node.kill();

    const again = await NodeProcess.start({ dataDir });
    const reader = new S3Client(again.s3Port);
    for (const key of ["kept", "after", ...acknowledged]) {
      expect(sha256((await reader.expect(200, "GET", `full/${key}`)).body)).toBe(sha256(bodyOf(key)));
    }
    reader.close();
    expect(await again.stop()).toBe(0);
  });
});
