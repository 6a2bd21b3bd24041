/**
 * A LIST page of 1000 keys out of a million, against the same scan in bare SQLite: one table of the same keys and
 * values, read by a prepared statement in a process of its own.
 */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { temporaryDirectory } from "../../test/process/lib/node-process.ts";
import { Random } from "../../test/process/lib/random.ts";
import { S3Client } from "../../test/process/lib/s3-client.ts";
import { type BenchContext, BUCKET, loadNode, startSubject } from "../lib/context.ts";
import { type Figure, ratioFigure, type Samples } from "../lib/figure.ts";
import { fillStore, keyName } from "../lib/fill-store.ts";
import { round } from "../lib/report.ts";

const PAGE = 1000;
const PAGES_PER_SAMPLE = 200;

/** Puts `count` empty objects straight into the store of a stopped node, and the same rows into a bare database. */
function fill(dataDir: string, bareFile: string, count: number): void {
  const bare = openBare(bareFile);
  const insert = bare.prepare("INSERT INTO kv(key, value) VALUES(?1, ?2)");
  fillStore(dataDir, "n1", count, (rows) => {
    bare.transaction(() => {
      for (const row of rows) insert.run(row.key, row.value);
    })();
  });
  bare.close();
}

function openBare(file: string): Database {
  const db = new Database(file, { create: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = OFF");
  db.run("PRAGMA cache_size = -32768");
  db.run("CREATE TABLE IF NOT EXISTS kv(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT");
  return db;
}

/** Median milliseconds of one page in bare SQLite, from random places. */
function bareScan(file: string, count: number, seed: number): number {
  const db = new Database(file, { readonly: true, strict: true });
  db.run("PRAGMA cache_size = -32768");
  const scan = db.prepare("SELECT key, value FROM kv WHERE key > ?1 ORDER BY key LIMIT ?2");
  const pick = db.prepare<{ key: Uint8Array }, [number]>("SELECT key FROM kv ORDER BY key LIMIT 1 OFFSET ?1");
  const random = new Random(seed);
  const starts = Array.from(
    { length: PAGES_PER_SAMPLE },
    () => pick.get(random.between(0, count - 2 * PAGE))?.key,
  );
  const times = starts.map((start) => {
    const begin = performance.now();
    const rows = scan.all(start ?? new Uint8Array(0), PAGE);
    const ms = performance.now() - begin;
    if (rows.length !== PAGE) throw new Error(`the bare scan found ${rows.length} rows`);
    return ms;
  });
  db.close();
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}

/** In its own process, like everything that is measured. */
async function bareScanApart(file: string, count: number, seed: number): Promise<number> {
  const child = Bun.spawn([process.execPath, import.meta.path, file, String(count), String(seed)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error("the bare scan failed");
  return Number(output);
}

export async function list(context: BenchContext): Promise<Figure[]> {
  const count = context.quick ? 100_000 : 1_000_000;
  const directory = temporaryDirectory("bench-list");
  const dataDir = join(directory, "data");
  const bareFile = join(directory, "bare.db");
  const empty = await startSubject(context, dataDir);
  await empty.stop();
  const begin = performance.now();
  fill(dataDir, bareFile, count);
  context.log(`loaded ${count} keys in ${round((performance.now() - begin) / 1000)} s`);
  const node = await startSubject(context, dataDir);
  try {
    await checkOnePage(node.s3Port, count);
    const samples: Samples = { subject: [], limit: [] };
    let where = "";
    for (let i = 0; i < context.rounds; i++) {
      samples.limit.push(await bareScanApart(bareFile, count, i));
      const random = new Random(i);
      const queries = Array.from({ length: PAGES_PER_SAMPLE }, () => [
        ["list-type", "2"] as const,
        ["max-keys", String(PAGE)] as const,
        ["start-after", keyName(random.between(0, count - 2 * PAGE))] as const,
      ]);
      const { report, cpu } = await loadNode(node, {
        connections: 1,
        count: PAGES_PER_SAMPLE,
        requests: { method: "GET", path: `/${BUCKET}`, keysPerConnection: 0, queries },
      });
      samples.subject.push(report.latencyMs.p50);
      where = cpu;
    }
    const name = `LIST page of ${PAGE} out of ${count}, against bare SQLite`;
    return [ratioFigure(name, "ms", samples, { kind: "at-most", value: 5 }, [where])];
  } finally {
    await node.stop();
  }
}

/** What is timed afterwards is a full page of the right keys. */
async function checkOnePage(port: number, count: number): Promise<void> {
  const client = new S3Client(port, 1);
  const after = count >> 1;
  const query = [
    ["list-type", "2"],
    ["start-after", keyName(after)],
  ] as const;
  const xml = (await client.expect(200, "GET", BUCKET, { query })).body.toString();
  client.close();
  const keys = [...xml.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);
  if (keys.length !== PAGE || keys[0] !== keyName(after + 1) || keys.at(-1) !== keyName(after + PAGE)) {
    throw new Error(`wrong page: ${keys.length} keys from ${keys[0]} to ${keys.at(-1)}`);
  }
}

if (import.meta.main) {
  const [file = "", count, seed] = process.argv.slice(2);
  console.log(bareScan(file, Number(count), Number(seed)));
}
