/**
 * A restored version has the order of the cluster that wrote it, and the log of this cluster may be behind that one: a
 * version that is written over it is newer all the same (decision 170).
 */
import { expect, test } from "bun:test";
import { systemRandom } from "../../../src/platform/random.ts";
import { objectKey } from "../../../src/s3/records/keys.ts";
import { decodeManifest, encodeManifest } from "../../../src/s3/records/manifest.ts";
import { newVersionId, orderOf } from "../../../src/s3/records/version-id.ts";
import { bucketRef, versionedBucket } from "./fixture.ts";

const HOUR_AHEAD = BigInt(3_600_000) << 16n;

test.each(["Enabled", "Suspended"] as const)(
  "%s: versions over one that was restored from a clock ahead",
  async (state) => {
    const v = await versionedBucket("Enabled");
    const first = await v.put("key", "restored");
    const ref = bucketRef(v.h.kv);
    const at = objectKey(ref, "key");
    const [row] = v.h.kv.rows(at);
    if (row === undefined || first === undefined) throw new Error("no version");
    const manifest = decodeManifest(row.value);
    const ahead = newVersionId(orderOf(manifest) + HOUR_AHEAD, systemRandom);
    const value = encodeManifest({ ...manifest, versionId: ahead });
    await v.h.kv.transact({
      conditions: [],
      mutations: [
        { kind: "put", key: at, value, payload: new TextEncoder().encode("restored"), keepContent: true },
      ],
    });
    await v.set(state);
    const second = await v.put("key", "second");
    await v.set("Enabled");
    const third = await v.put("key", "third");
    const ids = [third, second ?? "null", ahead];
    expect((await v.list()).map(({ versionId }) => versionId)).toEqual(ids as string[]);
    // A page that ends behind the second has the restored one on the next.
    const next = await v.list(`&key-marker=key&version-id-marker=${ids[1]}`);
    expect(next.map(({ versionId }) => versionId)).toEqual([ahead]);
    expect((await v.call("DELETE", `/bucket/key?versionId=${third}`)).status).toBe(204);
    expect((await v.call("GET", "/bucket/key")).text).toBe("second");
    expect((await v.call("DELETE", `/bucket/key?versionId=${ids[1]}`)).status).toBe(204);
    expect((await v.call("GET", "/bucket/key")).text).toBe("restored");
  },
);
