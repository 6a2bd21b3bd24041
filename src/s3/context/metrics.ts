import type { AdmissionMetrics } from "../content/admission.ts";
import type { S3ErrorCode } from "../protocol/errors.ts";

/** What the S3 application counts. `src/monitoring` supplies it. */
export interface S3Metrics extends AdmissionMetrics {
  /** Once per request, when the last byte of the reply has been handed to the edge (or it was broken off). */
  requestEnded(operation: string, status: number, bytesIn: number, bytesOut: number, seconds: number): void;
  /** Once per request that ended in an error. */
  requestFailed(operation: string, code: S3ErrorCode): void;
}
