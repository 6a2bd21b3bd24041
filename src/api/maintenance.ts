/**
 * Requests and answers of `verify`, `migrate`, `backup` and `restore`, as in `schemas.ts`. Each request is one bounded
 * step: the command line decides the speed, and may stop between two steps.
 */
import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";

/** @internal */
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
  /** Blobs waited too long for their references: they are sent again. */
  "PIN_ENDED",
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
const verifyReportSchema = t.Object({
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

// ---- backup ------------------------------------------------------------------------------------------------------

const backupId = t.String({ pattern: "^[0-9a-z-]{8,64}$" });
const sha256Hex = t.String({ pattern: "^[0-9a-f]{64}$" });

export const backupBegunSchema = t.Object({
  id: backupId,
  clusterId: t.String(),
  /** Commit timestamp of the newest change that the backup contains. */
  position: t.String({ pattern: "^[0-9]{1,20}$" }),
  /** Physical part of the position, Unix milliseconds. */
  positionMs: count(),
});

export const backupPageBody = t.Object({
  id: backupId,
  page: count("0, 1, 2 ...: the next one, or the last one again"),
});

export const backupBlobBody = t.Object({
  id: backupId,
  sha256: sha256Hex,
  size: Type.Integer({ minimum: 1, maximum: 8 << 20 }),
});

export const backupIdBody = t.Object({ id: backupId });

export const backupCountsSchema = t.Object({
  buckets: count(),
  objects: count(),
  uploads: count(),
  rows: count(),
  references: count(),
  bytes: count("bytes of the objects"),
});
export type BackupCounts = Static<typeof backupCountsSchema>;
export type BackupBegun = Static<typeof backupBegunSchema>;

/** The file `manifest.json` of a backup. */
export const backupManifestSchema = t.Object({
  format: t.Literal(1),
  id: backupId,
  clusterId: t.String(),
  position: t.String(),
  positionMs: count(),
  counts: backupCountsSchema,
  blobs: count("different blobs that the rows refer to"),
  blobBytes: count(),
  /** SHA-256 of all pages, in order. */
  digest: sha256Hex,
  pages: t.Array(t.Object({ sha256: sha256Hex, bytes: count() })),
});
export type BackupManifest = Static<typeof backupManifestSchema>;

/** The file `latest.json` of a target. */
export const latestBackupSchema = t.Object({ id: backupId, sha256: sha256Hex });

// ---- restore -----------------------------------------------------------------------------------------------------

export const restoreBlobQuery = t.Object({ id: backupId, sha256: sha256Hex });
export const restorePageQuery = t.Object({
  id: backupId,
  pinUntilMs: t.String({ pattern: "^[0-9]{1,15}$", description: "the earliest pin of the page's blobs" }),
});
export const restoreStoredSchema = t.Object({
  pinUntilMs: count("the blob stays until then without a reference"),
});
export const emptySchema = t.Object({});

// ---- migration ---------------------------------------------------------------------------------------------------

export const migrationBody = t.Object({
  action: t.UnionEnum(["start", "pause"]),
  rate: t.Optional(Type.Integer({ minimum: 1, description: "bytes a second" })),
});
export type MigrationChange = Static<typeof migrationBody>;

export const migrationSchema = t.Object({
  state: t.UnionEnum(["never", "running", "paused", "done"]),
  objects: count("objects whose content was moved"),
  bytes: count("bytes that were moved"),
  skipped: count("objects that stay, because their bytes are damaged or of a newer release"),
  totalBytes: t.Nullable(count("about how many there were at the start; null: not counted yet")),
  rate: count("at most so many bytes a second"),
  open: t.Boolean({ description: "every member stores blobs; the migration waits otherwise" }),
});
export type MigrationStatus = Static<typeof migrationSchema>;
