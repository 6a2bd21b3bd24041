/**
 * What a request pays for being authorised with 1,000 statements, against the same request with one statement. The
 * statements differ in what the index looks at: the action, the prefix, the principal, or nothing but a condition.
 */
import { CompiledPolicy, type PolicyRequest } from "../../src/iam/policy/compiled-policy.ts";
import { decide, type PolicySet } from "../../src/iam/policy/decision.ts";
import type { ConditionRule, Effect, Statement } from "../../src/iam/policy/document.ts";
import { operatorOf } from "../../src/iam/policy/operators.ts";
import { namesOf } from "../../src/iam/policy/principals.ts";
import type { BenchContext } from "../lib/context.ts";
import { type Figure, plainFigure, ratioFigure, type Samples } from "../lib/figure.ts";
import { round } from "../lib/report.ts";

const STATEMENTS = 1_000;
const POLICIES = 10;
const TARGET_MICROSECONDS = 5;
const REQUESTS = 200_000;
const QUICK_DIVISOR = 10;

const ACTIONS = [
  "s3:GetObject",
  "s3:PutObject",
  "s3:DeleteObject",
  "s3:GetObjectTagging",
  "s3:PutObjectTagging",
];
const USER = { id: "a".repeat(64), accountId: "111111111111", name: "alice", isRoot: false };

/** Statement `i` of a set. Only the last one allows the request. */
type Make = (i: number) => Partial<Statement>;

const SETS: readonly { readonly differ: string; readonly make: Make; readonly bounded: boolean }[] = [
  {
    differ: "actions and prefixes",
    make: (i) => ({
      actions: patterns(ACTIONS[i % ACTIONS.length] as string),
      resources: patterns(prefix(i)),
    }),
    bounded: true,
  },
  { differ: "prefixes", make: (i) => ({ resources: patterns(prefix(i)) }), bounded: true },
  {
    differ: "principals",
    make: (i) => ({ principals: { not: false, names: [`arn:aws:iam::111111111111:user/${nameOf(i)}`] } }),
    bounded: true,
  },
  { differ: "conditions alone", make: (i) => ({ conditions: [prefixCondition(i)] }), bounded: false },
];

export async function policies(context: BenchContext): Promise<Figure[]> {
  const requests = context.quick ? REQUESTS / QUICK_DIVISOR : REQUESTS;
  return SETS.flatMap(({ bounded, differ, make }) => {
    const many = policySet(make, STATEMENTS);
    const one = policySet((i) => make(i + STATEMENTS - 1), 1);
    const samples: Samples = { subject: [], limit: [] };
    for (let i = 0; i <= context.rounds; i++) {
      const [subject, limit] = [microseconds(many, requests), microseconds(one, requests)];
      if (i === 0) continue; // compiles the code
      samples.subject.push(subject);
      samples.limit.push(limit);
    }
    const name = `authorisation, ${STATEMENTS} statements that differ in ${differ}`;
    const target = bounded
      ? ({ kind: "at-most", value: TARGET_MICROSECONDS } as const)
      : ({ kind: "none" } as const);
    const plain = plainFigure(name, "us/request", samples.subject, target);
    context.log(`${name}: ${round(plain.value)} us`);
    const ratio = ratioFigure(`${name}, to one statement`, "us/request", samples, { kind: "none" });
    return [plain, ratio];
  });
}

function policySet(make: Make, count: number): PolicySet {
  const statements = Array.from({ length: count }, (_, i) => statementOf(make(i)));
  const perPolicy = Math.ceil(count / POLICIES);
  const lists = Array.from({ length: POLICIES }, (_, i) =>
    statements.slice(i * perPolicy, (i + 1) * perPolicy),
  );
  const compiled = lists
    .filter((list) => list.length > 0)
    .map((list) => new CompiledPolicy({ version: "2012-10-17", id: undefined, statements: list }));
  return { identity: compiled, bucket: undefined, isRoot: false };
}

function statementOf(change: Partial<Statement>): Statement {
  const effect: Effect = "Allow";
  return {
    ...{ sid: undefined, effect, principals: undefined, conditions: [] },
    ...{ actions: patterns("s3:GetObject"), resources: patterns("arn:aws:s3:::data/*") },
    ...change,
  };
}

const patterns = (pattern: string): Statement["actions"] => ({ not: false, patterns: [pattern] });
const nameOf = (i: number): string => (i === STATEMENTS - 1 ? USER.name : `user-${i}`);
const prefix = (i: number): string => `arn:aws:s3:::data/teams/${String(i).padStart(4, "0")}/*`;

function prefixCondition(i: number): ConditionRule {
  const operator = operatorOf("StringLike");
  if (operator === undefined) throw new Error("no StringLike");
  return { operator, key: "aws:UserAgent", values: [`agent-${i}/*`] };
}

function cpuMicroseconds(): number {
  const { system, user } = process.cpuUsage();
  return system + user;
}

/** CPU time of one request: other processes of the machine do not count. */
function microseconds(policies: PolicySet, requests: number): number {
  const values = new Map([["aws:useragent", `agent-${STATEMENTS - 1}/1.0`]]);
  const request: PolicyRequest = {
    names: namesOf(USER),
    action: "s3:PutObjectTagging",
    resource: `${prefix(STATEMENTS - 1).slice(0, -1)}2026/11/29/part-0001.parquet`,
    context: { get: (key) => values.get(key) },
  };
  const asked = [request, { ...request, action: "s3:GetObject" }];
  let allowed = 0;
  const started = cpuMicroseconds();
  for (let i = 0; i < requests; i++) {
    if (decide(policies, asked[i & 1] as PolicyRequest).allowed) allowed++;
  }
  const microseconds = (cpuMicroseconds() - started) / requests;
  // Of each pair of questions one is allowed: the result is needed, and the index finds it.
  if (allowed !== requests / 2) throw new Error(`${allowed} of ${requests} requests were allowed`);
  return microseconds;
}
