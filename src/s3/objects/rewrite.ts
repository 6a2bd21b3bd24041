/** Rows of objects that are written again in their place: tags and locks change, and the content stays. */
import { unreadableContent } from "../content/unreadable.ts";
import { reopenBucket } from "../context/authorize.ts";
import type { ObjectExchange } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { encodeManifest, type Manifest } from "../records/manifest.ts";
import { type CurrentObject, currentObject } from "./current.ts";

interface Rewrite {
  readonly manifest: Manifest;
  readonly guards?: readonly Guard[];
}

/**
 * Writes the row of the object, or of the version that the request names, if it still is the row that was read: a change
 * never reaches another version.
 * @param change undefined: the row is right as it is
 * @returns what was read. @throws S3Error NoSuchBucket, NoSuchKey, NoSuchVersion, MethodNotAllowed, AccessDenied,
 *   ConditionalRequestConflict, NotImplemented (content of a newer release); KvError
 */
export async function rewriteObject(
  exchange: ObjectExchange,
  change: (manifest: Manifest) => Rewrite | undefined,
): Promise<CurrentObject> {
  const { services } = exchange;
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const current = await currentObject(exchange, "with-payload");
    const { at, bucket, manifest, row } = current;
    if (manifest.content.kind === "unknown") throw unreadableContent(String(manifest.content.number));
    const rewrite = change(manifest);
    if (rewrite === undefined) return current;
    const same: Guard = {
      condition: { kind: "version-equals", key: at, commitTs: row.commitTs },
      onFail: "retry",
    };
    const outcome = await transactGuarded(
      services.kv.group(bucket.bucket),
      [services.buckets.aliveGuard(bucket), same, ...(rewrite.guards ?? [])],
      [
        {
          kind: "put",
          key: at,
          value: encodeManifest(rewrite.manifest),
          payload: row.payload,
          garbage: row.garbage,
          keepContent: true,
        },
      ],
    );
    if (outcome.kind === "committed") return current;
    await reopenBucket(exchange);
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", exchange.key]] });
}
