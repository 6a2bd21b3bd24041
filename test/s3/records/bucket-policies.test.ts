/** Compiled policies of buckets: what is kept, how much memory that may take, and what a stored policy is checked for. */
import { expect, test } from "bun:test";
import { S3_ACTIONS } from "../../../src/iam/policy/actions.ts";
import { CompiledPolicy } from "../../../src/iam/policy/compiled-policy.ts";
import { parsePolicy } from "../../../src/iam/policy/parse.ts";
import { work } from "../../../src/iam/policy/pieces.ts";
import { BucketPolicies } from "../../../src/s3/records/bucket-policy.ts";
import type { ReadView } from "../../../src/txn/types.ts";

const statement = (more: object): object => ({
  Effect: "Allow",
  Principal: { AWS: "111111111111" },
  Action: "s3:*",
  Resource: "arn:aws:s3:::bkt/*",
  ...more,
});
const policy = (more: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statement(more) });
/** As long as a policy may be. */
const LONGEST = policy({ Resource: Array.from({ length: 780 }, (_, i) => `arn:aws:s3:::bkt/${i}*`) });
const ACCOUNTS = Array.from({ length: 1200 }, (_, i) => String(111111111111 + i));

const viewOf = (text: string): ReadView =>
  ({ getMeta: async () => ({ commitTs: 1n, value: Buffer.from(text) }) }) as unknown as ReadView;
const refOf = (generation: number) => ({ bucket: "bkt", generation: BigInt(generation) }) as never;

function askAll(compiled: CompiledPolicy): void {
  for (const action of S3_ACTIONS.keys()) {
    const question = {
      names: ["x"],
      action,
      resource: "arn:aws:s3:::bkt/k",
      context: { get: () => undefined },
    };
    compiled.decide(question);
  }
}

test("the longest policies of 50 buckets stay compiled, those of 200 do not", async () => {
  expect(LONGEST.length).toBeGreaterThan(18_000);
  const policies = new BucketPolicies();
  const view = viewOf(LONGEST);
  const read = async (i: number) => (await policies.read(view, refOf(i)))?.compiled;
  const first = [];
  for (let i = 0; i < 50; i++) {
    const compiled = await read(i);
    if (compiled !== undefined) askAll(compiled);
    first.push(compiled);
  }
  for (let i = 0; i < 50; i++) expect((await read(i)) === first[i]).toBe(true);
  for (let i = 0; i < 200; i++) await read(i);
  expect(policies.size).toBeLessThan(100);
  expect((await read(0)) === first[0]).toBe(false);
});

test("actions and principals that are named together share their indexes, which count in the bound", async () => {
  const parse = (text: string) => new CompiledPolicy(parsePolicy(text, { kind: "bucket", bucket: "bkt" }));
  const many = parse(policy({ Principal: { AWS: ACCOUNTS } }));
  askAll(many);
  expect(many.entries).toBeGreaterThan(ACCOUNTS.length);
  expect(many.entries).toBeLessThan(2 * ACCOUNTS.length);

  const policies = new BucketPolicies();
  // One statement for each action beside one with many principals: each action has an index of its own.
  const text = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      statement({ Principal: { AWS: ACCOUNTS.slice(0, 400) } }),
      ...[...S3_ACTIONS].flatMap(([Action, type]) => (type === "object" ? [statement({ Action })] : [])),
    ],
  });
  for (let i = 0; i < 400; i++) {
    const found = await policies.read(viewOf(text), refOf(i));
    expect(found?.compiled).toBeDefined();
    if (found?.compiled !== undefined) askAll(found.compiled);
    // Its indexes count from the next request on.
    await policies.read(viewOf(text), refOf(i));
  }
  expect(policies.size).toBeLessThan(100);
});

test("a stored policy is not compared with every action again, and repeated patterns count once", () => {
  const patterns = Array.from(
    { length: 900 },
    (_, i) => `s3:*${"Object".slice(0, 1 + (i % 6))}*${"*".repeat(i % 7)}`,
  );
  const text = policy({ Action: patterns });
  const stepsOf = (stored: boolean): number => {
    const before = work.steps;
    parsePolicy(text, { kind: "bucket", bucket: "bkt", stored });
    return work.steps - before;
  };
  expect(stepsOf(true)).toBeLessThan(100);
  expect(stepsOf(false)).toBeLessThan(42 * S3_ACTIONS.size * 60);
});

test("a stored policy with a condition key of a newer release lets nobody in", async () => {
  const text = policy({ Effect: "Deny", Condition: { StringEquals: { "s3:KeyOfTomorrow": "x" } } });
  const found = await new BucketPolicies().read(viewOf(text), refOf(1));
  expect([found?.text, found?.compiled]).toEqual([text, undefined]);
});
