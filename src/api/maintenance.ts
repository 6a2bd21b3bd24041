/**
 * Requests and answers of `verify`, `migrate`, `backup` and `restore`, as in `schemas.ts`. Each request is one bounded
 * step: the command line decides the speed, and may stop between two steps.
 */
import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";

export const MAINTENANCE_CODES = [
  /** The request makes no sense, as a cursor of another walk. */
  "INVALID",
  /** No leader, or this node has just started: the same request may succeed later. */
  "UNAVAILABLE",
  /** The cluster has buckets, so nothing is restored into it. */
  "NOT_EMPTY",
  /** Another backup is being restored, or another restore has ended meanwhile. */
  "OTHER_RESTORE",
  /** The backup is not known to this node (any more), or took longer than old versions are kept. */
  "BACKUP_GONE",
  /** The bytes are missing or damaged. */
  "DAMAGED",
  /** Not every member stores blobs. */
  "GATE_CLOSED",
] as const;
export type MaintenanceCode = (typeof MAINTENANCE_CODES)[number];

export class MaintenanceError extends Error {
  readonly code: MaintenanceCode;
  constructor(code: MaintenanceCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MaintenanceError";
    this.code = code;
  }
}

export const maintenanceRefusal = t.Object({
  code: t.UnionEnum(MAINTENANCE_CODES),
  message: t.String(),
});

const count = (description?: string) =>
  Type.Integer({ minimum: 0, ...(description === undefined ? {} : { description }) });

// ---- verify ------------------------------------------------------------------------------------------------------

export const PROBLEM_KINDS = [
  /** No copy: these bytes are gone. */
  "lost",
  /** No copy can be reached now; members that could not be asked may have one. */
  "unreachable",
  /** The row, its payload or a reference is damaged or missing. */
  "damaged",
  /** The copy on a member is damaged. */
  "corrupt-copy",
  /** A voter has no copy (yet); others have. */
  "missing-copy",
  /** Content of a newer release. */
  "unreadable",
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

const cursor = t.Nullable(t.String({ maxLength: 16_384, description: "null: the beginning, or the end" }));

export const verifyBody = t.Object({
  cursor,
  deep: t.Boolean({ description: "read and verify every byte of every copy" }),
  maxBytes: t.Optional(
    t.Integer({ minimum: 1, description: "deep: how many bytes, about, one step may cover" }),
  ),
});

const problem = t.Object({
  bucket: t.String(),
  key: t.String(),
  kind: t.UnionEnum(PROBLEM_KINDS),
  detail: t.String(),
});

export const verifyStepSchema = t.Object({
  cursor,
  objects: count("objects that were finished in this step"),
  bytes: count("bytes of these objects"),
  blobs: count("blobs whose copies were asked for, each once a step"),
  copies: count("intact copies of these blobs"),
  verifiedBytes: count("bytes that were read and verified, each copy for itself"),
  problems: t.Array(problem, { description: "the first problems of the step" }),
  counts: t.Record(t.String(), count(), { description: "problems of each kind" }),
  unreachable: t.Array(t.String(), { description: "voters that could not be asked" }),
});

export type VerifyRequest = Static<typeof verifyBody>;
export type VerifyStep = Static<typeof verifyStepSchema>;
export type VerifyProblem = Static<typeof problem>;

/** What `elastickv verify` ends with, and keeps in its state file. */
export const verifyReportSchema = t.Object({
  /** False: the walk has not come to its end. */
  complete: t.Boolean(),
  deep: t.Boolean(),
  objects: count(),
  bytes: count(),
  blobs: count(),
  copies: count(),
  verifiedBytes: count(),
  counts: t.Record(t.String(), count()),
  unreachable: t.Array(t.String()),
  problems: t.Array(problem),
});
export type VerifyReport = Static<typeof verifyReportSchema>;

export const verifyStateSchema = t.Object({
  version: t.Literal(1),
  cursor: t.Nullable(t.String()),
  report: verifyReportSchema,
});
export type VerifyState = Static<typeof verifyStateSchema>;
