/**
 * What versioning costs a request: PUT and GET of 4 KiB at a gateway over the state machine and the rows in memory, without
 * HTTP, Raft and disk, in a bucket that was never versioned and in one with versioning.
 *
 *   bun bench/versioning.ts [requests a sample, default 5000] [rounds, default 9]
 *
 * Prints one line of JSON: microseconds of CPU in user mode for each request, medians of the rounds. To compare with another
 * release, run the file in its tree by turns: a tree without versions is measured without them.
 */
import { harness } from "../test/s3/support/harness.ts";
import { median } from "./lib/figure.ts";

const COUNT = Number(process.argv[2] ?? 5_000);
const ROUNDS = Number(process.argv[3] ?? 9);
const KEYS = 500;
const body = new Uint8Array(4096).fill(7);
const ENABLED = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

const h = harness();
await h.call("PUT", "/off");
await h.call("PUT", "/versioned");
const enabled = await h.call("PUT", "/versioned?versioning", { body: ENABLED });
const buckets = enabled.status === 200 ? ["off", "versioned"] : ["off"];

async function sample(method: string, bucket: string): Promise<number> {
  const { user } = process.cpuUsage();
  for (let i = 0; i < COUNT; i++) {
    const target = `/${bucket}/key-${i % KEYS}`;
    const answer = await h.call(method, target, method === "PUT" ? { body } : {});
    if (answer.status !== 200) throw new Error(`${method} ${target}: ${answer.status} ${answer.text}`);
  }
  return process.cpuUsage().user - user;
}

const samples = new Map<string, number[]>();
for (let round = 0; round <= ROUNDS; round++) {
  for (const bucket of buckets) {
    for (const method of ["PUT", "GET"]) {
      const us = (await sample(method, bucket)) / COUNT;
      // The first round compiles.
      if (round === 0) continue;
      const name = `${method} ${bucket}`;
      samples.set(name, [...(samples.get(name) ?? []), us]);
    }
  }
}
console.log(
  JSON.stringify(
    Object.fromEntries([...samples].map(([name, values]) => [name, Math.round(median(values) * 10) / 10])),
  ),
);
