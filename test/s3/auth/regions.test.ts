/**
 * Requests that are signed for a region of the client's own. Bun.S3Client signs for `auto` when it has an endpoint and no
 * region (bun.sh, "S3": the region is inferred from the endpoint), as do configurations written for Cloudflare R2
 * (developers.cloudflare.com/r2/api/s3/api: "auto") and Garage ("garage").
 */
import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { startEdge } from "../../../src/http/edge.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { createS3Application } from "../../../src/s3/app.ts";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import { harness, OWNER_ID } from "../support/harness.ts";
import { ACCESS_KEY, clockAt, EXAMPLE_MS, refusalOf, SECRET_KEY, s3Request } from "./fixture.ts";
import { presign, signHeaders, type ToSign } from "./sign.ts";

function authenticator(region: string | undefined): Authenticator {
  const credentials = {
    find: (accessKey: string) =>
      accessKey === ACCESS_KEY ? { userId: OWNER_ID, accessKey, secretKey: SECRET_KEY } : undefined,
  };
  return new Authenticator({ credentials, clock: clockAt(EXAMPLE_MS), region });
}

const GET: ToSign = { method: "GET", path: "/bucket/key" };

async function parts(how: "header" | "presigned", region: string): Promise<Parameters<typeof s3Request>[0]> {
  const signed =
    how === "header"
      ? await signHeaders(GET, EXAMPLE_MS, region)
      : await presign(GET, EXAMPLE_MS, 600, region);
  return { method: "GET", target: signed.target, headers: signed.headers };
}

test.each(["auto", "garage", "us-east-1", "eu-central-1", "RegionOne", "fr_par.1"])(
  "without a region of its own the server takes a signature for %s",
  async (region) => {
    for (const how of ["header", "presigned"] as const) {
      const result = authenticator(undefined).authenticate(s3Request(await parts(how, region)));
      expect([result.method, result.region, result.principal.kind]).toEqual([how, region, "user"]);
    }
  },
);

test.each(["auto", "eu-central-1"])("with one it refuses %s, and names its own", async (region) => {
  for (const how of ["header", "presigned"] as const) {
    const request = s3Request(await parts(how, region));
    const refused = refusalOf(() => authenticator("us-east-1").authenticate(request));
    expect(refused.extra).toEqual([["Region", "us-east-1"]]);
    expect(refused.message).toContain(`'${region}' is wrong; expecting 'us-east-1'`);
  }
});

test.each(["", "a b", "x".repeat(64), "-a", "a%2Fb"])("%j is no region", async (region) => {
  const { target, headers } = await signHeaders(GET, EXAMPLE_MS, "auto");
  const changed = headers.map((text) => text.replace("/auto/", `/${region}/`));
  const request = s3Request({ method: "GET", target: target ?? "", headers: changed });
  const refused = refusalOf(() => authenticator(undefined).authenticate(request));
  expect(refused.code).toBe("AuthorizationHeaderMalformed");
  // No region is the right one: what is wrong is named, and the client is not told to sign for another.
  expect(refused.message).toContain(`the region '${region}' is malformed`);
  expect([refused.message.includes("us-east-1"), refused.extra]).toEqual([false, []]);
});

test("one key is not another region's: a signature does not move", async () => {
  const { target, headers } = await signHeaders(GET, EXAMPLE_MS, "auto");
  const judge = authenticator(undefined);
  judge.authenticate(s3Request({ method: "GET", target, headers }));
  const moved = headers.map((text) => text.replace("/auto/", "/garage/"));
  const request = s3Request({ method: "GET", target, headers: moved });
  expect(refusalOf(() => judge.authenticate(request)).code).toBe("SignatureDoesNotMatch");
});

const credentials = { userId: OWNER_ID, accessKey: "AKIATEST", secretKey: "secret-of-the-test" };

async function server(region: string | undefined) {
  const h = harness({ deps: { region } });
  const judge = new Authenticator({
    credentials: { find: (name) => (name === credentials.accessKey ? credentials : undefined) },
    clock: systemClock,
    region,
  });
  const application = createS3Application({ ...h.deps, clock: systemClock, authenticator: judge });
  const edge = await startEdge({ host: "127.0.0.1", port: 0, application });
  const { port } = edge;
  return { edge, endpoint: `http://127.0.0.1:${port}` };
}

