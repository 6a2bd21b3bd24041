import type { AdmissionMetrics } from "../content/admission.ts";
import type { S3ErrorCode } from "../protocol/errors.ts";

/** What the S3 application counts. `src/monitoring` supplies the real one; `noS3Metrics` is for tests. */
export interface S3Metrics extends AdmissionMetrics {
  /** Once per request, when the last byte of the reply has been handed to the edge (or it was broken off). */
  requestEnded(operation: string, status: number, bytesIn: number, bytesOut: number, seconds: number): void;
  /** Once per request that ended in an error. */
  requestFailed(operation: string, code: S3ErrorCode): void;
}

const nothing = (): void => {};

export const noS3Metrics: S3Metrics = {
  requestEnded: nothing,
  requestFailed: nothing,
  inflightBytes: nothing,
  rejected: nothing,
  waited: nothing,
};
