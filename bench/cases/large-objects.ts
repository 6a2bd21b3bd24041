/** 64 MiB GET against a bare server that sends the same bytes; 64 MiB PUT against appending to a file. */
import { join } from "node:path";
import { temporaryDirectory } from "../../test/process/lib/node-process.ts";
import { type BenchContext, BUCKET, load, loadNode, startBare, startSubject } from "../lib/context.ts";
import { type Figure, ratioFigure, type Samples } from "../lib/figure.ts";
import { round } from "../lib/report.ts";

const BODY_BYTES = 64 << 20;
const CONNECTIONS = 4;

export async function appendLimit(directory: string, bytes: number): Promise<number> {
  const script = join(import.meta.dir, "../lib/append-limit.ts");
  const child = Bun.spawn([process.execPath, script, directory, String(bytes)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error("the append limit failed");
  return Number(output);
}

export async function largeObjects(context: BenchContext): Promise<Figure[]> {
  const directory = temporaryDirectory("bench-large");
  const node = await startSubject(context, join(directory, "data"));
  const bare = await startBare(BODY_BYTES);
  const figures: Figure[] = [];
  const uploads = context.quick ? 4 : 12;
  try {
    const put = {
      method: "PUT",
      path: `/${BUCKET}/large-`,
      keysPerConnection: 4,
      bodyBytes: BODY_BYTES,
    } as const;
    for (const connections of [CONNECTIONS, 1]) {
      const samples: Samples = { subject: [], limit: [] };
      let where = "";
      const count = connections === 1 ? uploads / 2 : uploads;
      for (let i = 0; i < context.rounds; i++) {
        samples.limit.push(await appendLimit(directory, count * BODY_BYTES));
        const { report, cpu } = await loadNode(node, { connections, count, requests: put });
        samples.subject.push(report.megabytesPerSecond);
        where = cpu;
      }
      const name = `PUT 64 MiB, ${connections} connection${connections === 1 ? "" : "s"}, against append`;
      figures.push(ratioFigure(name, "MB/s", samples, { kind: "at-least", value: 0.25 }, [where]));
      context.log(`${name}: ${round(figures.at(-1)?.value ?? 0)}`);
    }
    for (const connections of [CONNECTIONS, 1]) {
      const get = { method: "GET", path: `/${BUCKET}/large-0-0`, keysPerConnection: 0 } as const;
      const samples: Samples = { subject: [], limit: [] };
      let where = "";
      for (let i = 0; i < context.rounds; i++) {
        const seconds = context.secondsPerSample;
        const limit = await load({ port: bare.port, connections, seconds, requests: get });
        samples.limit.push(limit.megabytesPerSecond);
        const { report, cpu } = await loadNode(node, { connections, seconds, requests: get });
        samples.subject.push(report.megabytesPerSecond);
        where = cpu;
      }
      const name = `GET 64 MiB, ${connections} connection${connections === 1 ? "" : "s"}`;
      figures.push(ratioFigure(name, "MB/s", samples, { kind: "at-least", value: 0.7 }, [where]));
      context.log(`${name}: ${round(figures.at(-1)?.value ?? 0)}`);
    }
  } finally {
    await bare.stop();
    await node.stop();
  }
  return figures;
}
