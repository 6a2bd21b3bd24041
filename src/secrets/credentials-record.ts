/** Encodes root keys as the bytes that are sealed. */
import { checkRootCredentials, type RootCredentials } from "../config/root-credentials.ts";
import { parseRecord, recordBytes, textOf } from "./records.ts";

export function credentialsBytes({ accessKey, secretKey }: RootCredentials): Uint8Array {
  return recordBytes({ accessKey, secretKey: secretKey.reveal() });
}

/**
 * @param whose the beginning of the message: "the cluster's"
 * @throws SecretRecordError; ConfigError when the values are no valid keys
 */
export function credentialsFrom(
  bytes: Uint8Array,
  source: RootCredentials["source"],
  whose: string,
): RootCredentials {
  const record = parseRecord(bytes, `the record of ${whose} root keys`);
  return checkRootCredentials(textOf(record, "accessKey"), textOf(record, "secretKey"), source, whose);
}
