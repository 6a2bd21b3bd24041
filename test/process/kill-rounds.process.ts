/**
 * Rounds of load with SIGKILL at random moments. After every start: each acknowledged object is there with the right
 * bytes, each acknowledged delete holds, an unacknowledged request is done completely or not at all, and GET, HEAD and
 * LIST tell the same story.
 *   ELASTICKV_TEST_ROUNDS (default 50), ELASTICKV_TEST_SEED (default: a fresh one, printed)
 */
import { expect, test } from "bun:test";
import { KeyModel, type State } from "./lib/key-model.ts";
import { BodySource, Writer } from "./lib/load.ts";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { Random, seedFromEnvironment } from "./lib/random.ts";
import { S3Client, sha256 } from "./lib/s3-client.ts";

const ROUNDS = Number(process.env["ELASTICKV_TEST_ROUNDS"] ?? 50);
const WRITERS = 6;
const KEYS_PER_WRITER = 12;
const BUCKET = "kill";
const LOAD_MS = { least: 30, most: 1500 };
/** Share of rounds in which the process is also killed while it recovers. */
const KILL_DURING_START = 0.2;
const VERIFY_CONCURRENCY = 8;

test(
  `${ROUNDS} rounds of load and SIGKILL`,
  async () => {
    const random = new Random(seedFromEnvironment());
    console.log(`seed ${random.seed} (ELASTICKV_TEST_SEED)`);
    const dataDir = temporaryDirectory("kill");
    const model = new KeyModel();
    const bodies = new BodySource(random);
    const recoveryMs: number[] = [];

    for (let round = 1; round <= ROUNDS; round++) {
      if (random.chance(KILL_DURING_START)) await killDuringStart(dataDir, random);
      const node = await NodeProcess.spawn({ dataDir });
      recoveryMs.push(await node.ready());
      const client = new S3Client(node.s3Port);
      try {
        if (round === 1) await client.expect(200, "PUT", BUCKET);
        else await verify(client, model);
        await loadThenKill(node, client, model, random, bodies);
      } catch (error) {
        await node.kill();
        throw new Error(
          `round ${round} of seed ${random.seed}: ${String(error)}\n${node.stderr.slice(-2000)}`,
          {
            cause: error,
          },
        );
      } finally {
        client.close();
      }
    }
    const node = await NodeProcess.start({ dataDir });
    const client = new S3Client(node.s3Port);
    await verify(client, model);
    client.close();
    expect(await node.stop()).toBe(0);

    const sorted = recoveryMs.toSorted((a, b) => a - b);
    console.log(
      `${model.acknowledgedWrites} writes and ${model.acknowledgedDeletes} deletes acknowledged, ` +
        `${model.unanswered} requests unanswered; start to ready: median ` +
        `${sorted[sorted.length >> 1]?.toFixed(0)} ms, worst ${sorted.at(-1)?.toFixed(0)} ms`,
    );
    // A test in which nothing happened shows nothing.
    expect(model.acknowledgedWrites).toBeGreaterThan(ROUNDS);
    expect(model.unanswered).toBeGreaterThan(0);
  },
  ROUNDS * 20_000,
);

async function killDuringStart(dataDir: string, random: Random): Promise<void> {
  const node = await NodeProcess.spawn({ dataDir });
  await Bun.sleep(random.between(0, 150));
  await node.kill();
}

async function loadThenKill(
  node: NodeProcess,
  client: S3Client,
  model: KeyModel,
  random: Random,
  bodies: BodySource,
): Promise<void> {
  const stop = { now: false };
  const writers = Array.from({ length: WRITERS }, (_, i) =>
    new Writer({
      client,
      bucket: BUCKET,
      prefix: `w${i}/`,
      keys: KEYS_PER_WRITER,
      model,
      random: new Random(random.next()),
      bodies,
    }).run(stop),
  );
  const load = Promise.all(writers);
  // A writer that finds a wrong answer ends the round at once.
  await Promise.race([load, Bun.sleep(random.between(LOAD_MS.least, LOAD_MS.most))]);
  node.signal("SIGKILL");
  stop.now = true;
  await node.exitCode();
  await load;
}

/** GET, HEAD and LIST of every key agree with each other and with the model. */
async function verify(client: S3Client, model: KeyModel): Promise<void> {
  const listed = new Map((await client.list(BUCKET)).map((entry) => [entry.key, entry]));
  const keys = model.keys();
  for (const key of listed.keys()) {
    if (!keys.includes(key)) throw new Error(`${key} is listed and nobody ever wrote it`);
  }
  const left = [...keys];
  const work = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) {
      const found = await look(client, key);
      const entry = listed.get(key);
      if (entry?.size !== found?.size || entry?.etag !== found?.etag) {
        throw new Error(
          `${key}: GET finds ${found?.size} ${found?.etag}, LIST ${entry?.size} ${entry?.etag}`,
        );
      }
      model.settle(key, found);
    }
  };
  await Promise.all(Array.from({ length: VERIFY_CONCURRENCY }, work));
}

async function look(client: S3Client, key: string): Promise<State> {
  const target = `${BUCKET}/${key}`;
  const got = await client.expect([200, 404], "GET", target);
  const head = await client.expect([200, 404], "HEAD", target);
  if (got.status !== head.status) throw new Error(`${key}: GET says ${got.status}, HEAD ${head.status}`);
  if (got.status === 404) return undefined;
  if (got.headers.etag !== head.headers.etag || head.headers["content-length"] !== String(got.body.length)) {
    throw new Error(`${key}: GET and HEAD differ`);
  }
  return { sha256: sha256(got.body), size: got.body.length, etag: String(got.headers.etag) };
}
