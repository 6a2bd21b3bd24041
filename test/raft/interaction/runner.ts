import { confChangeSuite } from "./confchange-suite.ts";
import { type Case, parseCases } from "./datadriven.ts";
import { interactionSuite } from "./interaction-suite.ts";
import { quorumSuite } from "./quorum-suite.ts";

export interface Difference {
  readonly line: number;
  readonly command: string;
  readonly expected: string;
  readonly actual: string;
}

const SUITES = { confchange: confChangeSuite, quorum: quorumSuite, interaction: interactionSuite };
export type SuiteName = keyof typeof SUITES;

/** By the folder nearest to the file that names a suite. */
export function suiteOf(path: string): SuiteName {
  const folders = path.split("/").slice(0, -1).reverse();
  for (const folder of folders) {
    if (folder === "confchange") return "confchange";
    if (folder === "quorum") return "quorum";
    if (folder === "raft" || folder === "interaction") return "interaction";
  }
  return "interaction";
}

/** Runs the cases of one file in order, up to the first difference. null when there is none. */
export function runCases(suite: SuiteName, text: string): Difference | null {
  const run = SUITES[suite]();
  for (const testCase of parseCases(text)) {
    const actual = output(run, testCase);
    if (actual !== testCase.expected) {
      return { line: testCase.line, command: testCase.command, expected: testCase.expected, actual };
    }
  }
  return null;
}

function output(run: (testCase: Case) => string, testCase: Case): string {
  try {
    const text = run(testCase);
    return text === "" || text.endsWith("\n") ? text : `${text}\n`;
  } catch (error) {
    // What must stop a node fails the case; the message has the numbers.
    return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
  }
}

/** The first line that differs, with what led to it. */
export function describeDifference({ line, command, expected, actual }: Difference): string {
  const wanted = expected.split("\n");
  const got = actual.split("\n");
  let at = 0;
  while (at < wanted.length && wanted[at] === got[at]) at++;
  const context = wanted.slice(Math.max(0, at - 3), at).map((text) => `      ${text}\n`);
  return (
    `  line ${line}: ${command}, output line ${at + 1}\n${context.join("")}` +
    `    - ${wanted[at] ?? "<end>"}\n    + ${got[at] ?? "<end>"}\n`
  );
}
