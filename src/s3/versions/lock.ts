/** When a lock keeps a version (docs/decisions/171-object-lock.md). The state machine decides, on the time of the log. */
import { S3Error } from "../protocol/errors.ts";
import type { Guard } from "../records/guarded.ts";
import type { Lock } from "../records/lock.ts";

function lockedError(): S3Error {
  return new S3Error("AccessDenied", { message: "Access Denied because object protected by object lock." });
}

/** The guard of what is allowed only after the end of a retention. */
export function ended(untilMs: number): Guard {
  return { condition: { kind: "after", ms: untilMs }, onFail: lockedError };
}

/**
 * The guards of a removal. @param bypass the request may bypass a retention of mode GOVERNANCE, and asks for it
 * @throws S3Error AccessDenied while there is a legal hold
 */
export function removalGuards(lock: Lock | undefined, bypass: boolean): Guard[] {
  if (lock?.legalHold === "ON") throw lockedError();
  const retention = lock?.retention;
  if (retention === undefined || (retention.mode === "GOVERNANCE" && bypass)) return [];
  return [ended(retention.untilMs)];
}
