import type { S3Metrics } from "../../../src/s3/context/metrics.ts";

const nothing = (): void => {};

export const noS3Metrics: S3Metrics = {
  requestEnded: nothing,
  requestFailed: nothing,
  inflightBytes: nothing,
  rejected: nothing,
  waited: nothing,
};
