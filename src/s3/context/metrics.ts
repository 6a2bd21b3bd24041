import type { AdmissionMetrics } from "../content/admission.ts";
import type { S3ErrorCode } from "../protocol/errors.ts";

/** The counts of the S3 application. `src/monitoring` supplies the implementation. */
export interface S3Metrics extends AdmissionMetrics {
  /** Called once per request, when the edge has the last byte of the reply, or when the reply was aborted. */
  requestEnded(operation: string, status: number, bytesIn: number, bytesOut: number, seconds: number): void;
  /** Called once per request that ended in an error. */
  requestFailed(operation: string, code: S3ErrorCode): void;
}
