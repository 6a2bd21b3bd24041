import { expect, test } from "bun:test";
import { join } from "node:path";

const LAST_LINE = join(import.meta.dir, "../../src/platform/last-line.ts");

test("what a Worker still writes to standard error comes to nothing once the last line is written", async () => {
  const worker = `require("node:fs"); for (;;) require("node:fs").writeSync(2, "noise\\n");`;
  const program = `
    import { writeLastLine } from ${JSON.stringify(LAST_LINE)};
    new Worker(URL.createObjectURL(new Blob([${JSON.stringify(worker)}])));
    await Bun.sleep(200);
    writeLastLine("the last line\\n");
    await Bun.sleep(200);
    process.exit(3);
  `;
  const child = Bun.spawn([process.execPath, "-e", program], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const text = await new Response(child.stderr).text();
  expect(await child.exited).toBe(3);
  const lines = text.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.at(-1)).toBe("the last line");
});
