/**
 * PutBucketRequestPayment, GetBucketRequestPayment, and `x-amz-request-payer`. Pages: API reference of both; S3 User
 * Guide, "Using Requester Pays general purpose buckets for storage transfers and usage".
 */
import { describe, expect, test } from "bun:test";
import { type Harness, harness } from "../support/harness.ts";

const PAYMENT = "/bucket?requestPayment";
const document = (payer: string): string =>
  `<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Payer>${payer}</Payer></RequestPaymentConfiguration>`;

async function prepared(payer?: string): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "content" });
  if (payer !== undefined) {
    const answer = await h.call("PUT", PAYMENT, { body: document(payer) });
    expect([answer.status, answer.text]).toEqual([200, ""]);
  }
  return h;
}

describe("PutBucketRequestPayment, GetBucketRequestPayment", () => {
  test("the owner pays until requesters do, and again (GetBucketRequestPayment)", async () => {
    const h = await prepared();
    const payer = async () => (await h.call("GET", PAYMENT)).tag("Payer");
    expect(await payer()).toBe("BucketOwner");
    for (const name of ["Requester", "BucketOwner", "Requester"]) {
      expect((await h.call("PUT", PAYMENT, { body: document(name) })).status).toBe(200);
      expect(await payer()).toBe(name);
    }
    expect((await h.call("GET", PAYMENT)).text).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n${document("Requester")}`,
    );
  });

  test.each([
    ["", "MissingRequestBodyError"],
    ["<RequestPaymentConfiguration/>", "MalformedXML"],
    [document("Nobody"), "MalformedXML"],
    [document("requester"), "MalformedXML"],
    [document("Requester</Payer><Payer>BucketOwner"), "MalformedXML"],
    [
      "<RequestPaymentConfiguration><Payer>Requester</Payer><More/></RequestPaymentConfiguration>",
      "MalformedXML",
    ],
    ["<Payment/>", "MalformedXML"],
  ])("%j is %s (PutBucketRequestPayment)", async (body, code) => {
    const h = await prepared("Requester");
    expect((await h.call("PUT", PAYMENT, { body })).tag("Code")).toBe(code);
    expect((await h.call("GET", PAYMENT)).tag("Payer")).toBe("Requester");
  });
});

describe("x-amz-request-payer (Using Requester Pays)", () => {
  const headers = { "x-amz-request-payer": "requester" };
  const charged = async (
    h: Harness,
    method: string,
    target: string,
    more = {},
  ): Promise<string | undefined> =>
    (
      await h.call(method, target, { headers: { ...headers, ...more }, body: method === "PUT" ? "x" : "" })
    ).headers.get("x-amz-request-charged");

  test.each([
    ["GET", "/bucket/key"],
    ["HEAD", "/bucket/key"],
    ["GET", "/bucket?list-type=2"],
    ["PUT", "/bucket/new"],
    ["POST", "/bucket/new?uploads"],
    ["DELETE", "/bucket/key"],
    ["GET", "/bucket/key?tagging"],
  ])("%s %s: charged where the requester pays, and only there", async (method, target) => {
    expect(await charged(await prepared("Requester"), method, target)).toBe("requester");
    expect(await charged(await prepared("BucketOwner"), method, target)).toBeUndefined();
    expect(await charged(await prepared(), method, target)).toBeUndefined();
  });

  test("an error is not charged; a request without the header neither", async () => {
    const h = await prepared("Requester");
    expect(await charged(h, "GET", "/bucket/none")).toBeUndefined();
    expect(await charged(h, "GET", "/bucket/key", { "If-Match": '"x"' })).toBeUndefined();
    expect((await h.call("GET", "/bucket/key")).headers.has("x-amz-request-charged")).toBe(false);
    expect((await h.call("GET", "/bucket/key", { headers: { "x-amz-request-payer": "me" } })).status).toBe(
      400,
    );
  });

  test("a delete of the bucket that succeeded is answered so", async () => {
    const h = await prepared("Requester");
    await h.call("DELETE", "/bucket/key");
    const answer = await h.call("DELETE", "/bucket", { headers });
    expect([answer.status, answer.headers.has("x-amz-request-charged")]).toEqual([204, false]);
    expect(h.errors).toEqual([]);
  });
});
