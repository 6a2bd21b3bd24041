/** What S3 means when no region is said, and what clients use that were told none. */
export const DEFAULT_REGION = "us-east-1";
