/** Resident memory: idle, and the peak under 64 concurrent uploads of 64 MiB. */
import { residentMebibytes } from "../../test/process/lib/proc.ts";
import { type BenchContext, BUCKET, load, startSubject } from "../lib/context.ts";
import { type Figure, plainFigure } from "../lib/figure.ts";
import { round } from "../lib/report.ts";

const UPLOADS = 64;
const LIMIT_MIB = 400;
const SAMPLE_EVERY_MS = 50;
const IDLE_AFTER_MS = 2000;

export async function memory(context: BenchContext): Promise<Figure[]> {
  const node = await startSubject(context);
  const bodyBytes = (context.quick ? 16 : 64) << 20;
  try {
    await Bun.sleep(IDLE_AFTER_MS);
    const idle = residentMebibytes(node.pid);
    let peak = idle;
    const watch = setInterval(() => {
      peak = Math.max(peak, residentMebibytes(node.pid));
    }, SAMPLE_EVERY_MS);
    const report = await load({
      port: node.s3Port,
      connections: UPLOADS,
      count: UPLOADS,
      requests: { method: "PUT", path: `/${BUCKET}/memory-`, keysPerConnection: 1, bodyBytes },
    }).finally(() => clearInterval(watch));
    await Bun.sleep(IDLE_AFTER_MS);
    const after = residentMebibytes(node.pid);
    const name = `RSS under ${UPLOADS} uploads of ${bodyBytes >> 20} MiB`;
    context.log(`${name}: ${round(peak)} MiB`);
    return [
      plainFigure("RSS idle", "MiB", [idle], { kind: "none" }),
      plainFigure(name, "MiB", [peak], { kind: "at-most", value: LIMIT_MIB }, [
        `${round(report.megabytesPerSecond)} MB/s; ${round(after)} MiB two seconds later`,
      ]),
    ];
  } finally {
    await node.stop();
  }
}
