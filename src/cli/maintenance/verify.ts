/** `elastickv verify`: asks for one step after the other, and adds the answers up. */
import { AnswerError, checkAnswer } from "../../api/answers.ts";
import {
  PROBLEM_KINDS,
  type ProblemKind,
  type VerifyReport,
  type VerifyState,
  type VerifyStep,
  verifyStateSchema,
  verifyStepSchema,
} from "../../api/maintenance.ts";
import { ConfigError } from "../../config/config.ts";
import { EXIT } from "../../platform/exit-codes.ts";
import type { MaintenanceClient } from "./client.ts";
import { type Progress, roughSize, Throttle } from "./progress.ts";
import { readState, removeState, writeState } from "./state-file.ts";

export interface VerifyAction {
  readonly deep: boolean;
  /** Bytes a second; undefined: as fast as it goes. */
  readonly rate: number | undefined;
  readonly state: string | undefined;
  readonly json: boolean;
}

export interface VerifyContext {
  readonly client: Pick<MaintenanceClient, "json">;
  readonly progress: Progress;
  readonly clock: { monotonicMs(): number };
  sleep(ms: number): Promise<void>;
  print(text: string): void;
}

/** Something is lost, damaged or corrupt. */
const LOST_EXIT = 1;
/** Copies are missing, or not all could be asked. */
const INCOMPLETE_EXIT = 3;
/** Problems that the report names; all are counted. */
const PROBLEMS_NAMED = 1_000;
/** A step covers about a second of the rate, between these bounds. */
const STEP_BYTES_MIN = 1 << 20;
const STEP_BYTES_MAX = 64 << 20;

const BAD: readonly ProblemKind[] = ["lost", "damaged", "corrupt-copy"];

const MEANING: Readonly<Record<ProblemKind, string>> = {
  lost: "no copy is left",
  unreachable: "no copy can be reached now",
  damaged: "a row, a reference or a chunk is damaged or missing",
  "corrupt-copy": "a copy is damaged",
  "missing-copy": "a voter has no copy yet",
  unreadable: "stored by a newer release",
};

/** @returns the exit code. @throws ClusterError; ConfigError about the state file that is there */
export async function runVerify(action: VerifyAction, context: VerifyContext): Promise<number> {
  const { client, progress } = context;
  const throttle = new Throttle(action.rate, context.clock, (ms) => context.sleep(ms));
  const maxBytes =
    action.rate === undefined
      ? {}
      : { maxBytes: Math.max(STEP_BYTES_MIN, Math.min(STEP_BYTES_MAX, action.rate)) };
  let state = loadState(action);
  for (;;) {
    const { deep } = action;
    const step = await client.json(verifyStepSchema, "POST", "/v1/verify", {
      cursor: state.cursor,
      deep,
      ...maxBytes,
    });
    state = { version: 1, cursor: step.cursor, report: added(state.report, step) };
    if (step.cursor === null) break;
    if (action.state !== undefined) writeState(action.state, state);
    progress.show(() => line(state.report));
    await throttle.took(deep ? step.verifiedBytes : step.bytes);
  }
  if (action.state !== undefined) removeState(action.state);
  progress.clear();
  const { report } = state;
  context.print(action.json ? `${JSON.stringify(report, undefined, 2)}\n` : summary(report));
  if (BAD.some((kind) => (report.counts[kind] ?? 0) > 0)) return LOST_EXIT;
  const whole = Object.keys(report.counts).length === 0 && report.unreachable.length === 0;
  return whole ? EXIT.DONE : INCOMPLETE_EXIT;
}

function loadState({ state, deep }: VerifyAction): VerifyState {
  const known = state === undefined ? undefined : readState(state);
  if (known === undefined) return { version: 1, cursor: null, report: emptyReport(deep) };
  try {
    const checked = checkAnswer(verifyStateSchema, known);
    if (checked.report.deep === deep) return checked;
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    throw new ConfigError(`${state} is no state of elastickv verify: remove it, or name another file`);
  }
  throw new ConfigError(
    `${state} is of a walk ${deep ? "without" : "with"} --deep: remove it, or name another file`,
  );
}

function emptyReport(deep: boolean): VerifyReport {
  const zero = { objects: 0, bytes: 0, blobs: 0, copies: 0, verifiedBytes: 0 };
  return { complete: false, deep, ...zero, counts: {}, unreachable: [], problems: [] };
}

function added(report: VerifyReport, step: VerifyStep): VerifyReport {
  const counts = { ...report.counts };
  for (const [kind, count] of Object.entries(step.counts)) counts[kind] = (counts[kind] ?? 0) + count;
  return {
    complete: step.cursor === null,
    deep: report.deep,
    objects: report.objects + step.objects,
    bytes: report.bytes + step.bytes,
    blobs: report.blobs + step.blobs,
    copies: report.copies + step.copies,
    verifiedBytes: report.verifiedBytes + step.verifiedBytes,
    counts,
    unreachable: [...new Set([...report.unreachable, ...step.unreachable])].sort(),
    problems: [...report.problems, ...step.problems].slice(0, PROBLEMS_NAMED),
  };
}

function line({ objects, bytes, counts, deep, verifiedBytes }: VerifyReport): string {
  const problems = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const read = deep ? `, ${roughSize(verifiedBytes)} read` : "";
  return `${objects} objects, ${roughSize(bytes)}${read}, ${problems} problems`;
}

function summary(report: VerifyReport): string {
  const lines = [
    `objects   ${report.objects} (${roughSize(report.bytes)})`,
    `blobs     ${report.blobs} looked up, ${report.copies} intact copies`,
    ...(report.deep ? [`read      ${roughSize(report.verifiedBytes)}`] : []),
  ];
  for (const { bucket, key, kind, detail } of report.problems) {
    lines.push(`${kind}: ${JSON.stringify(`${bucket}/${key}`)}: ${detail}`);
  }
  for (const kind of PROBLEM_KINDS) {
    const count = report.counts[kind] ?? 0;
    if (count > 0) lines.push(`${kind.padEnd(13)} ${count} (${MEANING[kind]})`);
  }
  if (report.unreachable.length > 0) lines.push(`not reached: ${report.unreachable.join(", ")}`);
  if (Object.keys(report.counts).length === 0 && report.unreachable.length === 0) {
    lines.push(
      report.deep ? "everything is there, on every voter, and intact" : "everything is there, on every voter",
    );
  }
  return `${lines.join("\n")}\n`;
}