test("Bun's own client, with an endpoint and no region", async () => {
  const { edge, endpoint } = await server(undefined);
  try {
    const made = await fetch(`${endpoint}/bucket`, signedBySdk("PUT", `${endpoint}/bucket`, "auto"));
    expect(made.status).toBe(200);
    const client = new Bun.S3Client({
      accessKeyId: credentials.accessKey,
      secretAccessKey: credentials.secretKey,
      endpoint,
      bucket: "bucket",
    });
    const large = Buffer.alloc(11 * 1024 * 1024, "elastickv ");
    expect(await client.write("small", "hello")).toBe(5);
    expect(await client.file("small").text()).toBe("hello");
    expect(await client.file("small").slice(1, 3).text()).toBe("el");
    const writer = client.file("large").writer({ partSize: 5 * 1024 * 1024 });
    writer.write(large);
    await writer.end();
    expect(Buffer.from(await client.file("large").arrayBuffer()).equals(large)).toBe(true);
    expect((await client.stat("large")).size).toBe(large.byteLength);
    const listed = await client.list();
    expect(listed.contents?.map((object) => object.key)).toEqual(["large", "small"]);
    const url = client.presign("small", { expiresIn: 60 });
    expect(new URL(url).searchParams.get("X-Amz-Credential")).toContain("/auto/s3/");
    expect(await (await fetch(url)).text()).toBe("hello");
    expect((await fetch(client.presign("put", { method: "PUT" }), { method: "PUT", body: "p" })).status).toBe(
      200,
    );
    await client.delete("small");
    expect(await client.exists("small")).toBe(false);
  } finally {
    await edge.close(0);
  }
});

test("a region that is set is enforced for it too", async () => {
  const { edge, endpoint } = await server("us-east-1");
  try {
    const client = new Bun.S3Client({
      accessKeyId: credentials.accessKey,
      secretAccessKey: credentials.secretKey,
      endpoint,
      bucket: "bucket",
    });
    await expect(client.write("small", "hello")).rejects.toThrow(/'auto' is wrong; expecting 'us-east-1'/);
  } finally {
    await edge.close(0);
  }
});

const sha256 = (data: string): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

function keyFor(day: string, region: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${credentials.secretKey}`, day), region), "s3"), "aws4_request");
}

/** SigV4 by hand, after "Signature Version 4 signing process" of the IAM user guide. */
function signedBySdk(
  method: string,
  url: string,
  region: string,
  more: Record<string, string> = {},
): { method: string; headers: Record<string, string>; signature: string; date: string } {
  const { host, pathname } = new URL(url);
  const date = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
  const headers: Record<string, string> = {
    host,
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-date": date,
    ...more,
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const canonical = `${method}\n${pathname}\n\n${lines}\n${names.join(";")}\n${headers["x-amz-content-sha256"]}`;
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
  const signature = hmac(keyFor(date.slice(0, 8), region), toSign).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKey}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { method, headers: { ...headers, authorization }, signature, date };
}

test("signed chunks and a signed trailer of another region", async () => {
  const { edge, endpoint } = await server(undefined);
  try {
    await fetch(`${endpoint}/bucket`, signedBySdk("PUT", `${endpoint}/bucket`, "auto"));
    const text = "hello, chunks";
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(Bun.hash.crc32(text));
    const trailer = `x-amz-checksum-crc32:${crc.toString("base64")}`;
    const request = signedBySdk("PUT", `${endpoint}/bucket/chunked`, "garage", {
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
      "x-amz-decoded-content-length": String(text.length),
      "x-amz-trailer": "x-amz-checksum-crc32",
    });
    const { date } = request;
    const scope = `${date.slice(0, 8)}/garage/s3/aws4_request`;
    const key = keyFor(date.slice(0, 8), "garage");
    const link = (kind: string, before: string, hashes: string): string =>
      hmac(key, `AWS4-HMAC-SHA256-${kind}\n${date}\n${scope}\n${before}\n${hashes}`).toString("hex");
    const first = link("PAYLOAD", request.signature, `${sha256("")}\n${sha256(text)}`);
    const last = link("PAYLOAD", first, `${sha256("")}\n${sha256("")}`);
    const end = link("TRAILER", last, sha256(`${trailer}\n`));
    const body =
      `${text.length.toString(16)};chunk-signature=${first}\r\n${text}\r\n0;chunk-signature=${last}\r\n` +
      `${trailer}\r\nx-amz-trailer-signature:${end}\r\n\r\n`;
    const put = await fetch(`${endpoint}/bucket/chunked`, { ...request, body });
    expect([put.status, await put.text()]).toEqual([200, ""]);
    const got = await fetch(
      `${endpoint}/bucket/chunked`,
      signedBySdk("GET", `${endpoint}/bucket/chunked`, "us-east-1"),
    );
    expect(await got.text()).toBe(text);
  } finally {
    await edge.close(0);
  }
});
