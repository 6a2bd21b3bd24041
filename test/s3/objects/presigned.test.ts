/** Presigned URLs through the whole application, signed by the signer of the AWS SDK, which moves headers to the query. */
import { expect, test } from "bun:test";
import { authenticatorAt } from "../auth/fixture.ts";
import { presign, signHeaders, type ToSign } from "../auth/sign.ts";
import { type Answer, type Harness, harness } from "../support/harness.ts";

const NOW = Date.UTC(2026, 10, 21, 8, 0, 0);

interface Signed {
  readonly h: Harness;
  /** What the SDK's presigner gives for these headers, sent by a client that knows the URL only. */
  send(
    method: string,
    path: string,
    query: Record<string, string>,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer>;
}

async function prepared(): Promise<Signed> {
  const setUp = harness();
  await setUp.call("PUT", "/bucket");
  await setUp.call("PUT", "/bucket/a%20b", { body: "source", headers: { "x-amz-meta-of": "source" } });
  await setUp.call("PUT", "/bucket/target", { body: "precious" });
  const signing = harness({ kv: setUp.kv, deps: { authenticator: authenticatorAt(NOW) } });
  return {
    h: setUp,
    send: async (method, path, query, headers, body) => {
      // The signer leaves `host` and nothing else to be sent.
      const { target } = await presign({ method, path, query, headers }, NOW, 60);
      return signing.call(method, target, {
        headers: { Host: "127.0.0.1:9000" },
        ...(body === undefined ? {} : { body }),
      });
    },
  };
}

const COPY = { "x-id": "CopyObject" };
const SOURCE = { "x-amz-copy-source": "bucket/a%20b" };

test("a presigned CopyObject copies: the SDK writes x-amz-copy-source into the query", async () => {
  const { h, send } = await prepared();
  const copy = await send("PUT", "/bucket/target", COPY, SOURCE);
  expect([copy.status, copy.text.includes("<CopyObjectResult")]).toEqual([200, true]);
  const get = await h.call("GET", "/bucket/target");
  expect([get.text, get.headers.get("x-amz-meta-of")]).toEqual(["source", "source"]);
});

test("directive, conditions and refusals of a presigned copy count", async () => {
  const { h, send } = await prepared();
  const copy = (headers: Record<string, string>) =>
    send("PUT", "/bucket/target", COPY, { ...SOURCE, ...headers });
  for (const [headers, code] of [
    [{ "x-amz-copy-source-if-match": '"other"' }, "PreconditionFailed"],
    [{ "x-amz-copy-source-if-none-match": "*" }, "PreconditionFailed"],
    [{ "x-amz-copy-source-if-unmodified-since": "Sat, 21 Nov 2020 07:00:00 GMT" }, "PreconditionFailed"],
    [{ "x-amz-metadata-directive": "MOVE" }, "InvalidArgument"],
    [{ "x-amz-source-expected-bucket-owner": "123456789012" }, "AccessDenied"],
    [{ "x-amz-copy-source-server-side-encryption-customer-algorithm": "AES256" }, "InvalidRequest"],
    [{ "x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "a=b=c" }, "InvalidArgument"],
    [{ "x-amz-write-offset-bytes": "0" }, "NotImplemented"],
  ] as [Record<string, string>, string][]) {
    expect([headers, (await copy(headers)).tag("Code")]).toEqual([headers, code]);
  }
  expect((await send("PUT", "/bucket/target", COPY, { "x-amz-copy-source": "" })).tag("Code")).toBe(
    "InvalidArgument",
  );
  expect((await h.call("GET", "/bucket/target")).text).toBe("precious");
  expect((await copy({ "x-amz-metadata-directive": "REPLACE", "x-amz-meta-of": "copy" })).status).toBe(200);
  expect((await h.call("GET", "/bucket/target")).headers.get("x-amz-meta-of")).toBe("copy");
});

test("a presigned UploadPartCopy copies its range", async () => {
  const { h, send } = await prepared();
  const uploadId = (await h.call("POST", "/bucket/target?uploads")).tag("UploadId") as string;
  const query = { partNumber: "1", uploadId, "x-id": "UploadPartCopy" };
  const part = await send("PUT", "/bucket/target", query, {
    ...SOURCE,
    "x-amz-copy-source-range": "bytes=1-3",
  });
  expect([part.status, part.text.includes("<CopyPartResult")]).toEqual([200, true]);
  expect((await h.call("GET", `/bucket/target?uploadId=${uploadId}`)).tag("Size")).toBe("3");
});

test("attributes and checksums that a presigned read asks for are given", async () => {
  const { h, send } = await prepared();
  await h.call("PUT", "/bucket/sum", { body: "", headers: { "x-amz-checksum-crc32": "AAAAAA==" } });
  const attributes = await send(
    "GET",
    "/bucket/sum",
    { attributes: "" },
    { "x-amz-object-attributes": "ObjectSize" },
  );
  expect(attributes.tag("ObjectSize")).toBe("0");
  const get = await send("GET", "/bucket/sum", {}, { "x-amz-checksum-mode": "ENABLED" });
  expect([get.status, get.headers.get("x-amz-checksum-crc32")]).toEqual([200, "AAAAAA=="]);
});

test("a parameter that nobody understands is refused on a presigned write, and nothing is stored", async () => {
  const { h, send } = await prepared();
  for (const name of ["x-amz-copy-sources", "x-amz-of-tomorrow", "x-amz-copy-source-"]) {
    const answer = await send("PUT", "/bucket/target", {}, { [name]: "bucket/a" }, "x");
    expect([name, answer.status, answer.tag("Code")]).toEqual([name, 501, "NotImplemented"]);
  }
  expect((await h.call("GET", "/bucket/target")).text).toBe("precious");
});

test("elsewhere than in a presigned URL an x-amz parameter is refused on writes", async () => {
  const { h } = await prepared();
  for (const query of ["x-amz-copy-source=bucket%2Fa", "x-amz-meta-a=b", "X-Amz-Date=20261121T080000Z"]) {
    const answer = await h.call("PUT", `/bucket/target?${query}`, { body: "x" });
    expect([query, answer.status, answer.tag("Code")]).toEqual([query, 501, "NotImplemented"]);
  }
  expect((await h.call("DELETE", "/bucket/target?x-amz-if-match-size=5")).status).toBe(501);
  expect((await h.call("GET", "/bucket/target?x-amz-checksum-mode=ENABLED")).text).toBe("precious");
});

test("a signature for another region is answered with the right one, on HEAD too", async () => {
  const h = harness({ deps: { authenticator: authenticatorAt(NOW, "eu-south-1") } });
  const head: ToSign = { method: "HEAD", path: "/bucket" };
  const presigned = await presign(head, NOW, 60);
  const inHeader = await signHeaders(head, NOW);
  const headers = Object.fromEntries(
    inHeader.headers.flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1] as string]] : [])),
  );
  for (const [target, sent] of [
    [presigned.target, { Host: "127.0.0.1:9000" }],
    [inHeader.target, headers],
  ] as [string, Record<string, string>][]) {
    const answer = await h.call("HEAD", target, { headers: sent });
    expect([answer.status, answer.text, answer.headers.get("x-amz-bucket-region")]).toEqual([
      400,
      "",
      "eu-south-1",
    ]);
  }
  const get = await h.call("GET", presigned.target, { headers: { Host: "127.0.0.1:9000" } });
  expect([get.tag("Code"), get.tag("Region"), get.headers.get("x-amz-bucket-region")]).toEqual([
    "AuthorizationQueryParametersError",
    "eu-south-1",
    "eu-south-1",
  ]);
});
