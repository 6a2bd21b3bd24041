/** `elastickv drain` against an admin API that plays a node. */
import { expect, test } from "bun:test";
import type { DrainStatus } from "../../src/api/operations.ts";
import { runCli } from "../../src/cli/run.ts";

const STATUS: DrainStatus = {
  nodeId: "n1",
  draining: true,
  drained: true,
  seconds: 0,
  inFlight: 0,
  uploads: 0,
  oldestSeconds: null,
  connections: 0,
  leading: false,
  onlyVoter: false,
  leaderId: "n2",
};
const BUSY: Partial<DrainStatus> = {
  drained: false,
  inFlight: 3,
  uploads: 2,
  oldestSeconds: 41,
  connections: 5,
};

/** @param script what the node says to each request; the last one again and again */
async function run(words: string[], script: readonly Partial<DrainStatus>[]) {
  const asked: string[] = [];
  const out: string[] = [];
  const err: string[] = [];
  let nowMs = 0;
  const code = await runCli({
    words: ["drain", ...words],
    environment: {},
    formats: {},
    verify: () => {},
    readInput: () => new Uint8Array(),
    print: (text) => out.push(text),
    complain: (line) => err.push(line),
    serve: async () => 99,
    listens: async () => false,
    clock: { monotonicMs: () => nowMs },
    sleep: async (ms) => {
      nowMs += Math.max(ms, 1);
    },
    fetch: async (url, init) => {
      const answer = { ...STATUS, ...script[Math.min(asked.length, script.length - 1)] };
      asked.push(`${init.method ?? "GET"} ${new URL(url).pathname}`);
      return Response.json(answer);
    },
  });
  return { code, asked, out: out.join(""), err: err.join(""), nowMs };
}

test("it asks once, then looks until nothing is in flight, and says who leads", async () => {
  const { code, asked, out } = await run([], [BUSY, BUSY, {}]);
  expect([code, out]).toEqual([0, "n1 is drained: no request is in flight; n2 leads\n"]);
  expect(asked).toEqual(["POST /v1/node/drain", "GET /v1/node/drain", "GET /v1/node/drain"]);
});

test("a sole voter is drained and keeps leading, and it says so", async () => {
  const { code, out } = await run([], [{ leading: true, onlyVoter: true, leaderId: "n1" }]);
  expect([code, out]).toEqual([
    0,
    "n1 is drained: no request is in flight; n1 leads: it is the only voter\n",
  ]);
});

test.each([
  ["7", 7_000],
  ["2m", 120_000],
])("when --timeout %s is over it names what is left", async (timeout, ms) => {
  const { code, err, nowMs } = await run(["--timeout", timeout], [BUSY]);
  expect([code, nowMs]).toEqual([1, ms]);
  expect(err).toContain("3 requests in flight, 2 of them uploads, the oldest for 41 s");
});

test("a leader that nobody succeeds is not drained", async () => {
  const { code, err } = await run([], [{ drained: false, leading: true, leaderId: "n1" }]);
  expect([code, err.includes("n1 still leads: no other member has taken over")]).toEqual([1, true]);
});

test("a drain that another one has ended is a failure", async () => {
  const { code, err } = await run([], [BUSY, { ...BUSY, draining: false }]);
  expect([code, err.includes("was ended")]).toEqual([1, true]);
});

test("--off ends it", async () => {
  const { code, asked } = await run(["--off"], [{ draining: false, drained: false }]);
  expect([code, asked]).toEqual([0, ["DELETE /v1/node/drain"]]);
});

test.each([
  [["--timeout", "soon"], "--timeout"],
  [["--timeout", "0"], "--timeout"],
  [["--off", "--timeout", "3"], "--off and --timeout"],
  [["--off=yes"], "--off takes no value"],
  [["n1"], "drain takes no operands; given: n1"],
  [["--of"], "--off"],
])("%p is wrong usage, and nobody is asked", async (words, problem) => {
  const { code, asked, err } = await run(words, [{}]);
  expect([code, asked, err.includes(problem)]).toEqual([2, [], true]);
});

test("help has its exit codes, within 120 columns", async () => {
  const { code, out } = await run(["--help"], [{}]);
  expect([code, out.includes("Exit codes: 0 drained; 1")]).toEqual([0, true]);
  for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
});
