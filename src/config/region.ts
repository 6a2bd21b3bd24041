/** The region that S3 means when none is given, and that clients use by default. */
export const DEFAULT_REGION = "us-east-1";
