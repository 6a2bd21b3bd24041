/** A leader that runs out of memory: it hands leadership over before it ends, and the others go on. */
import { expect, test } from "bun:test";
import { waitFor, withCluster } from "./lib/cluster.ts";
import { expectIntact, Flood } from "./lib/flood.ts";

const MEMORY_EXIT_CODE = 75;
/** A write waits for the new leader, while the flood takes all cores of the machine. */
const PAUSE_MS_MAX = 5_000;

test("a leader above its upper mark hands leadership over and exits with 75; the others serve meanwhile, and it comes back", async () => {
  const own = {
    n1: { env: { ELASTICKV_MEMORY_WATERMARK: "off", ELASTICKV_MEMORY_EXIT_WATERMARK: "150MiB" } },
  };
  await withCluster({ proxied: false, own }, async (cluster) => {
    await waitFor(
      async () => {
        if ((await cluster.leader()) === "n1") return true;
        await cluster.command("n2", "transfer-leader", "n1");
        return false;
      },
      60_000,
      "n1 to lead",
    );
    const other = cluster.client("n2", 4);
    await other.expect(200, "PUT", "flood");
    const node = cluster.node("n1").running;
    const flood = new Flood(node, "flood");
    // A client of another node meanwhile: its longest wait for a write.
    let longestMs = 0;
    const failures: string[] = [];
    let writes = 0;
    while (!node.exited) {
      const begin = performance.now();
      const { status } = await other.call("PUT", `flood/other-${writes++ % 10}`, { body: "x" });
      longestMs = Math.max(longestMs, performance.now() - begin);
      if (status !== 200) failures.push(String(status));
      await Bun.sleep(20);
    }
    const code = await node.exitCode();
    await flood.stop();
    console.log(`n1: ${flood}. At n2: ${writes} writes, longest ${longestMs.toFixed(0)} ms`);
    expect([code, failures]).toEqual([MEMORY_EXIT_CODE, []]);
    expect(longestMs).toBeLessThan(PAUSE_MS_MAX);
    expect(node.stderr).toContain('msg="leadership handed over" done=true');
    expect(await cluster.leader(["n2", "n3"])).not.toBe("n1");
    expect(flood.stored.size).toBeGreaterThan(0);
    await cluster.start("n1");
    await expectIntact(cluster.client("n1", 4), "flood", flood.stored);
    await expectIntact(other, "flood", flood.stored);
  });
}, 300_000);
