/** What each operation on the path of blobs holds of the budget for body bytes, and what a client hears without space. */
import { expect, test } from "bun:test";
import { systemRandom } from "../../../../src/platform/random.ts";
import { type Permit, PutAdmission } from "../../../../src/s3/content/admission.ts";
import { BlobHarness } from "../../support/blob-harness.ts";
import { pattern, TestClock } from "../../support/harness.ts";
import { noS3Metrics } from "../../support/no-metrics.ts";

const MIB = 1024 * 1024;
const UNITS = 4;

async function started() {
  const rejections: string[] = [];
  const admission = new PutAdmission({
    capacityBytes: UNITS * MIB,
    timeoutMs: 5,
    chunkedIncremental: true,
    entryBytes: 4 * MIB,
    clock: new TestClock(),
    random: systemRandom,
    metrics: {
      ...noS3Metrics,
      rejected: (stage, protocol) => rejections.push(`${stage} ${protocol}`),
    },
  });
  const paths = new BlobHarness({ deps: { admission } });
  await paths.start();
  return { paths, admission, rejections };
}

const CHUNKED = { kind: "chunked", trailer: true, signing: undefined } as const;

/** The body in aws-chunked framing without signatures, as the edge delivers it. */
function framed(body: Buffer) {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.byteLength; at += 64 * 1024) {
    const chunk = body.subarray(at, at + 64 * 1024);
    pieces.push(Buffer.from(`${chunk.byteLength.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  pieces.push(Buffer.from("0\r\n\r\n"));
  return Buffer.concat(pieces);
}

test("PutObject and UploadPart: refused before the body is read, or in the middle with the end of the connection", async () => {
  for (const operation of ["PutObject", "UploadPart"]) {
    for (const protocol of ["fixed-length", "chunked"]) {
      const { paths, admission, rejections } = await started();
      const uploadId = operation === "UploadPart" ? await paths.startUpload("key") : "";
      const target =
        operation === "UploadPart" ? `/bucket/key?uploadId=${uploadId}&partNumber=1` : "/bucket/key";
      const body = pattern(6 * MIB);
      const isChunked = protocol === "chunked";
      const send = (pieces?: () => AsyncGenerator<Uint8Array>) => {
        const wire = isChunked ? framed(body) : body;
        return paths.h.call("PUT", target, {
          body: pieces === undefined ? wire : { length: wire.byteLength, pieces },
          ...(isChunked
            ? {
                payload: CHUNKED,
                headers: {
                  "x-amz-decoded-content-length": String(body.byteLength),
                  "content-encoding": "aws-chunked",
                },
              }
            : {}),
        });
      };
      const held = admission.tryAcquire(MIB);
      const early = await send();
      expect([early.status, early.tag("Code"), early.bodyRead]).toEqual([503, "SlowDown", 0]);
      expect(early.headers.has("retry-after")).toBe(true);
      held?.release();
      // The space goes while the body is read.
      let taken: Permit | undefined;
      let waits = false;
      async function* slowly(): AsyncGenerator<Uint8Array> {
        if (!waits) void admission.acquire(UNITS * MIB, "chunked").then((permit) => (taken = permit));
        waits = true;
        const wire = isChunked ? framed(body) : body;
        for (let at = 0; at < wire.byteLength; at += 100_000) yield wire.subarray(at, at + 100_000);
      }
      const middle = await send(slowly);
      expect([middle.status, middle.tag("Code"), middle.close]).toEqual([503, "SlowDown", true]);
      expect(middle.headers.has("retry-after")).toBe(true);
      expect(middle.bodyRead).toBeLessThan(3 * MIB);
      expect(rejections).toEqual([`prereserve ${protocol}`, `perbatch ${protocol}`]);
      expect(admission.inUseBytes).toBe(UNITS * MIB);
      taken?.release();
      expect((await send()).status).toBe(200);
      expect([admission.inUseBytes, paths.blobs.buffers, paths.kv.buffers]).toEqual([0, 0, 0]);
    }
  }
});

test("copies of bytes acquire space for each chunk; copies of references, completions, reads and deletes need none", async () => {
  const { paths, admission } = await started();
  await paths.h.call("PUT", "/bucket/source", { body: pattern(6 * MIB) });
  paths.blobs.open = false;
  await paths.h.call("PUT", "/bucket/log", { body: pattern(3 * MIB) });
  paths.blobs.open = true;
  const uploadId = await paths.startUpload("parts");
  const part = await paths.uploadPart("parts", uploadId, 1, pattern(MIB));
  const all = admission.tryAcquire(UNITS * MIB);
  const copy = (from: string, target: string, range?: string) =>
    paths.h.call("PUT", target, {
      headers: {
        "x-amz-copy-source": `/bucket/${from}`,
        ...(range === undefined ? {} : { "x-amz-copy-source-range": `bytes=${range}` }),
      },
    });
  expect((await copy("source", "/bucket/copy")).status).toBe(200);
  const target = `/bucket/parts?uploadId=${uploadId}&partNumber=2`;
  expect((await copy("source", target, `0-${MIB - 1}`)).status).toBe(200);
  for (const refused of [await copy("log", "/bucket/no"), await copy("source", target, `1-${MIB}`)]) {
    expect([refused.status, refused.tag("Code")]).toEqual([503, "SlowDown"]);
  }
  await paths.complete("parts", uploadId, [part]);
  expect((await paths.get("source")).byteLength).toBe(6 * MIB);
  expect((await paths.h.call("DELETE", "/bucket/source")).status).toBe(204);
  all?.release();
  expect((await copy("log", "/bucket/yes")).status).toBe(200);
  expect([admission.inUseBytes, paths.blobs.buffers, paths.kv.buffers]).toEqual([0, 0, 0]);
});
