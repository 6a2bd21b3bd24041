/** The state of versioning of a bucket. */
import { elastickv as gen } from "../../gen/s3.js";
import { RecordError } from "./record-error.ts";

/** `off`: versioning was never enabled. A bucket never returns to `off`. */
export type Versioning = "off" | "enabled" | "suspended";

/** The state that the key of the row "g" names. `locked`: versioning is enabled, and versions can be locked. */
export type AliveState = Versioning | "locked";

export function aliveState(bucket: {
  readonly versioning: Versioning;
  readonly objectLock: boolean;
}): AliveState {
  return bucket.objectLock ? "locked" : bucket.versioning;
}

const NUMBERS: Readonly<Record<Versioning, gen.s3.Versioning>> = {
  off: gen.s3.Versioning.VERSIONING_OFF,
  enabled: gen.s3.Versioning.VERSIONING_ENABLED,
  suspended: gen.s3.Versioning.VERSIONING_SUSPENDED,
};

/** The field of a row; absent for `off`, as in rows that are older than the field. */
export function encodeVersioning(versioning: Versioning): { versioning?: gen.s3.Versioning } {
  return versioning === "off" ? {} : { versioning: NUMBERS[versioning] };
}

/** @throws RecordError */
export function versioningOf(number: number): Versioning {
  for (const state of ["off", "enabled", "suspended"] as const) if (NUMBERS[state] === number) return state;
  throw new RecordError(`versioning ${number}`);
}
