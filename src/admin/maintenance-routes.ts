/** Work on all objects, one bounded step a request. Only clients on this machine may ask (`listener.ts`). */
import { Elysia } from "elysia";
import {
  type MaintenanceCode,
  MaintenanceError,
  maintenanceRefusal,
  verifyBody,
  verifyStepSchema,
} from "../api/maintenance.ts";
import { notLocalSchema } from "../api/schemas.ts";
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
};

const refusals = {
  400: maintenanceRefusal,
  403: notLocalSchema,
  409: maintenanceRefusal,
  410: maintenanceRefusal,
  500: maintenanceRefusal,
  503: maintenanceRefusal,
};
const tags = ["maintenance"];

interface Answering {
  status?: number | string;
}

export function maintenanceRoutes(deps: Pick<AdminDeps, "maintenance">) {
  const ask = async <T>(set: Answering, work: (maintenance: Maintenance) => Promise<T>) => {
    try {
      const maintenance = deps.maintenance?.();
      if (maintenance === undefined) {
        throw new MaintenanceError("UNAVAILABLE", "this node has not opened its keyspace yet");
      }
      return await work(maintenance);
    } catch (error) {
      if (!(error instanceof MaintenanceError)) throw error;
      set.status = MAINTENANCE_STATUS[error.code];
      return { code: error.code, message: error.message };
    }
  };
  return new Elysia({ aot: false, strictPath: true }).post(
    "/v1/verify",
    ({ body, set }) => ask(set, (maintenance) => maintenance.verify(body)),
    {
      body: verifyBody,
      response: { 200: verifyStepSchema, ...refusals },
      detail: { summary: "Verify the next objects and their copies", tags },
    },
  );
}
