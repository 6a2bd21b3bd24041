/**
 * What Elysia costs a request of S3: the dispatcher of the application (src/s3/dispatch.ts) against the same steps called directly.
 *
 *   bun bench/elysia.ts [requests a sample, default 50000] [rounds, default 9]
 *
 * The two and the third, which makes a new `Request` for every request as the application once did, take turns. CPU is what the
 * process used in user mode, so that other processes on the machine count less; wall time is told beside it.
 */
import type { EdgeReply } from "../src/http/types.ts";
import type { Exchange } from "../src/s3/context/exchange.ts";
import { type DispatchSteps, dispatcher } from "../src/s3/dispatch.ts";
import { median } from "./lib/figure.ts";

const OPERATIONS = ["GetObject", "PutObject", "HeadObject"];
const REPLY: EdgeReply = { status: 200, headers: [], body: { kind: "none" } };

let admitted = 0;
const steps: DispatchSteps = {
  admit: () => {
    admitted++;
  },
  answer: async () => REPLY,
  fail: (_exchange, error) => {
    throw error;
  },
};

async function direct(exchange: Exchange): Promise<void> {
  try {
    steps.admit(exchange);
    exchange.reply = await steps.answer(exchange);
  } catch (error) {
    exchange.reply = steps.fail(exchange, error);
  }
}

const dispatch = dispatcher(steps);
const requests = new WeakMap<Request, Exchange>();

async function withNewRequest(exchange: Exchange): Promise<void> {
  const request = new Request(`http://localhost/${exchange.operation.name}`, { method: "POST" });
  requests.set(request, exchange);
  await dispatch(exchange);
}

interface Sample {
  readonly cpuUs: number;
  readonly wallUs: number;
}

async function sample(work: (exchange: Exchange) => Promise<void>, count: number): Promise<Sample> {
  const before = admitted;
  const cpu = process.cpuUsage();
  const started = Bun.nanoseconds();
  for (let i = 0; i < count; i++) {
    // Only the name of the operation is looked at.
    const exchange = { operation: { name: OPERATIONS[i % OPERATIONS.length] }, reply: undefined };
    await work(exchange as unknown as Exchange);
    if (exchange.reply !== REPLY) throw new Error("a request without its reply");
  }
  if (admitted - before !== count) throw new Error(`${admitted - before} of ${count} requests were admitted`);
  const wallUs = (Bun.nanoseconds() - started) / 1000 / count;
  return { cpuUs: process.cpuUsage(cpu).user / count, wallUs };
}

const VARIANTS = { direct, elysia: dispatch, "elysia, and a new Request": withNewRequest } as const;

async function main(count: number, rounds: number): Promise<void> {
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, work] of Object.entries(VARIANTS)) {
      const one = await sample(work, count);
      // The first round warms up.
      if (round > 0) samples.set(name, [...(samples.get(name) ?? []), one]);
    }
  }
  for (const [name, all] of samples) {
    const cpu = all.map(({ cpuUs }) => cpuUs);
    const wall = all.map(({ wallUs }) => wallUs);
    const say = (values: readonly number[]): string =>
      `${median(values).toFixed(2)} us (least ${Math.min(...values).toFixed(2)})`;
    console.log(`${name.padEnd(28)} CPU ${say(cpu).padEnd(26)} wall ${say(wall)}`);
  }
}

if (import.meta.main) await main(Number(process.argv[2] ?? 50_000), Number(process.argv[3] ?? 9));
