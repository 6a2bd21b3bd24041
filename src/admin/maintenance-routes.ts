/** Work on all objects, one bounded step a request. `listener.ts` has checked that the caller is an operator. */
import { Elysia } from "elysia";
import {
  backupBegunSchema,
  backupBlobBody,
  backupCountsSchema,
  backupIdBody,
  backupPageBody,
  emptySchema,
  type MaintenanceCode,
  MaintenanceError,
  maintenanceRefusal,
  migrationBody,
  migrationSchema,
  restoreBlobQuery,
  restorePageQuery,
  restoreStoredSchema,
  verifyBody,
  verifyStepSchema,
} from "../api/maintenance.ts";
import { forbiddenSchema } from "../api/schemas.ts";
import { type Answering, answering } from "./answering.ts";
import { BYTES_TYPE } from "./change-guard.ts";
import type { AdminDeps, Maintenance } from "./types.ts";

/** @internal */
export const MAINTENANCE_STATUS: Readonly<Record<MaintenanceCode, 400 | 409 | 410 | 500 | 503>> = {
  INVALID: 400,
  UNAVAILABLE: 503,
  NOT_EMPTY: 409,
  OTHER_RESTORE: 409,
  BACKUP_GONE: 410,
  DAMAGED: 500,
  GATE_CLOSED: 503,
  PIN_ENDED: 409,
};

const refusals = {
  400: maintenanceRefusal,
  403: forbiddenSchema,
  409: maintenanceRefusal,
  410: maintenanceRefusal,
  500: maintenanceRefusal,
  503: maintenanceRefusal,
};
const tags = ["maintenance"];

export function maintenanceRoutes(deps: Pick<AdminDeps, "maintenance">) {
  const ask = <T>(set: Answering, work: (maintenance: Maintenance) => Promise<T>) =>
    answering(set, MaintenanceError, MAINTENANCE_STATUS, async () => {
      const maintenance = deps.maintenance?.();
      if (maintenance === undefined) {
        throw new MaintenanceError("UNAVAILABLE", "this node has not opened its keyspace yet");
      }
      return await work(maintenance);
    });
  const bytes = (set: Answering, work: (maintenance: Maintenance) => Promise<Uint8Array>) =>
    ask<Response>(set, async (maintenance) => {
      const body = await work(maintenance);
      return new Response(body.slice(), { headers: { "Content-Type": BYTES_TYPE } });
    });
  const done = (set: Answering, work: (maintenance: Maintenance) => Promise<void>) =>
    ask(set, async (maintenance) => {
      await work(maintenance);
      return {};
    });
  return new Elysia({ aot: false, strictPath: true })
    .post("/v1/verify", ({ body, set }) => ask(set, (maintenance) => maintenance.verify(body)), {
      body: verifyBody,
      response: { 200: verifyStepSchema, ...refusals },
      detail: { summary: "Verify the next objects and their copies", tags },
    })
    .get("/v1/migration", ({ set }) => ask(set, (maintenance) => maintenance.migration()), {
      response: { 200: migrationSchema, ...refusals },
      detail: { summary: "How far content has moved from the log to blobs", tags },
    })
    .post("/v1/migration", ({ body, set }) => ask(set, (maintenance) => maintenance.changeMigration(body)), {
      body: migrationBody,
      response: { 200: migrationSchema, ...refusals },
      detail: { summary: "Start, go on with, or pause the migration", tags },
    })
    .post("/v1/backup/begin", ({ set }) => ask(set, (maintenance) => maintenance.beginBackup()), {
      response: { 200: backupBegunSchema, ...refusals },
      detail: { summary: "Begin a backup at the newest position", tags },
    })
    .post(
      "/v1/backup/page",
      ({ body, set }) => bytes(set, (maintenance) => maintenance.backupPage(body.id, body.page)),
      { body: backupPageBody, detail: { summary: "The next rows of a backup", tags } },
    )
    .post(
      "/v1/backup/blob",
      ({ body, set }) =>
        bytes(set, (maintenance) =>
          maintenance.backupBlob(body.id, Buffer.from(body.sha256, "hex"), body.size),
        ),
      { body: backupBlobBody, detail: { summary: "The bytes of one blob", tags } },
    )
    .post("/v1/backup/end", ({ body, set }) => ask(set, (maintenance) => maintenance.endBackup(body.id)), {
      body: backupIdBody,
      response: { 200: backupCountsSchema, ...refusals },
      detail: { summary: "End a backup, complete or not", tags },
    })
    .post(
      "/v1/restore/begin",
      ({ body, set }) => done(set, (maintenance) => maintenance.beginRestore(body.id)),
      {
        body: backupIdBody,
        response: { 200: emptySchema, ...refusals },
        detail: { summary: "Begin to restore a backup into an empty cluster, or go on", tags },
      },
    )
    .post(
      "/v1/restore/blob",
      ({ body, query, set }) =>
        ask(set, async (maintenance) => {
          const sha256 = Buffer.from(query.sha256, "hex");
          return { pinUntilMs: await maintenance.restoreBlob(query.id, sha256, bytesOf(body)) };
        }),
      {
        query: restoreBlobQuery,
        response: { 200: restoreStoredSchema, ...refusals },
        detail: { summary: "Store one blob", tags },
      },
    )
    .post(
      "/v1/restore/page",
      ({ body, query, set }) =>
        done(set, (maintenance) =>
          maintenance.restorePage(query.id, bytesOf(body), Number(query.pinUntilMs)),
        ),
      {
        query: restorePageQuery,
        response: { 200: emptySchema, ...refusals },
        detail: { summary: "Write the rows of one page, whose blobs are stored", tags },
      },
    )
    .post("/v1/restore/end", ({ body, set }) => done(set, (maintenance) => maintenance.endRestore(body.id)), {
      body: backupIdBody,
      response: { 200: emptySchema, ...refusals },
      detail: { summary: "End a restore", tags },
    });
}

/** @throws MaintenanceError when the request had no bytes */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new MaintenanceError("INVALID", `the body must be bytes (Content-Type: ${BYTES_TYPE})`);
}
