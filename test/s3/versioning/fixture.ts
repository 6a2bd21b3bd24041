/** A bucket with versioning, and short forms of the requests about versions. */
import { decodeBucket } from "../../../src/s3/records/bucket-record.ts";
import { type BucketRef, bucketKey } from "../../../src/s3/records/keys.ts";
import type { Answer, Call, Harness, HarnessOptions } from "../support/harness.ts";
import { harness } from "../support/harness.ts";
import type { TestKv } from "../support/test-kv.ts";

export type State = "Enabled" | "Suspended";

export const versioningXml = (state: string): string =>
  `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${state}</Status></VersioningConfiguration>`;

interface ListedVersion {
  readonly kind: "DeleteMarker" | "Version";
  readonly key: string;
  readonly versionId: string;
  readonly isLatest: boolean;
  readonly etag: string | undefined;
}

export interface Versions {
  readonly h: Harness;
  call(method: string, target: string, call?: Call): Promise<Answer>;
  set(state: State): Promise<void>;
  /** The id of the new version; undefined when the answer names none. */
  put(key: string, body: string, headers?: Readonly<Record<string, string>>): Promise<string | undefined>;
  /** The id of the new delete marker. */
  mark(key: string): Promise<string | undefined>;
  list(query?: string): Promise<ListedVersion[]>;
  /** Requests at another gateway of the same cluster. */
  another(): (method: string, target: string, call?: Call) => Promise<Answer>;
}

export function bucketRef(kv: TestKv, bucket = "bucket"): BucketRef {
  const [row] = kv.rows(bucketKey(bucket));
  if (row === undefined) throw new Error(`no bucket ${bucket}`);
  return { bucket, generation: decodeBucket(row.value).generation };
}

export async function versionedBucket(
  state: State | "off" = "Enabled",
  options: HarnessOptions = {},
): Promise<Versions> {
  const h = harness(options);
  const call = (method: string, target: string, more: Call = {}): Promise<Answer> =>
    h.call(method, target, more);
  const ok = async (answer: Promise<Answer>, status: number): Promise<Answer> => {
    const given = await answer;
    if (given.status !== status) throw new Error(`${given.status} ${given.text}`);
    return given;
  };
  const set = async (to: State): Promise<void> => {
    await ok(call("PUT", "/bucket?versioning", { body: versioningXml(to) }), 200);
  };
  await ok(call("PUT", "/bucket"), 200);
  if (state !== "off") await set(state);
  return {
    h,
    call,
    set,
    put: async (key, body, headers = {}) => {
      const answer = await ok(call("PUT", `/bucket/${encodeURI(key)}`, { body, headers }), 200);
      return answer.headers.get("x-amz-version-id");
    },
    mark: async (key) => {
      const answer = await ok(call("DELETE", `/bucket/${key}`), 204);
      return answer.headers.get("x-amz-version-id");
    },
    another: () => harness({ ...options, kv: h.kv }).call,
    list: async (query = "") => listedVersions(await ok(call("GET", `/bucket?versions${query}`), 200)),
  };
}

function listedVersions(answer: Answer): ListedVersion[] {
  return [...answer.text.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/g)].map(([, kind, inner = ""]) => {
    const of = (name: string): string | undefined =>
      new RegExp(`<${name}>([^<]*)</${name}>`).exec(inner)?.[1];
    return {
      kind: kind as "DeleteMarker" | "Version",
      key: of("Key") ?? "",
      versionId: of("VersionId") ?? "",
      isLatest: of("IsLatest") === "true",
      etag: of("ETag"),
    };
  });
}
