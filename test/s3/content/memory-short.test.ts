/**
 * What a node that is short of memory refuses, and what goes on. SlowDown, 503: API reference, "Error responses", list of
 * error codes; clients repeat it with backoff (user guide, "Handling Amazon S3 and S3 503 Slow Down errors").
 */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { systemRandom } from "../../../src/platform/random.ts";
import { PutAdmission } from "../../../src/s3/content/admission.ts";
import { AdmissionBudget, budgetBytes } from "../../../src/s3/content/admission-budget.ts";
import { BlobHarness } from "../support/blob-harness.ts";
import type { Answer, Call } from "../support/harness.ts";
import { pattern, TestClock } from "../support/harness.ts";
import { TestKv } from "../support/test-kv.ts";

const MIB = 1024 * 1024;

/** The application with blobs, and the word that the node sets in the budget of all gateways. */
async function prepared() {
  const memory = new SharedArrayBuffer(budgetBytes(2));
  const counted: string[] = [];
  const admission = new PutAdmission({
    capacityBytes: 256 * MIB,
    timeoutMs: 30_000,
    chunkedIncremental: true,
    entryBytes: new TestKv().maxTxnBytes,
    clock: new TestClock(),
    random: systemRandom,
    metrics: {
      inflightBytes: () => {},
      rejected: (stage, protocol) => counted.push(`${stage} ${protocol}`),
      waited: () => {},
    },
    // The second gateway: the node sets the word once for all.
    share: { memory, gateway: 1 },
  });
  const node = new AdmissionBudget({ memory, gateway: 0 });
  const paths = new BlobHarness({ deps: { admission } });
  await paths.start();
  const call = (method: string, target: string, more?: Call): Promise<Answer> =>
    paths.h.call(method, `/bucket${target}`, more);
  return { paths, node, counted, call };
}

function expectRefused(answer: Answer): void {
  expect([answer.status, answer.tag("Code"), answer.bodyRead]).toEqual([503, "SlowDown", 0]);
  expect(answer.tag("Message")).toContain("short of memory");
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
}

test.each([1, 1000, 100_000, 5 * MIB])(
  "an upload of %d bytes is refused before its body is read",
  async (size) => {
    const { paths, node, counted, call } = await prepared();
    node.setShort(true);
    expectRefused(await call("PUT", "/key", { body: pattern(size) }));
    expect(counted).toEqual(["memory fixed-length"]);
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
    node.setShort(false);
    expect((await call("PUT", "/key", { body: pattern(size) })).status).toBe(200);
    expect(counted).toHaveLength(1);
  },
);

test("a part is refused, and the upload goes on afterwards; it can be completed meanwhile", async () => {
  const { paths, node, call } = await prepared();
  const id = await paths.startUpload("key");
  const first = await paths.uploadPart("key", id, 1, pattern(5 * MIB));
  node.setShort(true);
  expectRefused(await call("PUT", `/key?uploadId=${id}&partNumber=2`, { body: pattern(100) }));
  await paths.complete("key", id, [first]);
  expect(Buffer.compare(await paths.get("key"), pattern(5 * MIB))).toBe(0);
  const other = await paths.startUpload("other");
  node.setShort(false);
  await paths.complete("other", other, [await paths.uploadPart("other", other, 1, pattern(100))]);
});

test("a copy that refers to stored blobs holds nothing and goes on; one that moves bytes is refused", async () => {
  const { paths, node, call } = await prepared();
  const copy = (from: string, headers = {}) =>
    call("PUT", "/copy", { headers: { "x-amz-copy-source": `/bucket/${from}`, ...headers } });
  await call("PUT", "/blobs", { body: pattern(5 * MIB) });
  await call("PUT", "/small", { body: pattern(100) });
  await call("PUT", "/empty");
  const id = await paths.startUpload("parts");
  node.setShort(true);
  expect((await copy("blobs")).status).toBe(200);
  expect((await copy("empty")).status).toBe(200);
  expectRefused(await copy("small"));
  expectRefused(
    await call("PUT", `/parts?uploadId=${id}&partNumber=1`, {
      headers: { "x-amz-copy-source": "/bucket/small", "x-amz-copy-source-range": "bytes=0-9" },
    }),
  );
  node.setShort(false);
  expect((await copy("small")).status).toBe(200);
});

test("everything else goes on", async () => {
  const { node, counted, call } = await prepared();
  await call("PUT", "/a", { body: pattern(5 * MIB) });
  await call("PUT", "/b", { body: pattern(10) });
  node.setShort(true);
  const list = "<Delete><Object><Key>a</Key></Object></Delete>";
  const statuses = [
    await call("PUT", "/empty"),
    await call("GET", "/a"),
    await call("HEAD", "/a"),
    await call("GET", "?list-type=2"),
    await call("POST", "/c?uploads"),
    await call("PUT", "/b", {
      headers: { "x-amz-copy-source": "/bucket/b", "x-amz-metadata-directive": "REPLACE" },
    }),
    await call("DELETE", "/b"),
    await call("POST", "?delete", {
      body: list,
      headers: { "Content-MD5": createHash("md5").update(list).digest("base64") },
    }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 204, 200]);
  expect(counted).toEqual([]);
});

test("an upload that has begun is taken to its end", async () => {
  const { node, call } = await prepared();
  const whole = pattern(6 * MIB);
  const answer = await call("PUT", "/key", {
    body: {
      length: whole.byteLength,
      pieces: async function* () {
        for (let at = 0; at < whole.byteLength; at += MIB) {
          if (at === 2 * MIB) node.setShort(true);
          yield whole.subarray(at, at + MIB);
        }
      },
    },
  });
  expect(answer.status).toBe(200);
  expect(Buffer.compare((await call("GET", "/key")).bytes, whole)).toBe(0);
});
