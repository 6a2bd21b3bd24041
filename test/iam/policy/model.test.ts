/** The evaluator agrees with a slow and obvious one on 100,000 random policies and requests. */
import { expect, test } from "bun:test";
import { CompiledPolicy, type PolicyRequest } from "../../../src/iam/policy/compiled-policy.ts";
import { decide, type PolicyDecision, type PolicySet } from "../../../src/iam/policy/decision.ts";
import type { PolicyKind } from "../../../src/iam/policy/document.ts";
import { OPERATOR_NAMES } from "../../../src/iam/policy/operators.ts";
import { parsePolicy } from "../../../src/iam/policy/parse.ts";
import { seeded } from "../../s3/support/seeded.ts";
import { type Case, randomCase } from "./support/random-policies.ts";
import { slowDecider } from "./support/slow-evaluator.ts";

const CASES = 100_000;
const REQUESTS_OF_A_CASE = 8;
/** The same cases each time: the frequencies below are asserted. */
const SEED = 11;

function compile(text: string, kind: PolicyKind): CompiledPolicy {
  return new CompiledPolicy(parsePolicy(text, kind === "bucket" ? { kind, bucket: "pics" } : { kind }));
}

function fastDecider({ policies }: Case): (request: PolicyRequest) => PolicyDecision {
  const { bucket, identity, session, ...flags } = policies;
  const set: PolicySet = {
    ...flags,
    bucket: bucket === undefined ? undefined : compile(bucket, "bucket"),
    identity: identity.map((text) => compile(text, "identity")),
    ...(session === undefined ? {} : { session: session.map((text) => compile(text, "session")) }),
  };
  return (request) => decide(set, request);
}

/** As the slow evaluator writes it. */
function written(decision: PolicyDecision): string {
  if (decision.by === "root") return "root";
  if (decision.by === "nobody") return `no ${decision.missing}`;
  const { policy, source, verdict } = decision.decider;
  return `${decision.allowed ? "allow" : "deny"} ${source} ${policy} ${verdict.index}`;
}

test(`${CASES} random policies and requests`, () => {
  const random = seeded(SEED);
  const outcomes = new Map<string, number>();
  const conditions = new Map<string, number>();
  const count = (map: Map<string, number>, name: string): void => {
    map.set(name, (map.get(name) ?? 0) + 1);
  };
  for (let i = 0; i < CASES; i += REQUESTS_OF_A_CASE) {
    const one = randomCase(random, REQUESTS_OF_A_CASE);
    const fastOne = fastDecider(one);
    const slowOne = slowDecider(one.policies, (operator, truth) => {
      const bare = operator.replace(/^.*:|IfExists$/g, "");
      for (const name of new Set([operator, bare, ""])) count(conditions, `${name} ${truth}`);
    });
    for (const request of one.requests) {
      const [fast, slow] = [written(fastOne(request)), slowOne(request)];
      if (fast !== slow) {
        const { context } = request;
        const shown = { ...one.policies, request: { ...request, context: [...context] } };
        throw new Error(`case ${i}: ${fast}, not ${slow}\n${JSON.stringify(shown, undefined, 1)}`);
      }
      count(outcomes, slow.split(" ").slice(0, 2).join(" "));
    }
  }
  // Each outcome is frequent enough to be tested, and so is each outcome of each operator.
  for (const outcome of ["allow bucket", "allow identity", "deny bucket", "deny identity", "no allow"]) {
    expect([outcome, (outcomes.get(outcome) ?? 0) > CASES / 50]).toEqual([outcome, true]);
  }
  for (const outcome of ["root", "deny session", "no session"]) {
    expect([outcome, (outcomes.get(outcome) ?? 0) > CASES / 200]).toEqual([outcome, true]);
  }
  expect(conditions.get(" unknown") ?? 0).toBeGreaterThan(CASES / 1000);
  for (const operator of OPERATOR_NAMES) {
    for (const truth of ["yes", "no"]) {
      const name = `${operator} ${truth}`;
      expect([name, (conditions.get(name) ?? 0) > 300]).toEqual([name, true]);
    }
    if (operator === "Null") continue;
    for (const form of [`ForAllValues:${operator}`, `ForAnyValue:${operator}`, `${operator}IfExists`]) {
      const seen = ["yes", "no"].map((truth) => (conditions.get(`${form} ${truth}`) ?? 0) > 20);
      expect([form, ...seen]).toEqual([form, true, true]);
    }
  }
}, 300_000);
