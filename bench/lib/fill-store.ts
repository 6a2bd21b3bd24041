/** Very many objects, without a request for each. */
import { keyspaceDirectory } from "../../src/node/data-directory.ts";
import { decodeBucket } from "../../src/s3/records/bucket-record.ts";
import { bucketKey, objectKey } from "../../src/s3/records/keys.ts";
import { encodeManifest } from "../../src/s3/records/manifest.ts";
import { SqliteGenerations } from "../../src/store/generations/sqlite-generations.ts";
import { BLIND, type PutMutation } from "../../src/store/types.ts";
import { CREDENTIALS } from "../../test/process/lib/node-process.ts";
import { BUCKET } from "./context.ts";

const ROWS_PER_COMMIT = 10_000;
/** The same on every node that is filled. */
const MODIFIED_MS = Date.UTC(2026, 0, 1);

export const keyName = (n: number): string =>
  `photos/${String(Math.floor(n / 1000)).padStart(4, "0")}/IMG_${String(n).padStart(8, "0")}.jpg`;

/**
 * Puts `count` empty objects straight into the store of a node that does not run. Nodes of one cluster that stand at the same
 * position get the same rows. @param alsoFor is shown every batch of rows
 */
export function fillStore(
  dataDir: string,
  nodeId: string,
  count: number,
  alsoFor: (rows: readonly PutMutation[]) => void = () => undefined,
): void {
  const generations = new SqliteGenerations({
    directory: keyspaceDirectory(dataDir),
    fsmSyncMode: "sync",
    identity: { clusterId: "", nodeId },
  });
  const store = generations.open();
  const commitTs = store.appliedState().commitTs + 1n;
  const bucketRow = store.getAt(bucketKey(BUCKET), commitTs);
  if (bucketRow === undefined) throw new Error(`no bucket ${BUCKET} in ${dataDir}`);
  const ref = { bucket: BUCKET, generation: decodeBucket(bucketRow.value).generation };
  const value = encodeManifest({
    versionId: "null",
    size: 0,
    etag: "d41d8cd98f00b204e9800998ecf8427e",
    modifiedMs: MODIFIED_MS,
    headers: {
      contentType: "image/jpeg",
      contentEncoding: "",
      contentDisposition: "",
      contentLanguage: "",
      cacheControl: "",
      expires: "",
    },
    metadata: [],
    checksum: undefined,
    storageClass: "STANDARD",
    owner: { kind: "root", accessKey: CREDENTIALS.accessKey },
    content: { kind: "inline", payloadCrc32: 0 },
  });
  for (let first = 0; first < count; first += ROWS_PER_COMMIT) {
    const rows: PutMutation[] = [];
    for (let n = first; n < Math.min(count, first + ROWS_PER_COMMIT); n++) {
      rows.push({ kind: "put", key: objectKey(ref, keyName(n)), value });
    }
    store.applyMutations(rows, BLIND, commitTs);
    alsoFor(rows);
  }
  store.close();
}
