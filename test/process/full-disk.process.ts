/** A full disk is an ordinary day: uploads are refused with a clear code, reads and deletes go on, and when there is
 *  space again so do uploads. Needs root (a small tmpfs is the disk). */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { needs } from "../platform/support/needs.ts";
import { content } from "./lib/blob-objects.ts";
import { NodeProcess } from "./lib/node-process.ts";
import { S3Client, sha256, text } from "./lib/s3-client.ts";
import { withSmallDisk } from "./lib/small-disk.ts";

const DISK_MIB = 700;
const RESERVE_MIB = 128;

test.if(needs("mount"))("a full disk refuses uploads, goes on reading, and recovers", async () => {
  await withSmallDisk(DISK_MIB, async (disk) => {
    const dataDir = join(disk.directory, "data");
    const node = await NodeProcess.start({ dataDir, args: ["--disk-reserve", `${RESERVE_MIB}MiB`] });
    const client = new S3Client(node.s3Port);
    // Each has content of its own: the same one would be stored once.
    const bodyOf = (key: string) => content(Number(Bun.hash.crc32(key)), 3 << 20);
    await client.expect(200, "PUT", "full");
    await client.expect(200, "PUT", "full/kept", { body: bodyOf("kept") });

    // Somebody else fills the disk, down to a little above the reserve.
    disk.fill((RESERVE_MIB + 24) << 20);
    const acknowledged: string[] = [];
    let refusal: { status: number; code: string } | undefined;
    for (let i = 0; i < 60 && refusal === undefined; i++) {
      const answer = await client.call("PUT", `full/more-${i}`, { body: bodyOf(`more-${i}`) });
      await Bun.sleep(50);
      if (answer.status === 200) acknowledged.push(`more-${i}`);
      else refusal = { status: answer.status, code: text(answer.body.toString(), "Code") };
    }
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

    disk.free();
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
