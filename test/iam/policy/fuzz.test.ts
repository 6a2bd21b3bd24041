// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
/** Whatever a client sends as a policy is a policy or a PolicyError, and what was accepted decides every request. */
import { expect, test } from "bun:test";
import { CompiledPolicy } from "../../../src/iam/policy/compiled-policy.ts";
import { parsePolicy } from "../../../src/iam/policy/parse.ts";
import { PolicyError } from "../../../src/iam/policy/policy-error.ts";
import { isPublic } from "../../../src/iam/policy/public.ts";
import { seeded } from "../../s3/support/seeded.ts";
import { randomCase } from "./support/random-policies.ts";

const ROUNDS = 5_000;
const SEED = 5;

/** Pieces that mean something somewhere. */
const PIECES = [
  ...[
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    ",",
    "\\",
    "\\u0000",
    "${",
    "${*}",
    "*",
    "?",
    "null",
    "true",
    "-1e999",
    "0",
  ],
  ...[
    "__proto__",
    "constructor",
    "\ud800",
    "\u0000",
    "é",
    '"Statement"',
    '"Condition"',
    '"Null"',
    "arn:aws:s3:::pics",
  ],
  ...[
    "IfExists",
    "ForAllValues:",
    '"NotResource"',
    '"Version":"2012-10-17"',
    "::ffff:1.2.3.4/999",
    "2026-13-45",
  ],
];

function mutated(text: string, random: ReturnType<typeof seeded>): string {
  let result = text;
  for (let i = 0; i <= random.int(3); i++) {
    const [at, length] = [random.int(result.length + 1), random.int(12)];
    const piece = random.int(3) === 0 ? result.slice(at, at + random.int(40)) : random.pick(PIECES);
    const place = random.int(result.length + 1);
    result = result.slice(0, place) + piece + result.slice(place + (random.int(2) === 0 ? 0 : length));
  }
  return result;
}

test(`${ROUNDS} mutated policies`, () => {
  const random = seeded(SEED);
  const outcomes = { accepted: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const { policies, requests } = randomCase(random, 1);
    const kind = policies.bucket === undefined ? "identity" : "bucket";
    const text = policies.bucket ?? policies.identity[0];
    const [request] = requests;
    if (text === undefined || request === undefined) continue;
    const changed = mutated(text, random);
    try {
      const document = parsePolicy(changed, kind === "bucket" ? { kind, bucket: "pics" } : { kind });
      const verdict = new CompiledPolicy(document).decide(request);
      expect(["Allow", "Deny", undefined]).toContain(verdict?.effect);
      expect(typeof isPublic(document)).toBe("boolean");
      outcomes.accepted++;
    } catch (error) {
      if (!(error instanceof PolicyError)) throw new Error(`round ${round}: ${changed}`, { cause: error });
      outcomes.refused++;
    }
  }
  expect(outcomes.accepted).toBeGreaterThan(ROUNDS / 100);
  expect(outcomes.refused).toBeGreaterThan(ROUNDS / 2);
}, 120_000);
